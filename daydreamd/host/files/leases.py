"""Proof that nobody has a file open: the kernel grants a write lease only to who is alone with it.

It sees every process, of every user and in every namespace, and what is mapped without a
descriptor; looking through `/proc` sees only what we may look into (`man 2 fcntl`, Leases).
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from daydreamd.host.files.access import look_at
from daydreamd.host.files.deletion import Place, Removal, place_of, remove_at
from daydreamd.host.files.leftovers import last_touched

IN_USE: Final = "a process has it open"
NOT_TOLD: Final = "whether a process has it open cannot be told"
_HELD: Final = (errno.EAGAIN, errno.EACCES, errno.EBUSY)


@contextmanager
def alone_with(directory: int, name: str, expected: Place) -> Iterator[str]:
    """ "" while nobody else has the file open, or can open it; else why that is not so.

    The file is not read. Who opens it meanwhile waits until the lease is given back.
    """
    file = -1
    try:
        file = _open(directory, name, expected)
        said = _lease(file) if file >= 0 else NOT_TOLD
    except OSError:  # gone, or closed to us
        said = NOT_TOLD
    try:
        yield said
    finally:
        if file >= 0:
            os.close(file)  # and the lease with it


def remove_unopened(
    directory: int, name: str, *, uid: int, expected: Place, min_age: float
) -> Removal:
    """Remove one file if nobody has it open, by a proof that holds while it goes.

    By now, too, it has to be untouched for `min_age` seconds.
    """
    with alone_with(directory, name, expected) as held_by:
        is_young = not held_by and _age(directory, name) < min_age
        if spared := held_by or ("touched meanwhile" if is_young else ""):
            return Removal(left=[f"{name}: {spared}"])
        return remove_at(directory, name, uid=uid, expected=expected)


def _age(directory: int, name: str) -> float:
    with look_at(directory, name) as (_, facts):
        return time.time() - last_touched(facts)


def _open(directory: int, name: str, expected: Place) -> int:
    with look_at(directory, name) as (handle, facts):
        if place_of(facts) != expected:
            return -1
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOATIME | os.O_CLOEXEC
        return os.open(f"/proc/self/fd/{handle}", flags)


def _lease(file: int) -> str:
    # Whoever breaks the lease has a signal sent to us; SIGIO, the usual one, would kill.
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        return IN_USE if error.errno in _HELD else NOT_TOLD
    return ""
