"""Where commits may lie that no branch holds, read as plain files: stashes, reflogs, work trees.

A work tree counts as one of the repository only where both name each other: a repository could
write any directory into its list.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.discovery import find_repository
from daydreamd.context.repository import Repository
from daydreamd.errors import FileError, WorkspaceError
from daydreamd.host.files.access import open_beneath, read_beneath

_LOG_LINE: Final = re.compile(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t]*?> (\d+) [-+]\d+\t?(.*)")
_TAIL: Final = 1 << 20
_MAX_LOGS: Final = 3_000
_MAX_WORKTREES: Final = 1_000
_MAX_LOGGED: Final = 3_000
_SUPERSEDED: Final = ("commit (amend)", "rebase", "pull --rebase", "am", "cherry-pick (abort)")


@dataclass(frozen=True)
class Logged:
    """A line of a reflog: what a ref was at, when that was over, and why."""

    oid: str
    at: int
    message: str
    ref: str

    @property
    def is_rewritten(self) -> bool:
        """Whether git itself put another commit into its place."""
        return self.message.startswith(_SUPERSEDED)


@dataclass(frozen=True)
class Stash:
    """An entry of the stash; `number` counts from the newest."""

    number: int
    oid: str
    at: int
    message: str


@dataclass(frozen=True)
class WorkTree:
    """A work tree of the repository; `repository` is None where its directory is not there."""

    path: Path
    directory: Path
    repository: Repository | None
    head: str | None
    branch: str | None
    is_main: bool = False
    locked: str | None = None

    @property
    def state(self) -> str | None:
        """What git is in the middle of there."""
        return self.repository.state if self.repository else None


def read_stashes(repository: Repository) -> list[Stash]:
    """The stashes, newest first."""
    lines = list(_read_log(repository.common, "logs/refs/stash"))
    return [
        Stash(number, match[2], int(match[3]), match[4])
        for number, match in enumerate(reversed(lines))
    ]


def read_logged(repository: Repository, trees: list[WorkTree]) -> list[Logged]:
    """What refs and HEADs were at before, newest first, each commit once."""
    found: dict[str, Logged] = {}
    for root, name in _logs(repository, trees):
        for match in _read_log(root, name):
            at, ref = int(match[3]), name.removeprefix("logs/")
            old = Logged(match[1], at, match[4], ref)
            known = found.get(old.oid)
            if known is None or (known.at, known.is_rewritten) < (at, old.is_rewritten):
                found[old.oid] = old
            found.setdefault(match[2], Logged(match[2], at, "", ref))
    for oid in [oid for oid in found if set(oid) == {"0"}]:
        del found[oid]
    return sorted(found.values(), key=lambda one: -one.at)[:_MAX_LOGGED]


def _logs(repository: Repository, trees: list[WorkTree]) -> Iterator[tuple[Path, str]]:
    yield repository.common, "logs/HEAD"
    for tree in trees:
        if not tree.is_main:
            yield tree.directory, "logs/HEAD"
    left = _MAX_LOGS
    for place, _, files in os.walk(repository.common / "logs/refs/heads"):
        for name in sorted(files):
            left -= 1
            if left < 0:
                return
            yield repository.common, os.path.relpath(f"{place}/{name}", repository.common)


def _read_log(root: Path, name: str) -> Iterator[re.Match[str]]:
    """The lines of a log's last MiB that can be read."""
    try:
        with os.fdopen(open_beneath(root, name), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL))
            text = file.read(_TAIL).decode(errors="replace")
    except FileError:
        return
    for line in text.split("\n"):
        if match := _LOG_LINE.match(line):
            yield match


def read_work_trees(repository: Repository) -> list[WorkTree]:
    """The main work tree, where there is one, and the linked ones, here or gone."""
    found = []
    common = repository.common
    if common.name == ".git" and (main := _repository_at(common.parent)):
        if main.directory == common:
            found.append(WorkTree(common.parent, common, main, main.head, main.branch, True))
    elif repository.directory == common and not repository.bare:
        here = repository
        found.append(WorkTree(here.top, common, here, here.head, here.branch, True))
    try:
        with os.scandir(common / "worktrees") as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return found
    linked = (_linked(common, common / "worktrees" / name) for name in names[:_MAX_WORKTREES])
    return found + [tree for tree in linked if tree is not None]


def _linked(common: Path, directory: Path) -> WorkTree | None:
    named = _text(directory, "gitdir").strip()
    if not named:
        return None
    path = Path(os.path.normpath(directory / named)).parent
    repository = _repository_at(path)
    if repository is not None and repository.directory != directory.resolve():
        repository = None
    seen = repository or Repository(common, "", directory, common, bare=True)
    locked = _text(directory, "locked").strip() if (directory / "locked").exists() else None
    return WorkTree(path, directory, repository, seen.head, seen.branch, locked=locked)


def _repository_at(path: Path) -> Repository | None:
    try:
        found = find_repository(path) if path.is_dir() else None
    except (OSError, WorkspaceError):
        return None
    return found if found is not None and found.top == path else None


def _text(root: Path, name: str) -> str:
    try:
        return os.fsdecode(read_beneath(root, name, max_bytes=8192))
    except FileError:
        return ""
