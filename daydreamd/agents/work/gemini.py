"""Gemini's transcripts: `~/.gemini/tmp/<slug>/chats/session-*.json`, and `.jsonl` since.

The newer ones are a log of changes: a message is written again under its id as it grows, `$set`
replaces what it names, `$rewindTo` takes a message and all after it back. So a file is read whole,
and told from the messages that stand in the end. The workspace is in `.project_root` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from daydreamd.agents.work.trace import Trace, count_of, seconds_of, text_of

AGENT: Final = "gemini"
_EDITS: Final = ("write_file", "replace", "edit", "write", "edit_file")
_RUNS: Final = ("run_shell_command", "shell")
_EXIT: Final = re.compile(r"^Exit Code: (-?\d+)", re.MULTILINE)
_STARTED: Final = re.compile(r"^Background PIDs: \d", re.MULTILINE)
_NO_PROMPT: Final = re.compile(r"\s*<(?:session_context|state_snapshot|hook_context)")
_MOST_MESSAGES: Final = 20_000

Message = dict[str, Any]
Numbered = tuple[int, bytes]


def read(trace: Trace, lines: Iterable[Numbered]) -> None:
    """Fill the trace from all lines of a `.jsonl`; those that are no JSON are skipped."""
    standing: dict[str, tuple[int, Message]] = {}
    for number, raw in lines:
        try:
            record = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            trace.skipped += 1
            continue
        if isinstance(record, dict):
            _change(trace, standing, record, number)
    _tell(trace, standing.values())


def read_document(trace: Trace, raw: bytes) -> None:
    """Fill the trace from a `.json`, one document. msgspec.DecodeError where it is none."""
    document = msgspec.json.decode(raw)
    if not isinstance(document, dict):
        trace.skipped += 1
        return
    _head(trace, document)
    _tell(trace, ((0, message) for message in _messages(document)))


def _messages(record: Message) -> list[Message]:
    found = record.get("messages")
    listed = found[:_MOST_MESSAGES] if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, dict)]


def _head(trace: Trace, record: Message) -> None:
    if isinstance(record.get("sessionId"), str):
        trace.id = record["sessionId"]
    for key in ("startTime", "lastUpdated"):
        trace.saw_time(seconds_of(record.get(key)))


def _change(
    trace: Trace, standing: dict[str, tuple[int, Message]], record: Message, number: int
) -> None:
    if isinstance(record.get("$rewindTo"), str):
        names = list(standing)
        at = names.index(record["$rewindTo"]) if record["$rewindTo"] in standing else 0
        for name in names[at:]:
            del standing[name]
    elif isinstance(record.get("$set"), dict):
        _head(trace, record["$set"])
        if "messages" in record["$set"]:
            standing.clear()
            for place, message in enumerate(_messages(record["$set"])):
                standing[str(message.get("id") or f"#{number}.{place}")] = (number, message)
    elif isinstance(record.get("id"), str) and "type" in record:
        if record["id"] in standing or len(standing) < _MOST_MESSAGES:
            standing[record["id"]] = (number, record)
    elif "sessionId" in record:
        _head(trace, record)
        for place, message in enumerate(_messages(record)):
            standing[str(message.get("id") or f"#{number}.{place}")] = (number, message)
    else:
        trace.skipped += 1


def _tell(trace: Trace, messages: Iterable[tuple[int, Message]]) -> None:
    for number, message in messages:
        at = seconds_of(message.get("timestamp"))
        trace.saw_time(at)
        text = text_of(message.get("content"))
        if message.get("type") == "user":
            if text and not _NO_PROMPT.match(text):
                trace.prompted(text, number, at)
        elif message.get("type") == "gemini":
            usage = message.get("tokens")
            if isinstance(usage, dict):
                trace.spent(str(message.get("id")), count_of(usage.get("total")))
            for call in _calls(message):
                _called(trace, call, number, at)
            if text:
                trace.said(text, number, at)


def _calls(message: Message) -> Iterator[Message]:
    calls = message.get("toolCalls")
    for call in calls[:500] if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield call


def _called(trace: Trace, call: Message, number: int, at: float) -> None:
    name, given = call.get("name"), call.get("args")
    done, key = call.get("status") == "success", str(call.get("id"))
    if not isinstance(name, str) or not isinstance(given, dict):
        return
    if name in _EDITS and done:
        trace.edited(given.get("file_path") or given.get("path"), number, at, key)
    elif name in _RUNS and isinstance(given.get("command"), str):
        trace.began(given["command"], number, at, key)
        output = _output(call.get("result"))
        told, started = _EXIT.search(output), _STARTED.search(output) is not None
        # Newer versions print the code only where it is not 0.
        code = int(told[1]) if told else 0 if done and output and not started else None
        trace.ended(key, output, None if started else code, running=started)
    elif name == "write_todos" and isinstance(given.get("todos"), list):
        states = (one.get("status") for one in given["todos"][:500] if isinstance(one, dict))
        trace.todos = [state for state in states if isinstance(state, str)]
    elif name in ("codebase_investigator", "generalist", "invoke_agent", "subagent"):
        trace.helped(number, at, key)


def _output(result: Any) -> str:
    for part in result[:20] if isinstance(result, list) else ():
        response = part.get("functionResponse") if isinstance(part, dict) else None
        answer = response.get("response") if isinstance(response, dict) else None
        if isinstance(answer, dict):
            return text_of(answer.get("output") or answer.get("error") or "")
    return ""
