"""Which process this is: a pid alone says nothing, since pids are used again.

A decision is made about an `Identity`, and a signal goes to an identity and to nobody else: a pidfd
is opened first, then everything is read again, and only if it is still the same does the signal go
through the pidfd, which can reach no other process even if the pid is taken over in between.
This file does not know why anybody would want to signal anything.
"""

from __future__ import annotations

import os
import select
import signal as signals
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from daydreamd.errors import HostError, ProcessGone
from daydreamd.host.processes import procfs


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, for as long as the machine is up. `exe` is "" where it cannot be read.

    `birth` is the inode of its pidfd. Linux gives every process one of its own since 6.9, and the
    same to all before; it tells apart two that were born with one pid within one clock tick.
    """

    pid: int
    start_ticks: int
    uid: int
    exe: str
    birth: int = field(default=0, compare=False)


def identify(pid: int) -> Identity:
    """The identity of the process that has `pid` now; ProcessGone where there is none."""
    with _pinned(pid) as pidfd:
        identity = _read(pid, pidfd)
        # Alive or a zombie still: then the pid was never free, and all facts are of one process.
        _probe(pidfd, pid)
        return identity


def identify_all(pids: Iterable[int]) -> list[Identity]:
    """The identities of these pids; processes that are gone are left out."""
    found = []
    for pid in pids:
        try:
            found.append(identify(pid))
        except ProcessGone:
            continue
    return found


def send(identity: Identity, signal: signals.Signals, *, even_after_exec: bool = False) -> bool:
    """Signal this process and no other; False when it is gone or the pid is another process's.

    One that has replaced its program since is another one, too, unless `even_after_exec`.
    HostError when it is not ours to signal.
    """
    try:
        with _pinned(identity.pid) as pidfd:
            found = _read(identity.pid, pidfd)
            if not is_same_process(identity, found):
                return False
            if found != identity and not even_after_exec:
                return False
            signals.pidfd_send_signal(pidfd, signal)
    except (ProcessGone, ProcessLookupError):
        return False
    except PermissionError as error:
        message = f"cannot signal process {identity.pid}: not permitted"
        raise HostError(message) from error
    return True


def is_same_process(one: Identity, other: Identity) -> bool:
    """Whether both are one process, whatever program it runs by now."""
    same_birth = not one.birth or not other.birth or one.birth == other.birth
    return (one.pid, one.start_ticks) == (other.pid, other.start_ticks) and same_birth


def is_alive(identity: Identity) -> bool:
    """Whether it lives; a zombie does not, unless only its first thread is one."""
    try:
        with _pinned(identity.pid) as pidfd:
            same = is_same_process(identity, _read(identity.pid, pidfd))
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)  # readable once the last thread is gone
            return same and not ended.poll(0)
    except ProcessGone:
        return False


def age_seconds(start_ticks: int) -> float:
    """How long ago a process started; suspend counts, changes of the wall clock do not."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return max(0.0, now - start_ticks / procfs.TICKS_PER_SECOND)


def marked(name: str, value: str | None = None) -> list[Identity]:
    """Processes with NAME (or NAME=value) in the environment they were started with."""
    found = []
    for pid in procfs.scan():
        environ = procfs.read_environ(pid) or {}
        if name in environ and value in {None, environ[name]}:
            found.append(pid)
    return identify_all(found)


@contextmanager
def _pinned(pid: int) -> Iterator[int]:
    try:
        pidfd = os.pidfd_open(pid)
    except (ProcessLookupError, FileNotFoundError) as error:  # the latter names a thread
        raise ProcessGone(f"cannot find process {pid}: it has ended") from error
    try:
        yield pidfd
    finally:
        os.close(pidfd)


def _read(pid: int, pidfd: int) -> Identity:
    stat, uid = procfs.read_stat(pid), procfs.read_uid(pid)
    if stat is None or uid is None:
        raise ProcessGone(f"cannot read process {pid}: it has ended")
    return Identity(pid, stat.start_ticks, uid, procfs.read_exe(pid), os.fstat(pidfd).st_ino)


def _probe(pidfd: int, pid: int) -> None:
    try:
        signals.pidfd_send_signal(pidfd, 0)
    except ProcessLookupError as error:
        raise ProcessGone(f"cannot read process {pid}: it has ended") from error
    except PermissionError:
        pass  # somebody else's, and there: that is all we ask
