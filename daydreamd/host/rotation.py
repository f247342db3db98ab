"""Rotating a log: its content becomes `NAME.1.gz`, older ones move up, the oldest go.

Everything happens through one descriptor of a directory that nobody else can write, so that nobody
can lead us elsewhere by exchanging names (as "logrotten" did). A writer that can reopen its log
is told by a signal, and its old log is packed once the writer has let go of it. For all others the
log is copied and cut; what was written between the last read and the cut is lost, and counted as
far as it can be seen.
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError, HostError, ProcessGone
from daydreamd.host.files import DIRECTORY, look_at
from daydreamd.host.processes import Signals, identify, send

_WRITERS_MAY_TAKE: Final = 5.0
_CHUNK: Final = 1 << 20
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Rotation:
    """What came of it: the bytes moved out of the log, those lost, and what is to be said."""

    path: str
    rotated: bool
    bytes: int = 0
    lost_bytes: int = 0
    said: str = ""


def rotate(
    path: Path, *, max_bytes: int, keep: int, pidfile: Path | None = None, signal: str = "HUP"
) -> Rotation:
    """Rotate `path` if it is above `max_bytes`; FileError where that would not be safe.

    With a `pidfile` its process is signalled to reopen the log; without, the log is copied and cut.
    """
    directory = open_private(path.parent)
    try:
        facts = _regular(directory, path)
        if facts is None or facts.st_size <= max_bytes:
            return Rotation(str(path), rotated=False, said="not over its size")
        if pidfile is None:
            return _copy_and_cut(directory, path, keep)
        return _move_and_tell(directory, path, keep, facts, _writer(pidfile, facts), signal)
    except OSError as error:
        raise FileError(f"cannot rotate {path}: {error.strerror}", path=path) from error
    finally:
        os.close(directory)


def open_private(directory: Path) -> int:
    """Open a directory that only we or root can change, and the way to it; FileError for others.

    A sticky directory on the way is fine: what is ours in it cannot be moved by others.
    """
    resolved = directory.resolve()
    handle = os.open("/", DIRECTORY)
    try:
        parts = resolved.parts[1:]
        for depth, name in enumerate(parts, 1):
            below = os.open(name, DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = below
            on_the_way = depth < len(parts)
            _refuse_shared(os.fstat(handle), resolved, sticky_is_fine=on_the_way)
    except OSError as error:
        os.close(handle)
        raise FileError(f"cannot open {directory}: {error.strerror}", path=directory) from error
    except FileError:
        os.close(handle)
        raise
    return handle


def _refuse_shared(facts: os.stat_result, path: Path, *, sticky_is_fine: bool) -> None:
    if facts.st_uid not in (0, os.geteuid()):
        raise FileError(
            f"cannot rotate in {path}: another user owns it or the way to it", path=path
        )
    shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if shared and not (sticky_is_fine and facts.st_mode & stat.S_ISVTX):
        raise FileError(f"cannot rotate in {path}: others can write there", path=path)


def _regular(directory: int, path: Path) -> os.stat_result | None:
    try:
        with look_at(directory, path.name) as (_, facts):
            if not stat.S_ISREG(facts.st_mode):
                raise FileError(f"cannot rotate {path}: not a regular file", path=path)
            if facts.st_nlink != 1:
                raise FileError(f"cannot rotate {path}: it has another name too", path=path)
            return facts
    except FileNotFoundError:
        return None


def _copy_and_cut(directory: int, path: Path, keep: int) -> Rotation:
    log = os.open(path.name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        copied, lost = _pack(log, directory, f"{path.name}.new.gz", cut=True)
    finally:
        os.close(log)
    _shift(directory, path.name, keep, f"{path.name}.new.gz")
    said = f"copied and cut; {lost} bytes were seen to be lost in the moment of the cut"
    return Rotation(str(path), rotated=True, bytes=copied, lost_bytes=lost, said=said)


def _move_and_tell(
    directory: int, path: Path, keep: int, facts: os.stat_result, pid: int, signal: str
) -> Rotation:
    waiting = f"{path.name}.0"  # plain, until its writer has let go of it
    _pack_former(directory, path, keep, waiting, pid)
    os.rename(path.name, waiting, src_dir_fd=directory, dst_dir_fd=directory)
    fresh = os.open(path.name, _NEW_FILE, 0o600, dir_fd=directory)
    os.fchmod(fresh, stat.S_IMODE(facts.st_mode))
    os.fchown(fresh, facts.st_uid, facts.st_gid)
    os.close(fresh)
    try:
        send(identify(pid), Signals[f"SIG{signal}"])
    except (ProcessGone, HostError) as error:
        raise FileError(f"cannot tell the writer of {path}: {error}", path=path) from error
    give_up = time.monotonic() + _WRITERS_MAY_TAKE
    while _has_open(pid, facts):
        if time.monotonic() > give_up:
            said = f"moved to {waiting}; pid {pid} still writes to it, so it is not packed yet"
            return Rotation(str(path), rotated=True, bytes=facts.st_size, said=said)
        time.sleep(0.02)
    size = _pack_waiting(directory, path.name, keep, waiting)
    return Rotation(str(path), rotated=True, bytes=size, said=f"pid {pid} has reopened it")


def _pack_former(directory: int, path: Path, keep: int, waiting: str, pid: int) -> None:
    """Pack what a slow writer kept us from packing the last time."""
    with suppress(FileNotFoundError):
        with look_at(directory, waiting) as (_, facts):
            if _has_open(pid, facts):
                reason = f"pid {pid} has not let go of {waiting} yet"
                raise FileError(f"cannot rotate {path}: {reason}", path=path)
        _pack_waiting(directory, path.name, keep, waiting)


def _pack_waiting(directory: int, name: str, keep: int, waiting: str) -> int:
    old = os.open(waiting, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        size, _ = _pack(old, directory, f"{name}.new.gz", cut=False)
    finally:
        os.close(old)
    _shift(directory, name, keep, f"{name}.new.gz")
    os.unlink(waiting, dir_fd=directory)
    return size


def _writer(pidfile: Path, facts: os.stat_result) -> int:
    """The process that the pid file names, if it has this very log open; a stale one is refused."""
    try:
        pid = int(pidfile.read_text().strip())
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read a pid from {pidfile}: {error}", path=pidfile) from error
    if not _has_open(pid, facts):
        raise FileError(f"cannot rotate for pid {pid} of {pidfile}: it has not opened the log")
    return pid


def _has_open(pid: int, facts: os.stat_result) -> bool:
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # gone
        return False
    for descriptor in descriptors:
        try:
            if os.path.samestat(descriptor.stat(), facts):
                return True
        except OSError:  # closed meanwhile
            continue
    return False


def _pack(source: int, directory: int, name: str, *, cut: bool) -> tuple[int, int]:
    """Compress all of `source` into a new file; bytes read, and bytes lost by cutting it.

    The bulk is on disk before the rest is read and the source cut, so that no more than a moment
    lies between the last read and the cut. What comes even between those two nobody can count.
    """
    with suppress(FileNotFoundError):  # left by one that was killed
        os.unlink(name, dir_fd=directory)
    mode, lost = stat.S_IMODE(os.fstat(source).st_mode), 0
    with os.fdopen(os.open(name, _NEW_FILE, mode, dir_fd=directory), "wb") as file:
        with (
            gzip.GzipFile(fileobj=file, mode="wb", filename="") as packed,
            os.fdopen(source, "rb", closefd=False) as plain,
        ):
            shutil.copyfileobj(plain, packed, _CHUNK)
            packed.flush()
            os.fsync(file.fileno())
            shutil.copyfileobj(plain, packed, _CHUNK)
            size = plain.tell()
            if cut:
                lost = max(0, os.fstat(source).st_size - size)
                os.ftruncate(source, 0)
        file.flush()
        os.fsync(file.fileno())
    return size, lost


def _shift(directory: int, name: str, keep: int, newest: str) -> None:
    """Move former logs up by one, the newest in as number 1, and remove those above `keep`."""
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries]
    numbers = [_number(entry, name) for entry in names]
    for number in sorted((number for number in numbers if number), reverse=True):
        old = f"{name}.{number}.gz"
        if number >= keep:
            os.unlink(old, dir_fd=directory)
        else:
            os.rename(old, f"{name}.{number + 1}.gz", src_dir_fd=directory, dst_dir_fd=directory)
    if keep:
        os.rename(newest, f"{name}.1.gz", src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(newest, dir_fd=directory)
    os.fsync(directory)


def _number(entry: str, name: str) -> int:
    """N of `NAME.N.gz`; 0 for everything else."""
    middle = entry.removeprefix(f"{name}.").removesuffix(".gz")
    return int(middle) if entry == f"{name}.{middle}.gz" and middle.isdecimal() else 0
