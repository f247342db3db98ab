"""What is written, in readable SQL. Every function runs inside one transaction of its caller."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import msgspec

from daydreamd.errors import HistoryError
from daydreamd.history import queries
from daydreamd.history.stored_text import as_text, as_utf8
from daydreamd.host.databases import Connection
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase
from daydreamd.records.insight import InsightItem, KnownInsight
from daydreamd.records.kill import KillRecord
from daydreamd.text import redact

STATUSES: Final = ("new", "open", "addressed", "accepted", "dismissed")
_SHORTEST_ID: Final = 3


def open_session(connection: Connection, session: DaydreamSession) -> None:
    """Insert the row of a session that begins."""
    connection.execute(
        """
        INSERT INTO sessions (session_id, trigger, start_time, phase, record)
        VALUES (?, ?, ?, ?, ?)
        """,
        (
            session.session_id,
            session.trigger,
            as_text(session.start_time),
            session.phase,
            to_json(session),
        ),
    )


def note_phase(connection: Connection, session: DaydreamSession) -> None:
    """Update phase and record of an open session; HistoryError where it is not open."""
    done = connection.execute(
        "UPDATE sessions SET phase = ?, record = ? WHERE session_id = ? AND outcome IS NULL",
        (session.phase, to_json(session), session.session_id),
    )
    if done.rowcount != 1:
        raise _not_open(connection, session.session_id)
    _keep_seconds(connection, session.session_id, session.phase_seconds)


def close_session(connection: Connection, session: DaydreamSession) -> None:
    """The end of an open session."""
    session.end_time = session.end_time or datetime.now(UTC)
    if session.outcome is None:
        raise HistoryError(f"cannot close session {session.session_id}: it has no outcome")
    done = connection.execute(
        """
        UPDATE sessions SET end_time = ?, phase = ?, outcome = ?, reasons = ?, record = ?
         WHERE session_id = ? AND outcome IS NULL
        """,
        (
            as_text(session.end_time),
            session.phase,
            session.outcome,
            to_json(session.reasons),
            to_json(session),
            session.session_id,
        ),
    )
    if done.rowcount != 1:
        raise _not_open(connection, session.session_id)
    _keep_seconds(connection, session.session_id, session.phase_seconds)


def close_dead(connection: Connection, session_id: str, reason: str, outcome: Outcome) -> bool:
    """The end of a session that cannot write it any more: what it had noted, and the reason.

    Its record may be of another version, so that SQLite adds to it what is known.
    """
    done = connection.execute(
        """
        UPDATE sessions SET end_time = :end, outcome = :outcome,
            reasons = json_insert(json_extract(record, '$.reasons'), '$[#]', :reason),
            record = json_set(record, '$.end_time', :end, '$.outcome', :outcome,
                                      '$.reasons[#]', :reason)
         WHERE session_id = :session_id AND outcome IS NULL
        """,
        {
            "session_id": session_id,
            "end": as_text(datetime.now(UTC)),
            "outcome": outcome,
            "reason": redact(as_utf8(reason)),
        },
    )
    return done.rowcount == 1


def _keep_seconds(
    connection: Connection, session_id: str, phase_seconds: Mapping[Phase, float]
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO phases VALUES (?, ?, ?)",
        [(session_id, phase, seconds) for phase, seconds in phase_seconds.items()],
    )


def _not_open(connection: Connection, session_id: str) -> HistoryError:
    row = connection.execute(
        "SELECT outcome FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    reason = "it is not in the history" if row is None else f"it ended before, {row['outcome']}"
    return HistoryError(f"cannot record session {session_id}: {reason}")


def record_insights(
    connection: Connection,
    session_id: str,
    items: Sequence[InsightItem],
    paths: Mapping[str, str],
) -> list[InsightItem]:
    """Insert new insights; an id that is in use is replaced by a free one."""
    taken = queries.insight_ids(connection)
    now = as_text(datetime.now(UTC))
    stored = []
    for item in items:
        kept = msgspec.structs.replace(item, id=_free_id(item, taken))
        taken.add(kept.id)
        stored.append(kept)
        connection.execute(
            """
            INSERT INTO insights (id, workspace, workspace_path, title, body, category, evidence,
                grounded, status, first_seen, last_seen, first_session, last_session, function,
                mark, survived)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                kept.id, kept.workspace, as_utf8(paths.get(kept.workspace, "")), kept.title,
                kept.body, kept.category, to_json(kept.evidence), kept.grounded, kept.status,
                now, now, session_id, session_id, as_utf8(kept.function), kept.mark,
                to_json(kept.survived),
            ),
        )  # fmt: skip
    return stored


def _free_id(item: InsightItem, taken: set[str]) -> str:
    if item.id and item.id not in taken:
        return item.id
    digest = hashlib.sha256(f"{item.workspace}\0{item.title}\0{item.id}".encode()).hexdigest()
    return next(digest[:length] for length in count(_SHORTEST_ID) if digest[:length] not in taken)


def mark_seen(connection: Connection, session_id: str, ids: Sequence[str]) -> None:
    """Insights that a session said again: a new one is open from now on."""
    connection.executemany(
        """
        UPDATE insights SET last_seen = ?, last_session = ?, times_seen = times_seen + 1,
               status = CASE WHEN status IN ('new', 'addressed') THEN 'open' ELSE status END
         WHERE id = ?
        """,
        [(as_text(datetime.now(UTC)), session_id, name) for name in ids],
    )


def mark_addressed(connection: Connection, session_id: str, commits: Mapping[str, str]) -> None:
    """Insights whose lines have changed since."""
    connection.executemany(
        """
        UPDATE insights SET status = 'addressed', addressed_by = ?, last_session = ?
         WHERE id = ? AND status IN ('new', 'open')
        """,
        [(commit, session_id, name) for name, commit in commits.items()],
    )


def set_insight_status(connection: Connection, prefix: str, status: str) -> KnownInsight:
    """What a person says of an insight."""
    if status not in STATUSES:
        raise HistoryError(f"cannot mark an insight {status!r}: write one of {', '.join(STATUSES)}")
    name = queries.one_id(connection, "insights", "id", prefix)
    connection.execute("UPDATE insights SET status = ? WHERE id = ?", (status, name))
    return queries.insight(connection, name)


def record_kill(connection: Connection, kill: KillRecord) -> None:
    """Insert a process that was ended; secrets are taken out of its command."""
    connection.execute(
        """
        INSERT INTO kills (session_id, at, pid, start_ticks, boot_id, machine_id, rule, command,
            age_seconds, idle_seconds, rss_bytes, reasons, undo, outcome)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            kill.session_id, as_text(kill.at), kill.pid, kill.start_ticks, kill.boot_id,
            kill.machine_id, kill.rule, redact(as_utf8(kill.command)), kill.age_seconds,
            kill.idle_seconds, kill.rss_bytes, to_json(kill.reasons), redact(as_utf8(kill.undo)),
            kill.outcome,
        ),
    )  # fmt: skip


def note_reflection(
    connection: Connection, workspace_path: str, fingerprint: str, session_id: str
) -> None:
    """Store the fingerprint of a workspace that was just reflected on."""
    connection.execute(
        "INSERT OR REPLACE INTO reflections VALUES (?, ?, ?, ?)",
        (as_utf8(workspace_path), fingerprint, session_id, as_text(datetime.now(UTC))),
    )


def set_state(connection: Connection, key: str, value: object) -> None:
    """Store `value` under `key`, in place of the former one."""
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, to_json(value)))


def to_json(value: Any) -> str:
    """`value` as it is kept: without secrets, whatever they came in with."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # a file name that is not UTF-8 must not cost the session its record
        text = as_utf8(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))
    if redact(text) == text:
        return text
    # string by string: a secret may end where the JSON goes on
    return json.dumps(_without_secrets(json.loads(text)), ensure_ascii=False)


def _without_secrets(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case list():
            return [_without_secrets(item) for item in value]
        case dict():
            return {key: _without_secrets(item) for key, item in value.items()}
        case _:
            return value
