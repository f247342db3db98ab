"""Files that others write to while they are read: one's own, regular, and never through a link.

Reading is asynchronous through aiofiles, in threads that can be left behind, as the disk of a home
directory may be a network's that has died. A file of another owner, a link, a FIFO, a device is
never opened for reading.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import aiofiles

from daydreamd.errors import FileError
from daydreamd.host.threads import begin_aside

P = ParamSpec("P")
T = TypeVar("T")

CHUNK_BYTES: Final = 4 << 20
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_READ_SECONDS: Final = 10.0


class _Spare(Executor):
    """The threads that nobody waits for, as an executor."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return begin_aside(partial(fn, *args, **kwargs))


_SPARE: Final = _Spare()


@dataclass(frozen=True, slots=True)
class FileMark:
    """Which file it is and how it stood when it was looked at; `changed` is its mtime in ns."""

    path: str
    inode: int
    size: int
    changed: int


def own_files(
    root: Path, *, suffixes: tuple[str, ...], most: int, deepest: int
) -> tuple[list[FileMark], bool]:
    """The caller's own regular files below `root`, and whether there were more than `most`.

    Links are not followed, directories of other owners not entered. Blocks: ask it in a thread.
    """
    found: list[FileMark] = []
    left, queue, uid = most * 4, [(os.fspath(root), 0)], os.geteuid()
    for directory, depth in queue:
        for entry in _entries(directory):
            left -= 1
            if left < 0 or len(found) >= most:
                return found, True
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone meanwhile
            if facts.st_uid != uid:
                continue
            if stat.S_ISDIR(facts.st_mode) and depth < deepest:
                queue.append((entry.path, depth + 1))
            elif stat.S_ISREG(facts.st_mode) and entry.name.endswith(suffixes):
                found.append(_mark(entry.path, facts))
    return found, False


def own_file(path: Path) -> FileMark | None:
    """The mark of one file, if it is the caller's own and regular; a last name that is a link is
    not."""
    try:
        facts = os.lstat(path)
    except (OSError, ValueError):
        return None
    is_own = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid()
    return _mark(os.fspath(path), facts) if is_own else None


async def read_on(path: str, *, start: int, most: int) -> AsyncGenerator[bytes]:
    """What the file holds from `start` on, in chunks, `most` bytes at most.

    FileError where it is not the caller's own regular file, or its disk does not answer.
    """
    try:
        opener = partial(_open_own, start=start)
        opening = aiofiles.open(path, "rb", buffering=0, opener=opener, executor=_SPARE)
        async with opening as file:
            left = most
            while left > 0:
                chunk = await _in_time(file.read(min(CHUNK_BYTES, left)), path)
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}", path=path) from error


async def _in_time(answer: Any, path: str) -> Any:
    try:
        return await asyncio.wait_for(answer, _READ_SECONDS)
    except TimeoutError:
        raise FileError(f"cannot read {path}: its disk does not answer", path=path) from None


def _open_own(path: str, _: int, *, start: int) -> int:
    file = os.open(path, _FLAGS)
    facts = os.fstat(file)
    if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid():
        os.lseek(file, start, os.SEEK_SET)
        return file
    os.close(file)
    raise FileError(f"cannot read {path}: not a regular file of one's own", path=path)


def _entries(directory: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except OSError:  # not there, or closed to us
        return


def _mark(path: str, facts: os.stat_result) -> FileMark:
    return FileMark(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)
