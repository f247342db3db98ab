"""Packing a log bit by bit, so that a kill at any moment loses nothing and the next run goes on.

The packed part lies beside the log, and its name says how far it is: which log (inode and a check
sum of its head), how many bytes of it are packed, into how many. A part is written, then renamed;
what lies behind the length in its name does not count. `.part` is under way and the log still holds
it all; `.packed` is complete, and the log may have been cut since: it is never thrown away.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from dataclasses import dataclass, replace
from typing import Final

_CHUNK: Final = 4 << 20
_SAVED_EVERY: Final = 64 << 20
_HEAD: Final = 4096
_GZIP: Final = 31  # of zlib's window bits: with gzip's header and trailer
_QUICK_ABOVE: Final = 64 << 20
_APPENDED: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Part:
    """How far a log is packed: `offset` bytes of it, into `packed` bytes."""

    log: str
    inode: int
    head: int = 0
    offset: int = 0
    packed: int = 0
    complete: bool = False

    @property
    def file(self) -> str:
        ending = "packed" if self.complete else "part"
        return f".{self.log}.{self.inode}-{self.head:08x}-{self.offset}-{self.packed}.{ending}"

    def fits(self, source: int) -> bool:
        """Whether the open log still begins with what is packed."""
        facts = os.fstat(source)
        same = facts.st_ino == self.inode and facts.st_size >= self.offset
        return same and _head(source, self.offset) == self.head


def find_parts(directory: int, log: str) -> list[Part]:
    """The parts of a log that former runs have left."""
    shape = re.compile(
        rf"\.{re.escape(log)}\.(\d{{1,20}})-([0-9a-f]{{8}})-(\d{{1,20}})-(\d{{1,20}})\.(part|packed)"
    )
    with os.scandir(directory) as entries:
        found = [shape.fullmatch(entry.name) for entry in entries]
    return [
        Part(log, int(one[1]), int(one[2], 16), int(one[3]), int(one[4]), one[5] == "packed")
        for one in found
        if one
    ]


class Packing:
    """Packs the open log `source`, from where `part` stands. To be closed."""

    def __init__(self, directory: int, part: Part, source: int) -> None:
        facts = os.fstat(source)
        self._directory, self._source = directory, source
        self.part = self._saved = part
        self._level = 1 if facts.st_size > _QUICK_ABOVE else 6
        self._file = os.open(part.file, _APPENDED, facts.st_mode & 0o777, dir_fd=directory)
        os.ftruncate(self._file, part.packed)
        os.lseek(self._file, 0, os.SEEK_END)

    def close(self) -> None:
        os.close(self._file)

    def advance(self, upto: int, stop_at: float) -> bool:
        """Pack up to byte `upto` of the log, or until `stop_at` (monotonic); whether it got there.

        At least one piece is packed, so that even the shortest runs come to an end.
        """
        while self.part.offset < upto:
            piece = os.pread(self._source, min(_CHUNK, upto - self.part.offset), self.part.offset)
            if not piece:
                break  # somebody has cut it meanwhile
            packed = _write_all(self._file, self._compressed(piece))
            self.part = replace(
                self.part,
                offset=self.part.offset + len(piece),
                packed=self.part.packed + packed,
            )
            if self.part.offset - self._saved.offset >= _SAVED_EVERY:
                self.save()
            if time.monotonic() >= stop_at:
                break
        return self.part.offset >= upto

    def save(self, *, complete: bool = False, on_disk: bool = True) -> None:
        """Say in the name how far it is; `on_disk` also survives a power cut."""
        head = _head(self._source, self.part.offset)
        self.part = replace(self.part, head=head, complete=complete or self._saved.complete)
        if on_disk:
            os.fsync(self._file)
        if self.part != self._saved:
            _rename(self._directory, self._saved.file, self.part.file)
        if on_disk:
            os.fsync(self._directory)
        self._saved = self.part

    def _compressed(self, piece: bytes) -> bytes:
        packer = zlib.compressobj(self._level, zlib.DEFLATED, _GZIP)
        return packer.compress(piece) + packer.flush()


def trim(directory: int, part: Part) -> None:
    """Take away what was written behind the length in a part's name."""
    file = os.open(part.file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if os.fstat(file).st_size > part.packed:
            os.ftruncate(file, part.packed)
            os.fsync(file)
    finally:
        os.close(file)


def _head(source: int, offset: int) -> int:
    return zlib.crc32(os.pread(source, min(_HEAD, offset), 0))


def _write_all(file: int, data: bytes) -> int:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
    return len(data)


def _rename(directory: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)
