"""The questions asked of the history, in readable SQL. Nothing here writes."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar

import msgspec

from daydreamd.errors import HistoryError
from daydreamd.history.stored_text import as_utf8, from_text
from daydreamd.host.databases import Connection, Row
from daydreamd.records.daydream_session import DaydreamSession
from daydreamd.records.insight import KnownInsight
from daydreamd.records.kill import KillRecord
from daydreamd.records.reflected import ReflectionRecord
from daydreamd.records.session_end import SessionSummary

_R = TypeVar("_R")
_JSON_COLUMNS: Final = ("evidence", "reasons", "phase_seconds", "survived")


def unfinished(connection: Connection) -> list[tuple[str, datetime]]:
    """Sessions without an end, oldest first."""
    rows = connection.execute(
        "SELECT session_id, start_time FROM sessions WHERE outcome IS NULL ORDER BY start_time"
    )
    return [(row["session_id"], from_text(row["start_time"])) for row in rows]


def sessions(connection: Connection, limit: int) -> list[SessionSummary]:
    """At most `limit` sessions, newest first."""
    rows = connection.execute(
        """
        SELECT session_id, trigger, start_time, end_time, outcome, reasons,
               (SELECT json_group_object(phase, seconds) FROM phases
                 WHERE phases.session_id = sessions.session_id) AS phase_seconds
          FROM sessions ORDER BY start_time DESC, session_id DESC LIMIT ?
        """,
        (limit,),
    )
    return [_record(row, SessionSummary) for row in rows]


def session(connection: Connection, prefix: str) -> DaydreamSession:
    """The session whose id begins with `prefix`, whole."""
    session_id = one_id(connection, "sessions", "session_id", prefix)
    row = connection.execute(
        "SELECT record FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    try:
        return msgspec.json.decode(row["record"], type=DaydreamSession)
    except msgspec.ValidationError as error:
        raise HistoryError(f"cannot read session {session_id}: {error}") from error


def known_insights(connection: Connection, workspace_path: str) -> list[KnownInsight]:
    """All that was ever said of a workspace, oldest first."""
    rows = connection.execute(
        "SELECT * FROM insights WHERE workspace_path = ? ORDER BY first_seen, id",
        (as_utf8(workspace_path),),
    )
    return [_record(row, KnownInsight) for row in rows]


def insights(
    connection: Connection, *, status: str | None, search: str, limit: int
) -> list[KnownInsight]:
    """Insights, newest first; `status="standing"` takes what is new or open."""
    rows = connection.execute(
        """
        SELECT * FROM insights
         WHERE (:status IS NULL OR status = :status
                OR (:status = 'standing' AND status IN ('new', 'open')))
           AND instr(lower(title || ' ' || body || ' ' || evidence), lower(:search))
         ORDER BY last_seen DESC, first_seen DESC, id LIMIT :limit
        """,
        {"status": status, "search": search, "limit": limit},
    )
    return [_record(row, KnownInsight) for row in rows]


def insight(connection: Connection, prefix: str) -> KnownInsight:
    """The insight whose id begins with `prefix`."""
    name = one_id(connection, "insights", "id", prefix)
    row = connection.execute("SELECT * FROM insights WHERE id = ?", (name,)).fetchone()
    return _record(row, KnownInsight)


def insight_ids(connection: Connection) -> set[str]:
    """The ids of all insights ever recorded."""
    return {row["id"] for row in connection.execute("SELECT id FROM insights")}


def kills(connection: Connection, limit: int) -> list[KillRecord]:
    """At most `limit` processes that were ended, newest first."""
    rows = connection.execute("SELECT * FROM kills ORDER BY at DESC, number DESC LIMIT ?", (limit,))
    return [_record(row, KillRecord) for row in rows]


def last_reflection(connection: Connection, workspace_path: str) -> ReflectionRecord | None:
    """When a workspace was last reflected on."""
    row = connection.execute(
        "SELECT fingerprint, session_id, at FROM reflections WHERE workspace_path = ?",
        (as_utf8(workspace_path),),
    ).fetchone()
    return None if row is None else _record(row, ReflectionRecord)


def state(connection: Connection, key: str, kind: type[_R]) -> _R | None:
    """A single remembered value; None where there is none that this version can read."""
    row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else msgspec.json.decode(row["value"], type=kind)
    except msgspec.DecodeError:
        return None


def one_id(connection: Connection, table: str, column: str, prefix: str) -> str:
    """The one id that is `prefix` or begins with it; HistoryError says what to do otherwise."""
    what = table.removesuffix("s")
    rows = connection.execute(
        # substr, because LIKE would obey % and _
        f"SELECT {column} FROM {table} "  # noqa: S608 - table and column are ours
        f"WHERE substr({column}, 1, length(?1)) = ?1 ORDER BY {column} LIMIT 4",
        (prefix,),
    )
    found = [str(row[column]) for row in rows]
    if prefix and (len(found) == 1 or prefix in found):
        return prefix if prefix in found else found[0]
    if prefix and found:
        some = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
        raise HistoryError(f"cannot tell which {what} {prefix} is: {some}; write more of it")
    hint = f"`daydreamd {table} list` shows those there are"
    raise HistoryError(f"cannot find {what} {prefix!r}: {hint}")


def _record(row: Row, kind: type[_R]) -> _R:
    """A row as its record. A column that is text and holds JSON is read first."""
    values = {
        key: msgspec.json.decode(row[key]) if key in _JSON_COLUMNS else row[key]
        for key in row.keys()  # noqa: SIM118  # a Row iterates over its values
    }
    return msgspec.convert(values, kind, strict=False)
