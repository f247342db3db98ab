"""Finished counts of what agents hold on the disk: how it grows is seen from these."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from daydreamd.history.stored_text import as_text, from_text
from daydreamd.host.databases import Connection
from daydreamd.records.disk import KindUse, KnownUse

DISK_USE: Final = """
    CREATE TABLE disk_use (
        number  INTEGER PRIMARY KEY,
        at      TEXT NOT NULL,
        kind    TEXT NOT NULL,
        bytes   INTEGER NOT NULL,
        files   INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX disk_use_by_kind ON disk_use (kind, number)
    """
_MOST_KEPT: Final = 10_000
"""Three to six months of sessions every six hours; by number, which no clock can hurry."""


def keep(connection: Connection, kinds: Iterable[KindUse]) -> None:
    """Add finished counts, and forget the oldest."""
    now = as_text(datetime.now(UTC))
    connection.executemany(
        "INSERT INTO disk_use (at, kind, bytes, files) VALUES (?, ?, ?, ?)",
        [(now, one.kind, one.bytes, one.files) for one in kinds if one.finished],
    )
    connection.execute(
        "DELETE FROM disk_use WHERE number <= (SELECT max(number) FROM disk_use) - ?",
        (_MOST_KEPT,),
    )


def last(connection: Connection) -> dict[str, KnownUse]:
    """The newest count of each kind."""
    rows = connection.execute(
        "SELECT kind, at, bytes FROM disk_use"
        " WHERE number IN (SELECT max(number) FROM disk_use GROUP BY kind)"
    )
    return {row["kind"]: KnownUse(from_text(row["at"]).timestamp(), row["bytes"]) for row in rows}
