"""Orphans of what we started that came back to us.

A process that has become a child subreaper adopts whoever escapes from its descendants (a double
fork, `setsid`). Nothing that we start is meant to outlive its work: a child that no leash answers
for is an orphan and is to be ended, its environment wiped or not. This file only knows them and
waits for the dead ones; `trees` ends the others.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Final

from daydreamd.errors import HostError
from daydreamd.host.processes.procfs import Stat, read_children, read_stat, scan

_PR_SET_CHILD_SUBREAPER: Final = 36
_LISTINGS: Final = 100


class _OwnChildren:
    """Our own children: those that a leash answers for, and orphans."""

    def __init__(self) -> None:
        self.adopts = False
        self._leashed: set[int] = set()
        self._from_before: set[tuple[int, int]] = set()

    def adopt(self) -> None:
        if not self.adopts:
            self._from_before = {(s.pid, s.start_ticks) for s in _children()}
        self.adopts = True

    def leash(self, pid: int) -> None:
        self._leashed.add(pid)

    def release(self, pid: int) -> None:
        self._leashed.discard(pid)

    def is_orphan(self, stat: Stat) -> bool:
        known = stat.pid in self._leashed or (stat.pid, stat.start_ticks) in self._from_before
        return self.adopts and not known


OWN_CHILDREN: Final = _OwnChildren()


def become_subreaper() -> None:
    """Adopt our descendants' orphans from now on. Children from before are no orphans."""
    import ctypes  # noqa: PLC0415 - most programs that import this file never adopt anybody

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise HostError(f"cannot become a child subreaper: {reason}")
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        # Inherited from whoever started us; children would vanish before we learn how they ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    OWN_CHILDREN.adopt()


def reap_orphans() -> list[Stat]:
    """Wait for the orphans that are dead; those left are for `end_tree` to end."""
    found: list[Stat] = []
    for _ in range(_LISTINGS):
        found = [stat for stat in _children() if OWN_CHILDREN.is_orphan(stat)]
        left = [stat for stat in found if not _reaped(stat)]
        if left or not found:
            return left
        # One that died since the listing may have left us a child that is not listed: look again.
    return found  # they come as fast as they go: there is somebody


def _children() -> list[Stat]:
    us = os.getpid()
    pids = read_children(us)
    if pids is None:
        return [stat for stat in scan().values() if stat.ppid == us]
    return [stat for pid in pids if (stat := read_stat(pid))]


def _reaped(stat: Stat) -> bool:
    if stat.state not in "ZX":
        return False
    with suppress(ChildProcessError):  # somebody else waited for it: it is gone all the same
        # 0 while it cannot be waited for: its first thread has ended, and others have not
        return os.waitpid(stat.pid, os.WNOHANG)[0] != 0
    return True
