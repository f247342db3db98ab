"""Claims that were over the limit of a session, and where insights lie that have moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from daydreamd.history.stored_text import as_text, as_utf8
from daydreamd.history.writing import to_json
from daydreamd.host.databases import Connection
from daydreamd.records.insight import InsightItem

_KEPT: Final = timedelta(days=30)


def waiting_claims(connection: Connection, workspace_path: str) -> list[InsightItem]:
    """What waits for a session of a workspace, in its order."""
    rows = connection.execute(
        "SELECT item FROM waiting_claims WHERE workspace_path = ? AND at >= ? ORDER BY number",
        (as_utf8(workspace_path), as_text(datetime.now(UTC) - _KEPT)),
    )
    found = []
    for row in rows:
        try:
            found.append(msgspec.json.decode(row["item"], type=InsightItem))
        except msgspec.DecodeError:  # of another version: not worth a session
            continue
    return found


def keep_waiting(
    connection: Connection, items: Sequence[InsightItem], paths: Mapping[str, str]
) -> None:
    """Have these wait, in place of all that waited in the workspaces of `paths`."""
    connection.executemany(
        "DELETE FROM waiting_claims WHERE workspace_path = ?",
        [(as_utf8(path),) for path in paths.values()],
    )
    now = as_text(datetime.now(UTC))
    connection.executemany(
        "INSERT INTO waiting_claims (workspace_path, at, item) VALUES (?, ?, ?)",
        [(as_utf8(paths.get(item.workspace, "")), now, to_json(item)) for item in items],
    )


def move_insights(connection: Connection, moved: Sequence[InsightItem]) -> None:
    """Note where insights stand now."""
    connection.executemany(
        "UPDATE insights SET evidence = ?, function = ? WHERE id = ?",
        [(to_json(item.evidence), as_utf8(item.function), item.id) for item in moved],
    )
