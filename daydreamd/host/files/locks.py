"""A lock that dies with its owner: the kernel holds it, the file only says who has it.

There is no stale lock by construction: what the file says is read only while the lock is held.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from daydreamd.errors import FileError, SessionBusy


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, or raise SessionBusy, which says who holds it and since when."""
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SessionBusy(f"cannot lock {path}: {_say_holder(descriptor)}") from None
        with suppress(OSError):  # a full disk: the lock is held all the same, it only cannot say so
            os.ftruncate(descriptor, 0)
            os.pwrite(
                descriptor, f"{os.getpid()} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode(), 0
            )
        yield
    finally:
        os.close(descriptor)  # children do not inherit it, so this lets go


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"cannot open the lock {path}: {reason}", path=path) from error


def _say_holder(descriptor: int) -> str:
    pid, _, since = os.pread(descriptor, 100, 0).decode(errors="replace").strip().partition(" ")
    try:
        began = datetime.fromisoformat(since).astimezone()
    except ValueError:  # the holder has not said it yet, or could not
        return "another process holds it"
    return f"held by pid {pid} since {began:%H:%M:%S on %Y-%m-%d}"
