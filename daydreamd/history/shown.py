"""Which parts of a workspace were shown to a model, and when; of the text only a digest is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from daydreamd.history.stored_text import as_text, as_utf8
from daydreamd.host.databases import Connection
from daydreamd.records.reflected import ShownExcerpt

_MOST: Final = 20_000
"""Of a workspace; the oldest are forgotten, and come round again."""


def note_shown(
    connection: Connection, workspace_path: str, excerpts: Iterable[tuple[str, str]]
) -> None:
    """Store paths and keys of what was shown just now."""
    workspace, now = as_utf8(workspace_path), as_text(datetime.now(UTC))
    connection.executemany(
        "INSERT OR REPLACE INTO shown VALUES (?, ?, ?, ?)",
        [(workspace, key, as_utf8(path), now) for path, key in excerpts if key],
    )
    connection.execute(
        """
        DELETE FROM shown WHERE workspace_path = ?1 AND key IN (
            SELECT key FROM shown WHERE workspace_path = ?1
             ORDER BY at DESC, key LIMIT -1 OFFSET ?2)
        """,
        (workspace, _MOST),
    )


def shown(connection: Connection, workspace_path: str) -> list[ShownExcerpt]:
    """What was shown of a workspace."""
    rows = connection.execute(
        "SELECT path, key, at FROM shown WHERE workspace_path = ?", (as_utf8(workspace_path),)
    )
    return [msgspec.convert(dict(row), ShownExcerpt, strict=False) for row in rows]
