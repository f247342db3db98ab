"""What our own sessions leave: processes that carry their mark, and their scratch directory.

The same few lines serve the end of every session, a session that broke, and one whose process died
so that the next start finds what is left. Which session is dead is for the caller to know: it holds
the session lock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.agents.executed import Executed
from daydreamd.agents.kinds import AIDER, recognise
from daydreamd.history.store import History
from daydreamd.host.children.commands import SESSION_MARK
from daydreamd.host.files.access import sweep_half_written
from daydreamd.host.files.deletion import remove_tree
from daydreamd.host.processes import (
    Identity,
    ancestors,
    end_tree,
    identify_all,
    read_argv,
    read_cwd,
    read_environ,
    scan,
)
from daydreamd.records.cleanup_summary import PostCleanup
from daydreamd.records.events import Emitter
from daydreamd.settings.places import Places

_GRACE_SECONDS: Final = 2.0
_ROUNDS: Final = 3  # somebody may start a child in the moment we look away


@dataclass
class ClearedSession:
    """What was found of one session and taken away; `left` says what could not be."""

    session_id: str
    processes: int = 0
    aiders: int = 0
    files: int = 0
    left: tuple[str, ...] = ()


async def recover(history: History, places: Places, *, emitter: Emitter) -> list[ClearedSession]:
    """End processes and remove files of dead sessions; record these as interrupted.

    The caller holds the session lock: every unfinished session is dead.
    """
    unfinished = await history.unfinished()
    scratch = places.session_dir("x").parent
    orphaned = await anyio.to_thread.run_sync(_names, scratch)
    known = [session_id for session_id, _ in unfinished]
    found = []
    for session_id in dict.fromkeys([*known, *orphaned]):
        cleared = await clear(session_id, places.session_dir(session_id))
        if session_id in known:
            await history.close_interrupted(session_id, "its process died")
        emitter.notice(
            "error" if cleared.left else "info", "session recovered", session=session_id,
            processes=cleared.processes, files=cleared.files, left=list(cleared.left),
        )  # fmt: skip
        found.append(cleared)
    for directory in (places.state, places.insights, places.archive, places.cache):
        await anyio.to_thread.run_sync(sweep_half_written, directory)
    return found


async def leave_nothing(session_id: str, *, runtime_dir: Path, emitter: Emitter) -> PostCleanup:
    """End what this session still runs and remove its scratch directory, at its end."""
    began = anyio.current_time()
    cleared = await clear(session_id, runtime_dir)
    if cleared.left:
        emitter.notice("error", "session left something", left=list(cleared.left))
    return PostCleanup(
        current_aider_killed=cleared.aiders,
        processes_killed=cleared.processes,
        temp_files_cleaned=cleared.files,
        left=cleared.left,
        seconds=round(anyio.current_time() - began, 3),
    )


async def clear(session_id: str, runtime_dir: Path) -> ClearedSession:
    """End every process of a session and remove its directory."""
    cleared, left = ClearedSession(session_id), []
    for _ in range(_ROUNDS):
        found = await anyio.to_thread.run_sync(_belonging, session_id, runtime_dir)
        if not found:
            break
        aiders = {process for process in found if _is_aider(process)}
        report = await end_tree(found, grace=_GRACE_SECONDS, even_after_exec=True)
        cleared.processes += len(report.ended)
        cleared.aiders += len(aiders.intersection(report.ended))
        left = [f"process {process.pid} survived SIGKILL" for process in report.survivors]
    removal = await anyio.to_thread.run_sync(remove_tree, runtime_dir)
    cleared.files = removal.removed
    cleared.left = (*left, *removal.left)
    return cleared


def _belonging(session_id: str, runtime_dir: Path) -> list[Identity]:
    """Processes with the session's mark, or without a terminal inside its directory.

    A mark survives double forks and `setsid`; the directory finds those that wiped it. A shell
    that a person opened in there has a terminal, and is not part of the session.
    """
    table = scan()
    spared = {os.getpid(), *(stat.pid for stat in ancestors(os.getpid(), table))}
    inside = os.fspath(runtime_dir)
    found = []
    for pid, stat in table.items():
        if pid in spared or stat.state in "ZX":
            continue
        marked = (read_environ(pid) or {}).get(SESSION_MARK) == session_id
        if marked or (stat.tty_nr == 0 and _is_within(read_cwd(pid), inside)):
            found.append(pid)
    return [process for process in identify_all(found) if process.uid == os.getuid()]


def _is_within(path: str, directory: str) -> bool:
    path = path.removesuffix(" (deleted)")
    return path == directory or path.startswith(directory + "/")


def _is_aider(process: Identity) -> bool:
    program = Executed(process.exe, read_argv(process.pid), read_cwd(process.pid))
    return recognise(program) == AIDER


def _names(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []
