"""What is not committed: counts, paths, how long it has been lying there, and a fingerprint."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from daydreamd.context.exclusion import VENDORED
from daydreamd.context.foreign import ForeignGit
from daydreamd.errors import WorkspaceError

_MAX_SEEN: Final = 20_000
_FIELDS_BEFORE_PATH: Final = {b"1": 8, b"2": 9, b"u": 10, b"?": 1}


@dataclass(frozen=True)
class Uncommitted:
    """One path that differs from HEAD. `code` is git's: two letters, or `uu` or `??`."""

    path: str
    code: str
    record: bytes = b""


async def read_status(git: ForeignGit) -> tuple[Uncommitted, ...]:
    """Every uncommitted path, relative to the workspace."""
    renames = ("--no-renames",) if git.repository.is_partial else ()
    printed = await git.run(
        "status",
        "--porcelain=v2",
        "-z",
        # Compares the commit of a submodule; looking into it would start a git there that obeys it.
        "--ignore-submodules=dirty",
        *renames,
        "--",
    )
    return tuple(parse_status(printed, prefix=git.repository.prefix))


def parse_status(printed: bytes, *, prefix: str = "") -> Iterator[Uncommitted]:
    """Read `git status --porcelain=v2 -z`; WorkspaceError where it is something else."""
    records = iter(printed.split(b"\0"))
    for record in records:
        if not record or record.startswith(b"#"):
            continue
        kind, code = record[:1], os.fsdecode(record[2:4])
        fields = record.split(b" ", _FIELDS_BEFORE_PATH.get(kind, 0))
        if len(fields) == 1:
            raise WorkspaceError(f"cannot read the status: {record[:40]!r} is no record of it")
        if kind == b"2":
            next(records, None)  # where it was before the rename
        if kind in b"u?":
            code = (kind * 2).decode()
        yield Uncommitted(os.fsdecode(fields[-1]).removeprefix(prefix), code, record)


def count_dirty(found: Iterable[Uncommitted]) -> dict[str, int]:
    """How many paths are staged, unstaged (a path may be both), untracked and conflicted."""
    codes = [one.code for one in found]
    changed = [code for code in codes if code not in ("??", "uu")]
    return {
        "staged": sum(code[0] != "." for code in changed),
        "unstaged": sum(code[1] != "." for code in changed),
        "untracked": codes.count("??"),
        "conflicted": codes.count("uu"),
    }


@dataclass(frozen=True)
class Weighed:
    """`digest` changes with any uncommitted file; the oldest is the one written longest ago."""

    digest: str
    oldest_at: float | None = None
    oldest_path: str | None = None


def weigh(root: Path, found: Iterable[Uncommitted]) -> Weighed:
    """Look at each uncommitted file's size and time (of at most 20,000; nothing is opened)."""
    digest = blake2b(digest_size=16)
    ages: list[tuple[float, str]] = []
    left = _MAX_SEEN
    for one in found:
        digest.update(one.record + b"\0")
        for path, facts in _facts_of(root / one.path, left):
            left -= 1
            digest.update(f"{facts.st_size} {facts.st_mtime_ns} {facts.st_mode} ".encode())
            digest.update(os.fsencode(path) + b"\0")
            if not stat.S_ISDIR(facts.st_mode):
                ages.append((facts.st_mtime, path))
    oldest_at, oldest_path = min(ages, default=(None, None))
    relative = os.path.relpath(oldest_path, root) if oldest_path else None
    return Weighed(digest.hexdigest(), oldest_at, relative)


def _facts_of(path: Path, most: int) -> Iterator[tuple[str, os.stat_result]]:
    """The file itself, or all that lies in the untracked directory, in a stable order."""
    waiting = [str(path)]
    while waiting and most > 0:
        here = waiting.pop()
        most -= 1
        try:
            facts = os.lstat(here)
            if stat.S_ISDIR(facts.st_mode):
                below = (entry.path for entry in os.scandir(here) if entry.name not in VENDORED)
                waiting.extend(sorted(below, reverse=True))
        except OSError:
            continue  # deleted, or not ours to look into: its record in the status says so already
        yield here, facts
