"""What Claude Code's own files say of one process: its registry entry, its transcripts, its to-dos.

They are read only, and those of the process's own configuration directory alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.agents.registry import NO_ENTRY, RegistryEntry, config_dir, read_entry
from daydreamd.agents.transcripts import SESSION_ID, can_be_resumed, has_finished, newest_transcript
from daydreamd.errors import FileError
from daydreamd.host.files.disks import NO_ANSWER, ask_disk

_SAID: Final = {
    "busy": "Claude says it is busy",
    "waiting": "Claude waits for an answer",
    "shell": "Claude runs a shell",
}


@dataclass(frozen=True)
class ClaudeState:
    """What is known of a Claude process from its own files; ages in seconds, None if unknown.

    `is_certain` is false where the transcript may be another session's of the same directory;
    `own_home` is its CLAUDE_CONFIG_DIR where it has one.
    """

    session_id: str = ""
    cwd: str = ""
    working: str = ""
    idle_seconds: float | None = None
    transcript_age: float | None = None
    is_certain: bool = False
    unknown: str = ""
    own_home: str = ""
    can_be_resumed: bool = False
    remote: str = ""
    finished: bool = False


def read_claude_state(
    pid: int,
    start_ticks: int,
    *,
    argv: tuple[str, ...],
    environ: Mapping[str, str],
    uid: int,
    cwd: str,
) -> ClaudeState:
    """Read what Claude Code keeps of a process; what cannot be read is named in `unknown`."""
    home = config_dir(environ, uid)
    if home is None:
        return ClaudeState(unknown="where its configuration lies")
    read = partial(_read_files, home, pid, start_ticks, argv=argv, environ=environ, cwd=cwd)
    try:
        return ask_disk(home, read)
    except TimeoutError:
        return ClaudeState(unknown=f"its session files ({NO_ANSWER})")


def _read_files(
    home: Path,
    pid: int,
    start_ticks: int,
    *,
    argv: tuple[str, ...],
    environ: Mapping[str, str],
    cwd: str,
) -> ClaudeState:
    try:
        entry = read_entry(home, pid, start_ticks) or NO_ENTRY
        session_id = entry.session_id or resumed_session(argv)
        cwd = entry.cwd or cwd
        projects = home / "projects"
        newest = newest_transcript(projects, session_id, "" if entry.session_id else cwd)
        is_certain = bool(session_id)
        if newest and not session_id:
            session_id = newest[1]
        resumable = can_be_resumed(projects, session_id)
        finished = _is_finished(home, session_id) if is_certain else False
    except (FileError, OSError, ValueError) as error:
        return ClaudeState(unknown=f"its session files ({error})")
    idle = None
    if entry.status == "idle" and entry.status_updated_at:
        idle = max(0.0, time.time() - entry.status_updated_at / 1000)
    return ClaudeState(
        session_id=session_id if SESSION_ID.fullmatch(session_id) else "",
        cwd=cwd,
        working=_working(entry.status),
        idle_seconds=idle,
        transcript_age=max(0.0, time.time() - newest[0]) if newest else None,
        is_certain=is_certain,
        own_home=environ.get("CLAUDE_CONFIG_DIR", ""),
        can_be_resumed=resumable,
        remote=_remote(entry),
        finished=finished,
    )


def _is_finished(home: Path, session_id: str) -> bool:
    found = list((home / "projects").glob(f"*/{session_id}.jsonl"))
    return len(found) == 1 and has_finished(found[0], home / "todos")


def _working(status: str) -> str:
    """What it says it does; a word that we do not know is no idleness."""
    return "" if status in ("", "idle") else _SAID.get(status, "Claude says something unknown")


def _remote(entry: RegistryEntry) -> str:
    if entry.kind not in ("", "interactive"):
        return "Claude runs it in the background"
    return "Claude's remote control knows it" if entry.bridge_session_id else ""


def resumed_session(argv: tuple[str, ...]) -> str:
    """The session id that the command line names, if it does."""
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        name, _, value = word.partition("=")
        if name in ("--resume", "-r", "--session-id"):
            named = value or following
            return named if SESSION_ID.fullmatch(named) else ""
    return ""
