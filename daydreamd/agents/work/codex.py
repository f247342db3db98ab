"""Codex's transcripts: `sessions/YYYY/MM/DD/rollout-*.jsonl`.

A fork begins with the lines of its parent, written anew: what stands there was not done again.
The exit code of a command stands in its output, in one of several forms, or in an event beside it.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

import msgspec

from daydreamd.agents.work.trace import Trace, count_of, seconds_of, text_of

AGENT: Final = "codex"
_RUNS: Final = ("shell", "shell_command", "exec_command", "local_shell", "container.exec",
                "unified_exec")  # fmt: skip
_PATCHED: Final = re.compile(
    r"^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.MULTILINE
)
_EXIT: Final = re.compile(r"(?:Process exited with code|Exit code:) (-?\d+)")
_SESSION: Final = re.compile(r"Process running with session ID (\d+)")
_NO_PROMPT: Final = re.compile(r"\s*(?:<[a-z_]+[ >]|# AGENTS\.md instructions)")
_FORK_SECONDS: Final = 1.0
_WORTH: Final = re.compile(
    rb"session_meta|turn_context|_call|\"message\"|token_count|item_completed|exec_command_end"
    rb"|patch_apply_end"
)


class _Payload(msgspec.Struct, frozen=True, gc=False):
    type: Any = ""
    id: Any = None
    cwd: Any = None
    timestamp: Any = None
    forked_from_id: Any = None
    parent_thread_id: Any = None
    source: Any = None
    role: Any = None
    content: Any = None
    name: Any = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    call_id: Any = None
    output: Any = None
    info: Any = None
    item: Any = None
    exit_code: Any = None
    aggregated_output: Any = None
    changes: Any = None
    success: Any = None
    command: Any = None


class _Line(msgspec.Struct, gc=False):
    type: Any = ""
    timestamp: Any = None
    payload: _Payload = _Payload()


_line = msgspec.json.Decoder(_Line)


def begin(path: str) -> Trace:
    """An empty trace of the transcript at `path`; its first record names the session."""
    return Trace(agent=AGENT, id=path.rsplit("/", 1)[-1].removesuffix(".jsonl"))


def fold(trace: Trace, raw: bytes, number: int) -> None:
    """Add one line of the transcript. msgspec.DecodeError where it is none."""
    if not _WORTH.search(raw, 0, 600):
        return
    line = _line.decode(raw)
    at, payload = seconds_of(line.timestamp), line.payload
    if line.type == "session_meta":
        _named(trace, payload, at)
        return
    if trace.inherits_until and at <= trace.inherits_until:
        _inherited(trace, payload)
        return
    trace.saw_time(at)
    match line.type:
        case "turn_context":
            trace.saw_place(payload.cwd)
        case "response_item":
            _item(trace, payload, number, at)
        case "event_msg":
            _event(trace, payload, number, at)
        case _:
            pass


def _named(trace: Trace, payload: _Payload, at: float) -> None:
    if trace.start:  # the parent's, in a fork
        if isinstance(payload.id, str) and payload.id != trace.id:
            trace.forked_from = trace.forked_from or payload.id
            trace.inherits_until = trace.inherits_until or trace.start + _FORK_SECONDS
        return
    if isinstance(payload.id, str):
        trace.id = payload.id
    trace.saw_place(payload.cwd)
    trace.saw_time(at)
    if isinstance(payload.forked_from_id, str) and payload.forked_from_id:
        trace.forked_from = payload.forked_from_id
        trace.inherits_until = at + _FORK_SECONDS
    parent = payload.parent_thread_id or _spawned_by(payload.source)
    if isinstance(parent, str):
        trace.part_of = parent


def _spawned_by(source: Any) -> Any:
    """`{"subagent": {"thread_spawn": {"parent_thread_id": …}}}`, in one of its spellings."""
    for key in ("subagent", "sub_agent", "thread_spawn"):
        if isinstance(source, dict) and key in source:
            source = source[key]
    return source.get("parent_thread_id") if isinstance(source, dict) else None


def _inherited(trace: Trace, payload: _Payload) -> None:
    if payload.type == "token_count":
        trace.base_tokens = max(trace.base_tokens, _total(payload.info))


def _item(trace: Trace, item: _Payload, number: int, at: float) -> None:
    key = item.call_id if isinstance(item.call_id, str) else ""
    match item.type:
        case "message":
            _message(trace, item, number, at)
        case "function_call":
            _called(trace, item.name, _decoded(item.arguments), key, number, at)
        case "custom_tool_call":
            _called(trace, item.name, item.input, key, number, at)
        case "local_shell_call":
            command = item.action.get("command") if isinstance(item.action, dict) else None
            _called(trace, "shell", {"command": command}, key, number, at)
        case "function_call_output" | "custom_tool_call_output":
            _ended(trace, key, item.output, number, at)
        case _:
            pass


def _message(trace: Trace, item: _Payload, number: int, at: float) -> None:
    text = text_of(item.content)
    if item.role == "assistant" and text:
        trace.said(text, number, at, key=item.id if isinstance(item.id, str) else "")
    elif item.role == "user" and text and not _NO_PROMPT.match(text):
        trace.prompted(text, number, at)


def _called(trace: Trace, name: object, given: Any, key: str, number: int, at: float) -> None:
    if not isinstance(name, str):
        return
    if name == "apply_patch":
        _patched(trace, given if isinstance(given, str) else text_of_patch(given), key, number, at)
    elif name == "update_plan" and isinstance(given, dict):
        steps = given.get("plan")
        listed = steps[:500] if isinstance(steps, list) else []
        states = (one.get("status") for one in listed if isinstance(one, dict))
        trace.todos = [state for state in states if isinstance(state, str)]
    elif name in _RUNS and isinstance(given, dict):
        command, cwd = _command(given), given.get("workdir")
        _patched(trace, command, key, number, at)
        act = trace.began(command, number, at, key)
        act.cwd = cwd if isinstance(cwd, str) and cwd.startswith("/") else act.cwd
        trace.expect(key, number)
    elif name == "write_stdin" and isinstance(given, dict):
        trace.jobs[key] = str(given.get("session_id", ""))
        trace.expect(key, number)
    elif name in ("spawn_agent", "send_input", "delegate"):
        trace.helped(number, at, key)


def text_of_patch(given: Any) -> str:
    """The patch in the arguments of a call."""
    values = given.values() if isinstance(given, dict) else ()
    return next((one for one in values if isinstance(one, str)), "")


def _command(given: dict[str, Any]) -> str:
    command = given.get("command", given.get("cmd", ""))
    if isinstance(command, list):
        words = [word for word in command if isinstance(word, str)]
        if len(words) == 3 and words[1] in ("-c", "-lc", "-ic", "-lic"):
            return words[2]
        return shlex.join(words)
    return command if isinstance(command, str) else ""


def _patched(trace: Trace, patch: str, key: str, number: int, at: float) -> None:
    if "*** Begin Patch" not in patch:
        return
    for added, moved in _PATCHED.findall(patch):
        trace.edited((added or moved).strip(), number, at, key)


def _ended(trace: Trace, key: str, output: Any, number: int, at: float) -> None:
    if trace.pending.pop(key, None) is None:
        return
    text, code = _result(output)
    if (job := trace.jobs.pop(key, None)) is not None:
        began = trace.jobs.get(f"session {job}", "")
        if began:
            trace.ended(began, text, code, running=code is None)
        trace.seen(text, number, at)
        return
    if running := _SESSION.search(text[:500]):
        trace.jobs[f"session {running[1]}"] = key
        trace.ended(key, text, None, running=True)
        return
    trace.ended(key, text, code)


def _result(output: Any) -> tuple[str, int | None]:
    """What a command printed and its exit code, in any of the forms that there were."""
    given = output
    if isinstance(output, str) and output.startswith("{"):
        given = _decoded(output) or output
    if isinstance(given, dict):
        facts = given.get("metadata")
        code = facts.get("exit_code") if isinstance(facts, dict) else None
        text = given.get("output")
        text = text if isinstance(text, str) else text_of(given.get("content") or "")
        return text, code if isinstance(code, int) else None
    text = text_of(given)
    found = _EXIT.search(text[:1_000])
    return text, int(found[1]) if found else None


def _event(trace: Trace, event: _Payload, number: int, at: float) -> None:
    match event.type:
        case "token_count":
            if total := _total(event.info):
                trace.tokens = max(0, total - trace.base_tokens)
        case "exec_command_end" if isinstance(event.call_id, str):
            text = event.aggregated_output
            code = event.exit_code if isinstance(event.exit_code, int) else None
            trace.ended(event.call_id, text if isinstance(text, str) else "", code)
        case "item_completed" if isinstance(event.item, dict):
            _completed(trace, event.item, number, at)
        case "patch_apply_end" if isinstance(event.changes, dict):
            for path in [*event.changes][:500] if event.success is not False else ():
                trace.edited(path, number, at, str(event.call_id))
        case _:
            pass


def _completed(trace: Trace, item: dict[str, Any], number: int, at: float) -> None:
    key, kind = item.get("id"), item.get("type")
    if kind == "CommandExecution" and isinstance(key, str):
        text, code = item.get("aggregated_output"), item.get("exit_code")
        trace.ended(
            key, text if isinstance(text, str) else "", code if isinstance(code, int) else None
        )
    elif kind == "FileChange" and isinstance(item.get("changes"), dict):
        known = {act.text for act in trace.acts[-50:] if act.kind == "edit" and act.key == key}
        for path in [*item["changes"]][:500]:
            if path not in known and item.get("status") != "failed":
                trace.edited(path, number, at, str(key))


def _total(info: Any) -> int:
    usage = info.get("total_token_usage") if isinstance(info, dict) else None
    return count_of(usage.get("total_tokens")) if isinstance(usage, dict) else 0


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
