"""Git's lock files in the work trees of processes that were ended: told, never touched.

A Git that is killed leaves its lock, and every later one there refuses to work. Only names and
times are looked at; nothing of a workspace is run or obeyed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.log_files.writers import openers
from daydreamd.host.processes import read_cwd, scan
from daydreamd.units import say_duration

_HIGHEST: Final = 64
_MOST_ENTRIES: Final = 10_000


def git_directories(pids: Iterable[int]) -> set[Path]:
    """The Git directories of the work trees in which these processes are."""
    places = {read_cwd(pid) for pid in pids}
    found = (_git_directory(Path(place)) for place in places if place.startswith("/"))
    return {directory for directory in found if directory is not None}


def say_dead_locks(directories: Iterable[Path]) -> tuple[str, ...]:
    """A line for each lock there that no process has open."""
    said = []
    for path in sorted(path for directory in directories for path in _locks(directory)):
        try:
            facts = path.lstat()
        except OSError:  # whoever held it is done
            continue
        if not openers(facts):
            age = say_duration(max(0.0, time.time() - facts.st_mtime))
            said.append(f"{path} is left, {age} old, and no process has it open: Git waits for it")
    return tuple(said)


def stale_locks(workspace: Path, *, older_than: float) -> list[tuple[Path, float]]:
    """Git's locks of a workspace that are so old, with their ages, where no Git is at work.

    A lock can be closed while Git waits for an editor: while one runs there, none is stale.
    """
    directory = _git_directory(workspace)
    if directory is None:
        return []
    found = []
    for path in _locks(directory):
        try:
            facts = path.lstat()
        except OSError:  # whoever held it is done
            continue
        age = time.time() - facts.st_mtime
        if age >= older_than and not openers(facts) and not _git_runs_below(directory.parent):
            found.append((path, age))
    return found


def _git_runs_below(tree: Path) -> bool:
    gits = (stat.pid for stat in scan().values() if stat.comm.startswith("git"))
    return any(Path(read_cwd(pid)).is_relative_to(tree) for pid in gits)


def _git_directory(place: Path) -> Path | None:
    for directory in (place, *place.parents)[:_HIGHEST]:
        entry = directory / ".git"
        try:
            if entry.is_dir():
                return entry
            if entry.is_file():
                return _linked(directory)
        except OSError:  # closed to us, or a loop of links
            return None
    return None


def _linked(directory: Path) -> Path | None:
    """The Git directory of a linked work tree, which its `.git` file names."""
    try:
        text = read_beneath(directory, ".git", max_bytes=4096).decode()
    except (FileError, UnicodeDecodeError):
        return None
    name, _, path = text.partition(": ")
    return directory / path.rstrip("\n") if name == "gitdir" and "\0" not in path else None


def _locks(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)]
    except OSError:  # gone, or closed to us: nothing is known of it
        return []
    return [directory / name for name in names if name.endswith(".lock")]
