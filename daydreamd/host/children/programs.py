"""Every program that daydreamd ever starts: what each may use, and where it may be found.

A program is looked for on PATH, but only in directories that nobody else can write to and that do
not lie in a workspace: a repository may bring a `git` or an `aider` of its own. A path that the
owner's settings spell out is the owner's word. What a program is asked is its room's business.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from daydreamd.host.files.disks import ask_disk

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Program:
    """What each process of a program may use; None is no limit of its own.

    `memory_bytes` counts private writable memory (RLIMIT_DATA), not files that are mapped to be
    read; `file_bytes` the size of a file that it writes; `stack_bytes` the stack of each of its
    threads, which counts as memory as soon as the thread starts. None ever leaves a core file.
    """

    name: str
    memory_bytes: int | None = None
    file_bytes: int | None = None
    cpu_seconds: int | None = None
    open_files: int | None = None
    stack_bytes: int | None = None
    gives_up_on_pipes: bool = False
    """End it where it waits for the other end of a FIFO: it never asked for one."""


GIT: Final = Program("git", 112 * MIB, 64 * MIB, 60, 512, 2 * MIB, gives_up_on_pipes=True)
"""It starts up to 20 threads to look at files; a tree as deep as a path can be needs 2 MiB."""
SCC: Final = Program("scc", 384 * MIB, 0, 60, 512)
"""Go counts what it reserves; what it uses is held down by GOMEMLIMIT."""
LOGINCTL: Final = Program("loginctl", 64 * MIB, 0, 5, 128)
AIDER: Final = Program("aider", None, 64 * MIB, None, 1024)
"""Its tree's memory is watched by the leash: analysis.max_memory."""
ENGINE: Final = Program("the embedded engine", None, 64 * MIB, None, 1024)
RUFF: Final = Program("ruff", 512 * MIB, 0, 30, 512)
AST_GREP: Final = Program("ast-grep", 512 * MIB, 0, 30, 512)
SHELLCHECK: Final = Program("shellcheck", 768 * MIB, 0, 30, 256)
ZIZMOR: Final = Program("zizmor", 512 * MIB, 0, 30, 512)
TYPOS: Final = Program("typos", 512 * MIB, 0, 30, 512)
SESSION: Final = Program("daydreamd session")
"""Our own program; it has the unit's limits."""
ANY: Final = Program("a program", None, None, None, None)


def find_program(name: str) -> Path | None:
    """The program of this name, links resolved, in the first trusted directory of PATH.

    A `name` with a slash is a path that the owner has spelled out, and only has to be there.
    """
    if "/" in name:
        path = Path(name).expanduser()
        return path.resolve() if os.access(path, os.X_OK) and path.is_file() else None
    for place in _trusted(os.environ.get("PATH", os.defpath)):
        path = Path(place, name)
        if path.is_file() and os.access(path, os.X_OK) and _may_be_run(path.resolve()):
            return path.resolve()
    return None


def find_beside_us(name: str) -> Path | None:
    """The program where our own Python keeps its scripts: as trusted as that Python is."""
    path = Path(sysconfig.get_path("scripts"), name)
    return path if path.is_file() and os.access(path, os.X_OK) else None


def find_in_sibling(name: str) -> Path | None:
    """The program in an environment beside ours: `venv-NAME` for `venv`. Ours vouches for it."""
    path = Path(f"{sys.prefix}-{name}", "bin", name)
    return path.resolve() if path.is_file() and os.access(path, os.X_OK) else None


def search_path() -> str:
    """PATH for a child: the trusted directories of ours, in their order."""
    return os.pathsep.join(_trusted(os.environ.get("PATH", os.defpath))) or os.defpath


def keep_out_of(workspaces: Iterable[str | Path]) -> None:
    """From now on no program is looked for in these directories or below."""
    _WORKSPACES.update(str(path) for path in workspaces)


_WORKSPACES: Final[set[str]] = set()


def _trusted(path: str) -> Iterator[str]:
    for place in path.split(os.pathsep):
        # By its name first: a workspace may lie on a disk that does not answer.
        if not place.startswith("/") or _lies_in_a_workspace(place):
            continue
        if _is_ours_alone(place) and not _lies_in_a_workspace(os.path.realpath(place)):
            yield place


def _may_be_run(program: Path) -> bool:
    facts = program.stat()
    return (
        facts.st_uid in _owners()
        and not _others_write(facts)
        and _is_ours_alone(str(program.parent))
        and not _lies_in_a_workspace(str(program))
    )


def _lies_in_a_workspace(path: str) -> bool:
    below = f"{os.path.normpath(path)}/"
    return any(below.startswith(f"{workspace}/") for workspace in _WORKSPACES)


def _is_ours_alone(place: str) -> bool:
    """Whether nobody but root and us can put a program into a directory, or swap it for another."""
    try:
        return _ask_who_writes(place)
    except (OSError, RuntimeError):  # silent, not there, not ours to look at, or a loop of links
        return False


@lru_cache(maxsize=256)
def _ask_who_writes(place: str) -> bool:
    """Keeps what is known; what could not be looked at is asked again (an error is not kept)."""
    return ask_disk(place, lambda: _only_we_write(Path(place).resolve(strict=True)))


def _only_we_write(here: Path) -> bool:
    facts = here.stat()
    if not stat.S_ISDIR(facts.st_mode) or _others_write(facts):
        return False
    # In a sticky directory (/tmp) nobody moves away what is not theirs.
    return facts.st_uid in _owners() and all(
        (above := parent.stat()).st_uid in _owners()
        and (above.st_mode & stat.S_ISVTX or not _others_write(above))
        for parent in here.parents
    )


@lru_cache(maxsize=1)
def _owners() -> frozenset[int]:
    """Root and us; where a user namespace hides root, whoever the root directory belongs to."""
    return frozenset({0, os.geteuid(), Path("/").stat().st_uid})


def _others_write(facts: os.stat_result) -> bool:
    if facts.st_mode & stat.S_IWOTH:
        return True
    return bool(facts.st_mode & stat.S_IWGRP) and not _is_a_group_of_ours(facts.st_gid)


def _is_a_group_of_ours(gid: int) -> bool:
    """Whether a group has no member but root and us, as a user's own group and often `staff`."""
    if gid == 0:
        return True
    try:
        names = set(grp.getgrgid(gid).gr_mem)
        uids = {pwd.getpwnam(name).pw_uid for name in names}
    except KeyError:
        return False
    uids |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid}
    return uids <= _owners()
