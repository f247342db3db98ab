"""Claude Code's transcripts: `projects/<slug>/<id>.jsonl`, and those of its sub-agents.

The slug is ambiguous, so that the workspace is the `cwd` in the records. A message may stand on
several lines under one id, and its last line counts. No record has a documented form: one of an
unknown kind is passed over.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any, Final

import msgspec

from daydreamd.agents.work.trace import Trace, count_of, seconds_of, text_of

AGENT: Final = "claude"
_EDITS: Final = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path",
                 "NotebookEdit": "notebook_path", "Update": "file_path"}  # fmt: skip
_AN_EDIT: Final = -1
_RUNS: Final = ("Bash", "PowerShell", "Shell")
_LOOKS: Final = ("BashOutput", "TaskOutput", "AgentOutput", "AgentOutputTool")
_HELPERS: Final = ("Task", "Agent", "Workflow", "SendMessage")
_EXIT: Final = re.compile(r"(?:Error: )?Exit code (-?\d+)")
_STATUS: Final = re.compile(r"<exit_code>(-?\d+)</exit_code>")
_JOB: Final = re.compile(r"running in (?:the )?background with ID: ([\w-]+)")
_NOTE: Final = re.compile(
    r"<task-id>([\w-]+)</task-id>.*?(?:exit code:? (-?\d+))", re.DOTALL | re.IGNORECASE
)
_NO_PROMPT: Final = re.compile(
    r"\s*(?:<(?:command-|local-command|task-notification|system-reminder|bash-(?:std|input)|"
    r"user-memory)|Caveat: The messages below|This session is being continued from|"
    r"\[Request interrupted)"
)
_CUT_SHORT: Final = re.compile(r"timed out|interrupted|aborted|killed", re.IGNORECASE)


class _Message(msgspec.Struct, gc=False):
    id: Any = ""
    content: Any = None
    usage: Any = None


class _Line(msgspec.Struct, rename="camel", gc=False):
    type: Any = ""
    message: _Message | None = None
    timestamp: Any = None
    cwd: Any = None
    session_id: Any = None
    is_sidechain: Any = False
    is_meta: Any = False
    is_compact_summary: Any = False
    is_api_error_message: Any = False


_line = msgspec.json.Decoder(_Line)


def begin(path: str) -> Trace:
    """An empty trace of the transcript at `path`."""
    name = PurePath(path)
    trace = Trace(agent=AGENT, id=name.stem)
    if name.parent.name == "subagents":
        trace.part_of = name.parent.parent.name
    elif name.stem.startswith("agent-"):
        trace.part_of = "?"  # its records name the session
    return trace


def fold(trace: Trace, raw: bytes, number: int) -> None:
    """Add one line of the transcript. msgspec.DecodeError where it is none."""
    if b'"assistant"' not in raw and b'"user"' not in raw:
        return
    line = _line.decode(raw)
    message = line.message
    if message is None or line.type not in ("assistant", "user"):
        return
    at = seconds_of(line.timestamp)
    trace.saw_time(at)
    trace.saw_place(line.cwd)
    if trace.part_of == "?" and isinstance(line.session_id, str):
        trace.part_of = line.session_id
    if line.type == "assistant":
        if not line.is_api_error_message:
            _answered(trace, message, number, at)
    elif isinstance(message.content, str):
        _asked(trace, line, message.content, number, at)
    elif isinstance(message.content, list):
        _returned(trace, line, message.content, number, at)


def _answered(trace: Trace, message: _Message, number: int, at: float) -> None:
    name = message.id if isinstance(message.id, str) else ""
    if isinstance(message.usage, dict):
        counts = ("input_tokens", "output_tokens", "cache_creation_input_tokens",
                  "cache_read_input_tokens")  # fmt: skip
        trace.spent(
            name or f"line {number}", sum(count_of(message.usage.get(key)) for key in counts)
        )
    content = message.content
    if isinstance(content, str):
        trace.said(content, number, at, key=name)
        return
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            trace.said(block["text"], number, at, key=name)
        elif block.get("type") == "tool_use":
            _called(trace, block, number, at)


def _called(trace: Trace, block: dict[str, Any], number: int, at: float) -> None:
    name, key, given = block.get("name"), block.get("id"), block.get("input")
    if not isinstance(name, str) or not isinstance(key, str) or not isinstance(given, dict):
        return
    if key in trace.pending:
        return  # the same call on a further line of its message
    command = given.get("command")
    if name in _RUNS and isinstance(command, str):
        trace.began(command, number, at, key).running = given.get("run_in_background") is True
        trace.expect(key, number)
    elif name in _EDITS:
        trace.expect(key, _AN_EDIT)
        trace.edited(given.get(_EDITS[name]), number, at, key)
    elif name == "TodoWrite":
        _listed(trace, given.get("todos"))
    elif name in ("TaskCreate", "TaskUpdate"):
        _planned(trace, name, given)
    elif name in _LOOKS or (name == "Read" and _is_log(given.get("file_path"))):
        trace.expect(key, number)
        job = given.get("bash_id") or given.get("task_id") or given.get("shell_id")
        trace.jobs[key] = str(job or "")
    elif name in _HELPERS:
        trace.helped(number, at, key)
    elif name.startswith("mcp__"):
        trace.began(name, number, at, key)
        trace.expect(key, number)


def _is_log(path: object) -> bool:
    return isinstance(path, str) and path.endswith((".output", ".log", ".txt", ".out"))


def _listed(trace: Trace, todos: object) -> None:
    items = todos if isinstance(todos, list) else []
    states = (item.get("status") for item in items[:500] if isinstance(item, dict))
    trace.todos = [state for state in states if isinstance(state, str)]


def _planned(trace: Trace, name: str, given: dict[str, Any]) -> None:
    """The newer to-dos: each made and changed by a call of its own, numbered from 1."""
    if name == "TaskCreate":
        if len(trace.tasks) < 500:
            trace.tasks[str(len(trace.tasks) + 1)] = "pending"
    else:
        number, state = str(given.get("taskId") or ""), given.get("status")
        if number in trace.tasks and isinstance(state, str):
            trace.tasks[number] = state
    trace.todos = [state for state in trace.tasks.values() if state != "deleted"]


def _asked(trace: Trace, line: _Line, text: str, number: int, at: float) -> None:
    if note := _NOTE.search(text):
        _job_ended(trace, note[1], text, int(note[2]))
    if line.is_meta or line.is_compact_summary or _NO_PROMPT.match(text):
        return
    if not line.is_sidechain:
        trace.prompted(text, number, at)


def _returned(trace: Trace, line: _Line, content: list[Any], number: int, at: float) -> None:
    results = [one for one in content if isinstance(one, dict)]
    for block in results:
        if block.get("type") == "tool_result":
            _ended(trace, block, number, at)
    is_result = any(block.get("type") == "tool_result" for block in results)
    text = text_of([block for block in results if block.get("type") == "text"])
    if text and not is_result:
        _asked(trace, line, text, number, at)


def _ended(trace: Trace, block: dict[str, Any], number: int, at: float) -> None:
    key = block.get("tool_use_id")
    if not isinstance(key, str) or (expected := trace.pending.pop(key, None)) is None:
        return
    failed, output = block.get("is_error") is True, text_of(block.get("content"))
    if (job := trace.jobs.pop(key, None)) is not None:
        _looked(trace, job, output, number, at)
        return
    if expected == _AN_EDIT:
        _undo_edit(trace, key, failed=failed)
        return
    act = trace.find(key)
    if act is None:
        return
    if started := _JOB.search(output[:500]):
        trace.jobs[started[1]] = key
        act.running = True
        return
    told = _EXIT.match(output)
    if failed and not told and not _CUT_SHORT.search(output[:2_000]):
        trace.acts = [one for one in trace.acts if one is not act]  # refused: it never ran
        return
    code = int(told[1]) if told else None if failed or act.text.startswith("mcp__") else 0
    trace.ended(key, output, code)


def _looked(trace: Trace, job: str, output: str, number: int, at: float) -> None:
    told = _STATUS.search(output)
    if job in trace.jobs and told:
        _job_ended(trace, job, output, int(told[1]))
        return
    trace.seen(output, number, at)


def _job_ended(trace: Trace, job: str, output: str, code: int) -> None:
    if key := trace.jobs.get(job):
        trace.ended(key, output, code)


def _undo_edit(trace: Trace, key: str, *, failed: bool) -> None:
    """An edit that was refused or did not fit has changed nothing."""
    if not failed:
        return
    for place in range(len(trace.acts) - 1, -1, -1):
        act = trace.acts[place]
        if act.kind == "edit" and act.key == key:
            del trace.acts[place]
            if not any(one.kind == "edit" and one.text == act.text for one in trace.acts):
                trace.files.pop(act.text, None)
            return
