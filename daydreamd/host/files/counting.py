"""How much there is below a directory, counted a piece at a time and taken up again later.

Sizes are blocks, so that a sparse file counts for what it takes; a file with several names counts
once. No link is followed, no other file system entered, nothing of another user looked into, and no
file opened. A count that is not finished knows only that there is at least so much.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

_DIRECTORY: Final = (
    os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOATIME
)
_LOOK_AT_CLOCK_EVERY: Final = 2_000
_MOST_PENDING: Final = 200_000
_BITS: Final = 15
_MOST_CHUNKS: Final = 4_096


class SeenLinks:
    """Which files with several names were counted: a bit for each inode, 16 MiB at most."""

    def __init__(self, chunks: list[tuple[int, int, bytes]] | None = None) -> None:
        self._chunks = {(dev, high): bytearray(bits) for dev, high, bits in chunks or ()}

    def chunks(self) -> list[tuple[int, int, bytes]]:
        """All of it, to be kept."""
        return [(dev, high, bytes(bits)) for (dev, high), bits in self._chunks.items()]

    def add(self, device: int, inode: int) -> bool | None:
        """Whether it is new; None where there is no more room to remember it."""
        chunk = self._chunks.get((device, inode >> _BITS))
        if chunk is None:
            if len(self._chunks) >= _MOST_CHUNKS:
                return None
            chunk = self._chunks[(device, inode >> _BITS)] = bytearray(1 << (_BITS - 3))
        place, bit = (inode >> 3) & ((1 << (_BITS - 3)) - 1), 1 << (inode & 7)
        if chunk[place] & bit:
            return False
        chunk[place] |= bit
        return True


class TreeCount(msgspec.Struct):
    """The count of one tree so far. `pending` are directories, and how many entries are done.

    `size` is in bytes, `apart_size` what of it lies below directories of a given name. `missed`
    counts what is not ours, not readable or on another file system. `device` -1: it is not yet
    known where the tree lies.
    """

    root: bytes
    size: int = 0
    files: int = 0
    apart_size: int = 0
    missed: int = 0
    device: int = -1
    pending: list[tuple[bytes, int]] = []

    @property
    def is_finished(self) -> bool:
        return self.device != -1 and not self.pending

    def begin(self, uid: int, links: SeenLinks) -> None:
        """Look at the root, which may be a single file; FileNotFoundError where it is none."""
        facts = os.lstat(self.root)
        self.device = facts.st_dev
        if facts.st_uid != uid:
            self.missed += 1
        else:
            self._add(facts, links, apart=False)
            self.pending = [(self.root, 0)] if stat.S_ISDIR(facts.st_mode) else []

    def go_on(self, uid: int, links: SeenLinks, *, until: float, apart: bytes = b"") -> None:
        """Count until it is finished, or `until` (monotonic seconds)."""
        while self.pending and time.monotonic() < until:
            path, done = self.pending.pop()
            if len(self.pending) > _MOST_PENDING:
                self.missed += 1
                continue
            try:
                handle = os.open(path, _DIRECTORY)
            except FileNotFoundError:  # removed meanwhile: it holds nothing
                continue
            except OSError:  # closed to us, beyond any path's length, or a link by now
                self.missed += 1
                continue
            try:
                facts = os.fstat(handle)
                if facts.st_dev != self.device or facts.st_uid != uid:
                    self.missed += 1
                    continue
                is_apart = bool(apart) and apart in path[len(self.root) :].split(b"/")
                self._count_entries(path, handle, done, (uid, links, is_apart, until))
            finally:
                os.close(handle)

    def _count_entries(
        self, path: bytes, handle: int, done: int, how: tuple[int, SeenLinks, bool, float]
    ) -> None:
        uid, links, is_apart, until = how
        with os.scandir(handle) as entries:
            for number, entry in enumerate(entries):
                if number < done:
                    continue
                looks = number > done and not number % _LOOK_AT_CLOCK_EVERY
                if looks and time.monotonic() >= until:
                    self.pending.append((path, number))
                    return
                try:
                    facts = entry.stat(follow_symlinks=False)
                except OSError:  # gone
                    continue
                if facts.st_uid != uid:
                    self.missed += 1
                elif stat.S_ISDIR(facts.st_mode):
                    self._meet_directory(b"%b/%b" % (path, os.fsencode(entry.name)), facts)
                else:
                    self._add(facts, links, apart=is_apart)

    def _meet_directory(self, path: bytes, facts: os.stat_result) -> None:
        if facts.st_dev == self.device:
            self.size += facts.st_blocks * 512
            self.pending.append((path, 0))
        else:
            self.missed += 1

    def _add(self, facts: os.stat_result, links: SeenLinks, *, apart: bool) -> None:
        size = facts.st_blocks * 512
        if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
            is_new = links.add(facts.st_dev, facts.st_ino)
            if is_new is None:
                size //= facts.st_nlink  # each of its names for its share
            elif not is_new:
                return
        self.size += size
        self.files += not stat.S_ISDIR(facts.st_mode)
        self.apart_size += size if apart else 0


def entries_of(directory: Path, *, most: int = 10_000) -> Iterator[tuple[Path, os.stat_result]]:
    """Up to `most` entries of a directory that may not be there, each as it is, not followed."""
    try:
        with os.scandir(directory) as found:
            for _, entry in zip(range(most), found, strict=False):
                yield directory / entry.name, entry.stat(follow_symlinks=False)
    except OSError:  # not there, closed to us, or gone meanwhile: nothing is known of the rest
        return
