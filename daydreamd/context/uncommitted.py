"""What is not committed: counts, paths, how long it has been lying there, and a fingerprint."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from daydreamd.context.exclusion import VENDORED
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.listing import MAX_BYTES
from daydreamd.errors import FileError, WorkspaceError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.facts import DirtyFacts

_MAX_SEEN: Final = 400_000
_MAX_READ: Final = 64 << 20
_VENDORED: Final = frozenset(VENDORED)
_FIELDS_BEFORE_PATH: Final = {b"1": 8, b"2": 9, b"u": 10, b"?": 1}


@dataclass(frozen=True)
class Uncommitted:
    """One path that differs from HEAD. `code` is git's: two letters, or `uu` or `??`.

    Its second letter is `?` where a program would have to be run to know (`M?`, `.?`).
    """

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


def count_dirty(found: Iterable[Uncommitted]) -> DirtyFacts:
    """How many paths differ, by kind, and of how many more only a filter could tell."""
    codes = [one.code for one in found]
    changed = [code for code in codes if code not in ("??", "uu")]
    return DirtyFacts(
        files=len(codes) - codes.count(".?"),
        staged=sum(code[0] != "." for code in changed),
        unstaged=sum(code[1] not in ".?" for code in changed),
        untracked=codes.count("??"),
        conflicted=codes.count("uu"),
        unknown=sum(code[1] == "?" for code in changed),
    )


@dataclass(frozen=True)
class Weighed:
    """`digest` changes with the content of an uncommitted file, `records` with what git says of it;
    the oldest is the one changed longest ago."""

    digest: str
    oldest_at: float | None = None
    oldest_path: str | None = None
    records: str = ""


def weigh(
    root: Path, found: Iterable[Uncommitted], *, excluded: Callable[[str], bool] = lambda _: False
) -> Weighed:
    """Read what is uncommitted, within bounds; beyond them sizes and times stand for contents.

    Neither a new time nor a file that is never shown changes the digest.
    """
    digest, records = blake2b(digest_size=16), blake2b(digest_size=16)
    ages: list[tuple[float, str]] = []
    left, bytes_left = _MAX_SEEN, _MAX_READ
    for one in found:
        records.update(one.record + b"\0")
        if excluded(one.path.rstrip("/")) or _VENDORED.intersection(one.path.split("/")):
            continue
        digest.update(b"\1" + os.fsencode(one.path) + b"\0")
        for path, facts in _facts_of(root / one.path, left):
            left -= 1
            relative = os.path.relpath(path, root)
            if stat.S_ISDIR(facts.st_mode) or excluded(relative):
                continue
            ages.append((max(facts.st_mtime, facts.st_ctime), relative))
            digest.update(os.fsencode(relative) + b"\0")
            digest.update(_content(root, relative, facts, bytes_left > 0))
            bytes_left -= min(facts.st_size, MAX_BYTES)
    # A time that was set, as `cp -p` does, is older than the change; the kernel's own time is not.
    oldest_at, oldest_path = min(ages, default=(None, None))
    return Weighed(digest.hexdigest(), oldest_at, oldest_path, records.hexdigest())


def _content(root: Path, path: str, facts: os.stat_result, is_read: bool) -> bytes:
    """What stands for a file: its kind, size and content; its time where that is not read."""
    said = f"{stat.S_IFMT(facts.st_mode)} {facts.st_size} ".encode()
    if not stat.S_ISREG(facts.st_mode):
        return said
    if facts.st_size > MAX_BYTES or not is_read:
        return said + f"{facts.st_mtime_ns}".encode()
    try:
        return (
            said + blake2b(read_beneath(root, path, max_bytes=MAX_BYTES), digest_size=16).digest()
        )
    except FileError:
        return said  # gone, grown or not ours to read: nor is it shown


def _facts_of(path: Path, most: int) -> Iterator[tuple[str, os.stat_result]]:
    """The file itself, or all that lies in the untracked directory, in a stable order."""
    waiting = [str(path)]
    while waiting and most > 0:
        here = waiting.pop()
        most -= 1
        try:
            facts = os.lstat(here)
            if stat.S_ISDIR(facts.st_mode):
                names = [entry.name for entry in os.scandir(here)]
                # A repository of its own (an agent's work tree) is none of this one's files.
                below = [] if ".git" in names else [n for n in names if n not in VENDORED]
                waiting.extend(sorted((f"{here}/{name}" for name in below), reverse=True))
        except OSError:
            continue  # deleted, or not ours to look into: its record in the status says so already
        yield here, facts
