"""Where insights came from and what was not kept: the ground on which rules and models are judged.

Every function runs inside one transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from daydreamd.history.stored_text import as_text, as_utf8
from daydreamd.host.databases import Connection
from daydreamd.records.insight import InsightItem
from daydreamd.records.insight_stats import MODEL, InsightStats, ProposalFate, SourceCounts
from daydreamd.text import redact

SOURCES_AND_FATES: Final = """
    ALTER TABLE insights ADD COLUMN source TEXT NOT NULL DEFAULT 'model'; -- or the rule
    ALTER TABLE insights ADD COLUMN model TEXT NOT NULL DEFAULT '';       -- which one, if so
    ALTER TABLE insights ADD COLUMN key TEXT NOT NULL DEFAULT '';         -- of a rule's finding
    ALTER TABLE insights ADD COLUMN changed_at TEXT;                      -- when its lines had

    CREATE TABLE not_kept (
        number      INTEGER PRIMARY KEY,
        session_id  TEXT NOT NULL,
        at          TEXT NOT NULL,
        source      TEXT NOT NULL,
        model       TEXT NOT NULL,
        reason      TEXT NOT NULL,
        title       TEXT NOT NULL,
        path        TEXT NOT NULL,
        line        INTEGER NOT NULL
    ) STRICT
"""
"""The tables that this module reads and writes, as a migration."""

_MOST_KEPT: Final = 20_000
_SOON_DAYS: Final = 14


def note_sources(connection: Connection, items: Iterable[InsightItem], model: str) -> None:
    """Where each new insight came from; `model` is the one that was asked."""
    connection.executemany(
        "UPDATE insights SET source = ?, model = ?, key = ? WHERE id = ?",
        [(one.source, model if one.source == MODEL else "", one.key, one.id) for one in items],
    )


def note_changed(connection: Connection, ids: Iterable[str]) -> None:
    """Insights whose lines were just seen to have changed."""
    now = as_text(datetime.now(UTC))
    connection.executemany(
        "UPDATE insights SET changed_at = coalesce(changed_at, ?) WHERE id = ?",
        [(now, name) for name in ids],
    )


def record_fates(
    connection: Connection, session_id: str, model: str, fates: Iterable[ProposalFate]
) -> None:
    """What was proposed and not kept, and why; the oldest of very many are forgotten."""
    now = as_text(datetime.now(UTC))
    connection.executemany(
        """
        INSERT INTO not_kept (session_id, at, source, model, reason, title, path, line)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (
                session_id, now, one.source, model if one.source == MODEL else "", one.reason,
                redact(as_utf8(one.title)), as_utf8(one.path), one.line,
            )
            for one in fates
        ],
    )  # fmt: skip
    connection.execute(
        "DELETE FROM not_kept WHERE number <= (SELECT max(number) FROM not_kept) - ?",
        (_MOST_KEPT,),
    )


def stats(connection: Connection) -> InsightStats:
    """The counts of the whole history."""
    refuted = {
        str(row["reason"]): int(row["n"])
        for row in connection.execute(
            "SELECT reason, count(*) AS n FROM not_kept GROUP BY reason ORDER BY n DESC, reason"
        )
    }
    by_model = _counts(connection, "model", f"source = '{MODEL}'")
    by_rule = _counts(connection, "source", f"source <> '{MODEL}'")
    all_of = [*by_model.values(), *by_rule.values()]
    return InsightStats(
        proposed=sum(one.proposed for one in all_of),
        refuted=refuted,
        kept=sum(one.kept for one in all_of),
        accepted=sum(one.accepted for one in all_of),
        dismissed=sum(one.dismissed for one in all_of),
        changed_within_14_days=sum(one.changed_within_14_days for one in all_of),
        by_model={name or "unknown": counts for name, counts in by_model.items()},
        by_rule=by_rule,
    )


def counts_by_rule(connection: Connection) -> Mapping[str, SourceCounts]:
    """What became of the findings of each rule."""
    return _counts(connection, "source", f"source <> '{MODEL}'")


def _counts(connection: Connection, column: str, which: str) -> dict[str, SourceCounts]:
    rows = connection.execute(
        f"""
        SELECT {column} AS name, count(*) AS kept,
               total(status = 'accepted') AS accepted, total(status = 'dismissed') AS dismissed,
               total(julianday(changed_at) - julianday(first_seen) <= {_SOON_DAYS}) AS changed
          FROM insights WHERE {which} GROUP BY {column} ORDER BY kept DESC, name
        """  # noqa: S608 - column and condition are ours
    )
    kept = {str(row["name"]): row for row in rows}
    fallen = {
        str(row["name"]): int(row["n"])
        for row in connection.execute(
            f"""
            SELECT {column} AS name, count(*) AS n FROM not_kept WHERE {which} GROUP BY {column}
            """  # noqa: S608 - column and condition are ours
        )
    }
    found: dict[str, SourceCounts] = {}
    for name in dict.fromkeys((*kept, *sorted(fallen))):
        row = kept.get(name)
        found[name] = SourceCounts(
            proposed=(int(row["kept"]) if row else 0) + fallen.get(name, 0),
            kept=int(row["kept"]) if row else 0,
            accepted=int(row["accepted"]) if row else 0,
            dismissed=int(row["dismissed"]) if row else 0,
            changed_within_14_days=int(row["changed"]) if row else 0,
        )
    return found
