"""opencode's sessions: in `opencode.db`, in either of its layouts, and in a tree of JSON before.

A database of gigabytes is asked only for the sessions that changed, and only for the few values
that are of use here: neither outputs nor file contents leave SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from daydreamd.agents.work.outcomes import outcome_in
from daydreamd.agents.work.trace import Trace, count_of, seconds_of, text_of
from daydreamd.host.databases import Connection

AGENT: Final = "opencode"
_EDITS: Final = ("write", "edit", "multiedit", "patch", "apply_patch")
_MOST_SESSIONS: Final = 500
_MOST_PARTS: Final = 20_000
_OUTPUT_CHARS: Final = 4_000

_V1: Final = """
    SELECT json_extract(m.data, '$.role') AS role, p.time_created AS at, p.id AS key,
           p.message_id AS message, json_extract(p.data, '$.type') AS type,
           json_extract(p.data, '$.tool') AS tool,
           substr(json_extract(p.data, '$.text'), -8000) AS text,
           json_extract(p.data, '$.synthetic') AS synthetic,
           json_extract(p.data, '$.state.status') AS status,
           json_extract(p.data, '$.state.metadata.exit') AS exit,
           substr(json_extract(p.data, '$.state.input.command'), 1, 4000) AS command,
           json_extract(p.data, '$.state.input.filePath') AS path,
           substr(json_extract(p.data, '$.state.output'), -4000) AS output
      FROM part p JOIN message m ON m.id = p.message_id
     WHERE p.session_id = ? AND json_valid(p.data) AND json_valid(m.data)
     ORDER BY p.message_id, p.id LIMIT ?
"""
_TOKENS: Final = """
    SELECT id AS message, json_extract(data, '$.tokens.input') AS input,
           json_extract(data, '$.tokens.output') AS output,
           json_extract(data, '$.tokens.cache.read') AS cached,
           json_extract(data, '$.tokens.cache.write') AS written
      FROM message WHERE session_id = ? AND json_valid(data) LIMIT ?
"""


def changed(connection: Connection, since: float) -> list[Trace]:
    """The sessions that changed after `since` (seconds since 1970), newest first."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    traces: list[Trace] = []
    for table in ("session", "session_v2"):
        if table in tables:
            rows = _sessions(connection, table, since)
            traces += [_trace(connection, row, tables) for row in rows]
    return traces


def _sessions(connection: Connection, table: str, since: float) -> list[Mapping[str, Any]]:
    columns = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
    moment = "time_updated" if "time_updated" in columns else "time_created"
    rows = connection.execute(
        f"SELECT * FROM {table} WHERE {moment} > ? ORDER BY {moment} DESC LIMIT ?",  # noqa: S608 - both names are ours
        (int(since * 1000), _MOST_SESSIONS),
    )
    return [dict(row) for row in rows]


def _trace(connection: Connection, row: Mapping[str, Any], tables: set[str]) -> Trace:
    data = _decoded(row.get("data"))
    trace = Trace(agent=AGENT, id=str(row.get("id")))
    trace.part_of = str(row.get("parent_id") or data.get("parentID") or "")
    trace.saw_place(row.get("directory") or data.get("directory") or _place(data))
    for key in ("time_created", "time_updated"):
        trace.saw_time(seconds_of(row.get(key)))
    if {"part", "message"} <= tables:
        for part in connection.execute(_V1, (trace.id, _MOST_PARTS)):
            _part(trace, dict(part))
        for one in connection.execute(_TOKENS, (trace.id, _MOST_PARTS)):
            trace.spent(str(one["message"]), sum(count_of(_int(one[k])) for k in one.keys()[1:]))
    if "session_message" in tables:
        for one in connection.execute(
            "SELECT id, type, time_created AS at, data FROM session_message WHERE session_id = ?"
            " AND length(data) < 4000000 ORDER BY id LIMIT ?",
            (trace.id, _MOST_PARTS),
        ):
            _message(
                trace, str(one["id"]), one["type"], seconds_of(one["at"]), _decoded(one["data"])
            )
    if "todo" in tables:
        listed = connection.execute("SELECT status FROM todo WHERE session_id = ?", (trace.id,))
        states = [str(one["status"]) for one in listed]
        trace.todos = states or None
    return trace


def _place(data: Mapping[str, Any]) -> object:
    location = data.get("location")
    return location.get("directory") if isinstance(location, dict) else None


def _part(trace: Trace, part: Mapping[str, Any]) -> None:
    at, key = seconds_of(part.get("at")), str(part.get("key"))
    trace.saw_time(at)
    text = part.get("text")
    if part.get("type") == "text" and isinstance(text, str):
        if part.get("role") == "user" and not part.get("synthetic"):
            trace.prompted(text, 0, at)
        elif part.get("role") == "assistant":
            trace.said(text, 0, at, key=str(part.get("message")))
    elif part.get("type") == "tool":
        _tool(trace, part, key, at)


def _tool(trace: Trace, part: Mapping[str, Any], key: str, at: float) -> None:
    tool, done = part.get("tool"), part.get("status") == "completed"
    command = part.get("command")
    if tool in ("bash", "shell") and isinstance(command, str):
        trace.began(command, 0, at, key)
        output = part.get("output")
        code = _int(part.get("exit"))
        trace.ended(key, output if isinstance(output, str) else "", code, running=not done)
    elif tool in _EDITS and done:
        trace.edited(part.get("path"), 0, at, key)
    elif tool == "task":
        trace.helped(0, at, key)


def _message(trace: Trace, name: str, kind: object, at: float, data: Mapping[str, Any]) -> None:
    """A message of the newer layout: its parts lie in it."""
    trace.saw_time(at)
    if kind == "user" and (text := text_of(data.get("text") or data.get("content"))):
        trace.prompted(text, 0, at)
    elif kind == "shell" and isinstance(data.get("command"), str):
        trace.began(data["command"], 0, at, name)
    elif kind == "assistant":
        for place, one in enumerate(_blocks(data.get("content"))):
            _block(trace, one, f"{name}.{place}", at, name)
        usage = data.get("tokens")
        if isinstance(usage, dict):
            cache = usage.get("cache")
            counts = [usage.get("input"), usage.get("output")]
            counts += [cache.get("read"), cache.get("write")] if isinstance(cache, dict) else []
            trace.spent(name, sum(map(count_of, counts)))


def _block(trace: Trace, block: Mapping[str, Any], key: str, at: float, message: str) -> None:
    if block.get("type") == "text" and isinstance(block.get("text"), str):
        trace.said(block["text"], 0, at, key=message)
    elif block.get("type") == "tool":
        _tool(trace, _flat(block), key, at)


def _flat(block: Mapping[str, Any]) -> dict[str, Any]:
    """A part or block of JSON as the row that the query gives."""
    state = block.get("state")
    state = state if isinstance(state, dict) else {}
    given = state.get("input")
    given = given if isinstance(given, dict) else {}
    facts = state.get("metadata") or state.get("structured")
    facts = facts if isinstance(facts, dict) else {}
    output = text_of(state.get("output") or state.get("content") or "")
    return {
        "tool": block.get("tool") or block.get("name"),
        "status": state.get("status"),
        "command": given.get("command"),
        "path": given.get("filePath") or given.get("path"),
        "exit": facts.get("exit", facts.get("exitCode")),
        "output": output[-_OUTPUT_CHARS:] if outcome_in(output) else "",
    }


def read_tree(
    session: Mapping[str, Any], messages: Iterator[tuple[Mapping[str, Any], list[dict[str, Any]]]]
) -> Trace:
    """A session of the JSON tree: its own file, and each message with its parts, in order."""
    trace = Trace(agent=AGENT, id=str(session.get("id")))
    trace.part_of = str(session.get("parentID") or "")
    trace.saw_place(session.get("directory"))
    times = session.get("time")
    for moment in times.values() if isinstance(times, dict) else ():
        trace.saw_time(seconds_of(moment))
    for message, parts in messages:
        created = message.get("time")
        at = seconds_of(created.get("created") if isinstance(created, dict) else None)
        usage = message.get("tokens")
        if isinstance(usage, dict):
            trace.spent(
                str(message.get("id")), count_of(usage.get("input")) + count_of(usage.get("output"))
            )
        for part in parts:
            row = {"role": message.get("role"), "at": at, "message": message.get("id"),
                   "key": part.get("id"), "type": part.get("type"), "text": part.get("text"),
                   "synthetic": part.get("synthetic"), **_flat(part)}  # fmt: skip
            _part(trace, row)
    return trace


def _blocks(content: Any) -> list[dict[str, Any]]:
    listed = content[:500] if isinstance(content, list) else []
    return [one for one in listed if isinstance(one, dict)]


def _decoded(text: Any) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text) if isinstance(text, str | bytes) else None
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
