"""Rotating a log: its content becomes `NAME.1.gz`, older ones move up, the oldest go.

Everything happens through one descriptor of a directory that nobody else can write, so that nobody
can lead us elsewhere by exchanging names (as "logrotten" did). Each step leaves the log whole or
packed under a name that the next run knows; where a kill makes it doubtful whether the log was cut,
its content is kept twice rather than lost.

A writer that can reopen its log is told by a signal, and its old log is packed once nobody has it
open any more. For all others the log is copied and cut: without a gap where the file system can
take out its beginning; elsewhere what is written between the last read and the cut is lost, and
counted as far as it can be seen.
"""

from __future__ import annotations

import fcntl
import math
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.access import look_at
from daydreamd.host.files.private import open_private
from daydreamd.host.log_files.archives import take_in
from daydreamd.host.log_files.cutting import block_of, can_collapse, collapse
from daydreamd.host.log_files.packing import Packing, Part, find_parts, trim
from daydreamd.host.log_files.writers import Told, Writer, openers

_WRITERS_MAY_TAKE: Final = 5.0
_LAST_WORDS: Final = 50
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Rotation:
    """What came of it: the bytes moved out of the log, those lost, and what is to be said.

    `unfinished`: the time was up; the next run goes on.
    """

    path: str
    rotated: bool
    bytes: int = 0
    lost_bytes: int = 0
    said: str = ""
    unfinished: bool = False


def rotate(
    path: Path,
    *,
    max_bytes: int,
    keep: int,
    writer: Writer | None = None,
    stop_at: float = math.inf,
) -> Rotation:
    """Rotate `path` if it is above `max_bytes`; FileError where that would not be safe.

    With a `writer` its process is told to reopen the log; without, the log is copied and cut. Packs
    until `stop_at` (monotonic seconds). What a killed run has left is put in order first.
    """
    try:
        with _held(path) as directory:
            return _Log(directory, path, keep, stop_at).rotate(max_bytes, writer)
    except OSError as error:
        raise FileError(f"cannot rotate {path}: {error.strerror}", path=path) from error


@contextmanager
def _held(path: Path) -> Iterator[int]:
    directory = open_private(path.parent)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield directory
    except BlockingIOError as error:
        reason = "another daydreamd rotates in that directory"
        raise FileError(f"cannot rotate {path}: {reason}", path=path) from error
    finally:
        os.close(directory)


class _Log:
    """A log in its directory, while it is rotated."""

    def __init__(self, directory: int, path: Path, keep: int, stop_at: float) -> None:
        self._directory, self._path, self._keep, self._stop_at = directory, path, keep, stop_at
        self._name, self._waiting = path.name, f"{path.name}.0"  # plain, until nobody writes to it

    def rotate(self, max_bytes: int, writer: Writer | None) -> Rotation:
        self._take_in_complete()
        if writer and self._regular(self._waiting):
            done = self._finish_waiting(writer)
            if not done.rotated or self._size() <= max_bytes:
                return done
        facts = self._regular(self._name)
        if facts is None or facts.st_size <= max_bytes:
            return Rotation(str(self._path), rotated=False, said="not over its size")
        if writer is None:
            return self._copy_and_cut()
        writer.check(self._path, facts)
        os.rename(self._name, self._waiting, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        return self._finish_waiting(writer)

    def _size(self) -> int:
        facts = self._regular(self._name)
        return facts.st_size if facts else 0

    def _regular(self, name: str) -> os.stat_result | None:
        try:
            with look_at(self._directory, name) as (_, facts):
                if not stat.S_ISREG(facts.st_mode):
                    reason = "not a regular file"
                    raise FileError(f"cannot rotate {self._path}: {reason}", path=self._path)
                if facts.st_nlink != 1:
                    reason = "it has another name too"
                    raise FileError(f"cannot rotate {self._path}: {reason}", path=self._path)
                return facts
        except FileNotFoundError:
            return None

    def _copy_and_cut(self) -> Rotation:
        log = os.open(self._name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._directory)
        packing = Packing(self._directory, self._part_of(log), log)
        try:
            size = os.fstat(log).st_size
            block = block_of(self._directory)
            if not packing.advance(size // block * block, self._stop_at):
                return self._go_on_later(packing, size)
            is_written = os.fstat(log).st_size > size or openers(os.fstat(log))
            if is_written and can_collapse(self._directory, self._name):
                if os.fstat(log).st_size <= block:
                    return self._leave(packing)
                lost = self._take_out(log, packing, block)
            else:
                lost = _cut(log, packing)
            self._take_in(packing.part)
        finally:
            packing.close()
            os.close(log)
        said = "copied and cut"
        said += f"; {lost} bytes were seen to be lost in the moment of the cut" if lost else ""
        return Rotation(str(self._path), True, packing.part.offset, lost, said)

    def _take_out(self, log: int, packing: Packing, block: int) -> int:
        """Take out what is packed, and keep what is being written; how many bytes were lost."""
        packing.advance((os.fstat(log).st_size - 1) // block * block, math.inf)
        packing.save(complete=True)
        if packing.part.offset and collapse(log, packing.part.offset):
            return 0
        return _cut(log, packing)

    def _leave(self, packing: Packing) -> Rotation:
        """Keep the log as it is: less than a block cannot be taken out without a gap."""
        self._take_in(packing.part)
        said = "is being written, and too small to be cut without losing anything"
        return Rotation(str(self._path), rotated=False, said=said)

    def _go_on_later(self, packing: Packing, size: int) -> Rotation:
        packing.save()
        share = f"{packing.part.offset >> 20} of {size >> 20} MiB"
        said = f"packed {share} so far; the next run goes on"
        return Rotation(str(self._path), rotated=False, said=said, unfinished=True)

    def _finish_waiting(self, writer: Writer) -> Rotation:
        """Give the log a new file, tell its writer, and pack the old one when it is let go."""
        facts = self._regular(self._waiting)
        if facts is None:
            return Rotation(str(self._path), rotated=False, said="not over its size")
        self._make_new(facts)
        told, give_up = Told(None, "nobody has it open"), time.monotonic() + _WRITERS_MAY_TAKE
        writing = openers(facts)
        if writing:
            told = writer.tell(self._path)
        while writing and time.monotonic() < min(give_up, self._stop_at):
            time.sleep(0.02)
            writing = {pid for pid in writing if openers(facts, (pid,))}
        if writing or (writing := openers(facts)):
            said = f"moved to {self._waiting}; {told.said}; "
            said += f"pid {min(writing)} still writes to it, so it is not packed yet"
            return Rotation(str(self._path), True, facts.st_size, said=said)
        return self._pack_waiting(told)

    def _make_new(self, facts: os.stat_result) -> None:
        with suppress(FileExistsError):  # the writer was quicker, or a former run was cut short
            fresh = os.open(self._name, _NEW_FILE, 0o600, dir_fd=self._directory)
            try:
                os.fchmod(fresh, stat.S_IMODE(facts.st_mode))
                os.fchown(fresh, facts.st_uid, facts.st_gid)
            finally:
                os.close(fresh)

    def _pack_waiting(self, told: Told) -> Rotation:
        old = os.open(
            self._waiting, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._directory
        )
        packing = Packing(self._directory, self._part_of(old), old)
        try:
            size = os.fstat(old).st_size
            if not packing.advance(size, self._stop_at):
                return self._go_on_later(packing, size)
            packing.save(complete=True)
        finally:
            packing.close()
            os.close(old)
        os.unlink(self._waiting, dir_fd=self._directory)
        self._take_in(packing.part)
        said = f"pid {told.pid} has reopened it" if told.pid else told.said
        return Rotation(str(self._path), rotated=True, bytes=size, said=said)

    def _part_of(self, source: int) -> Part:
        """The part that a former run has begun of this very log; others are kept as they are."""
        found = Part(self._name, os.fstat(source).st_ino)
        for part in find_parts(self._directory, self._name):
            if part.fits(source) and part.offset > found.offset:
                found = part
        for part in find_parts(self._directory, self._name):
            if part != found:
                self._take_in(part)
        return found

    def _take_in_complete(self) -> None:
        """Take in what a killed run had packed: the log may have been cut since."""
        for part in find_parts(self._directory, self._name):
            if part.complete:
                with suppress(FileNotFoundError), look_at(self._directory, self._waiting) as seen:
                    if (seen[1].st_ino, seen[1].st_size) == (part.inode, part.offset):
                        os.unlink(self._waiting, dir_fd=self._directory)
                self._take_in(part)
        with suppress(FileNotFoundError):  # of an older version: its log may have been cut
            take_in(self._directory, self._name, f"{self._name}.new.gz", self._keep)

    def _take_in(self, part: Part) -> None:
        if part.offset == 0:
            with suppress(FileNotFoundError):
                os.unlink(part.file, dir_fd=self._directory)
            return
        trim(self._directory, part)
        take_in(self._directory, self._name, part.file, self._keep)


def _cut(log: int, packing: Packing) -> int:
    """Pack the rest and cut the log to nothing; how many bytes were seen to come in between.

    Each round is short, so that in the last one hardly anything comes.
    """
    for turn in range(_LAST_WORDS):
        packing.advance(os.fstat(log).st_size, math.inf)
        packing.save(complete=True, on_disk=turn == 0)
        if os.fstat(log).st_size <= packing.part.offset:
            break
    lost = os.fstat(log).st_size - packing.part.offset
    if lost < 0:  # somebody else has cut it: what it holds now is new
        return 0
    os.ftruncate(log, 0)
    return lost
