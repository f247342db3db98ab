"""Process trees: who descends from whom, and the end of a whole tree.

The process that runs this becomes a child subreaper, so that whoever escapes from a tree with
`setsid` and a double fork comes back as a child of ours. Nothing that we start is meant to outlive
its work: a child that no leash answers for is a stray and is ended, its environment wiped or not.
This file does not know what the trees were for.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Final

import anyio

from daydreamd.errors import HostError, ProcessGone
from daydreamd.host.identity import Identity, identify, is_alive, is_same_process, send
from daydreamd.host.procfs import Stat, read_children, read_stat, scan

_PR_SET_CHILD_SUBREAPER: Final = 36
_FREEZE_ROUNDS: Final = 100
KILL_SECONDS: Final = 5.0  # whoever outlives SIGKILL that long hangs in the kernel


@dataclass(frozen=True, slots=True)
class EndReport:
    """What became of a tree. Survivors outlived SIGKILL, or were not ours to signal."""

    ended: tuple[Identity, ...]
    survivors: tuple[Identity, ...]
    seconds: float


def descendants(roots: Iterable[int], table: Mapping[int, Stat]) -> list[Stat]:
    """Everything below these processes in a scan, parents before children, the roots left out."""
    by_parent: dict[int, list[Stat]] = {}
    for stat in table.values():
        by_parent.setdefault(stat.ppid, []).append(stat)
    seen, found, queue = set(roots), [], deque(roots)
    while queue:
        for child in by_parent.get(queue.popleft(), ()):
            if child.pid not in seen:
                seen.add(child.pid)
                found.append(child)
                queue.append(child.pid)
    return found


def ancestors(pid: int, table: Mapping[int, Stat]) -> list[Stat]:
    """Its parent, the parent's parent and so on, up to whoever has none in the scan."""
    found: list[Stat] = []
    stat = table.get(pid)
    while stat and (stat := table.get(stat.ppid)) and stat not in found:
        found.append(stat)
    return found


def living_descendants(roots: Iterable[int]) -> list[Stat]:
    """Everything below these processes now, without a scan of all where the kernel can tell."""
    queue = list(roots)
    if read_children(os.getpid()) is None:
        return descendants(queue, scan())
    seen, found = set(queue), []
    for pid in queue:
        for child in read_children(pid) or ():
            if child not in seen and (stat := read_stat(child)):
                seen.add(child)
                found.append(stat)
                queue.append(child)
    return found


class _Household:
    """Our own children: those that a leash answers for, and strays."""

    def __init__(self) -> None:
        self.adopts = False
        self._leashed: set[int] = set()
        self._from_before: set[tuple[int, int]] = set()

    def adopt(self) -> None:
        if not self.adopts:
            self._from_before = {(s.pid, s.start_ticks) for s in self._children()}
        self.adopts = True

    def leash(self, pid: int) -> None:
        self._leashed.add(pid)

    def release(self, pid: int) -> None:
        self._leashed.discard(pid)

    def strays(self) -> list[Stat]:
        """Orphans that came back to us, the dead ones among them waited for and left out."""
        while True:
            found = [stat for stat in self._children() if self._is_stray(stat)]
            living = [stat for stat in found if not _reaped(stat)]
            # One that died since the listing may have left us a child that is not listed.
            if living or not found:
                return living

    def _is_stray(self, stat: Stat) -> bool:
        known = stat.pid in self._leashed or (stat.pid, stat.start_ticks) in self._from_before
        return self.adopts and not known

    @staticmethod
    def _children() -> list[Stat]:
        us = os.getpid()
        pids = read_children(us)
        if pids is None:
            return [stat for stat in scan().values() if stat.ppid == us]
        return [stat for pid in pids if (stat := read_stat(pid))]


HOUSEHOLD: Final = _Household()


def become_subreaper() -> None:
    """Adopt our descendants' orphans from now on. Children from before are nobody's strays."""
    import ctypes  # noqa: PLC0415 - most programs that import this file never adopt anybody

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise HostError(f"cannot become a child subreaper: {reason}")
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        # Inherited from whoever started us; children would vanish before we learn how they ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    HOUSEHOLD.adopt()


def reap_strays() -> list[Stat]:
    """Wait for strays that are dead; those that live are returned, for `end_tree` to end."""
    return HOUSEHOLD.strays()


async def end_tree(
    roots: Sequence[Identity],
    *,
    grace: float,
    root_grace: float = 0.0,
    kill_seconds: float = KILL_SECONDS,
    even_after_exec: bool = False,
) -> EndReport:
    """TERM, `grace` seconds, then KILL: for the roots, all below them, and all strays.

    With `root_grace` the roots alone are told first and given that long to end their tree
    themselves. A root whose identity does not fit any more is spared. Returns when nothing is left,
    and in any case `kill_seconds` after the first KILL.
    """
    began = anyio.current_time()
    hunt = _Hunt(roots, even_after_exec=even_after_exec)
    if root_grace:
        await hunt.ask_roots(root_grace)
    if not await hunt.press(SIGTERM, grace):
        await hunt.press(SIGKILL, kill_seconds)
    survivors = tuple(hunt.living())
    ended = tuple(member for member in hunt.members if member not in survivors)
    return EndReport(ended, survivors, anyio.current_time() - began)


class _Hunt:
    """One tree being ended. `members` are all that were ever seen of it, parents first."""

    def __init__(self, roots: Sequence[Identity], *, even_after_exec: bool) -> None:
        fits = is_same_process if even_after_exec else Identity.__eq__
        now = {found.pid: found for root in roots for found in _identify_all([root.pid])}
        self._roots = [now[r.pid] for r in roots if r.pid in now and fits(r, now[r.pid])]
        self.members = dict.fromkeys(self._roots)
        self._refused: set[Identity] = set()

    def living(self) -> list[Identity]:
        return [member for member in self.members if is_alive(member)]

    def look(self) -> list[Identity]:
        """Who lives now, newcomers included."""
        while True:
            living = self.living()
            strays = HOUSEHOLD.strays()
            below = living_descendants([*(m.pid for m in living), *(s.pid for s in strays)])
            known = {(member.pid, member.start_ticks) for member in living}
            fresh = [s for s in (*strays, *below) if (s.pid, s.start_ticks) not in known]
            newcomers = _identities(stat for stat in fresh if stat.state not in "ZX")
            self.members.update(dict.fromkeys(newcomers))
            # A stray that is gone before we know who it was may have left another: look again.
            if living or newcomers or not strays:
                return living + newcomers

    async def ask_roots(self, seconds: float) -> None:
        for root in self._roots:
            self._tell(root, SIGTERM)
        with anyio.move_on_after(seconds):
            while any(map(is_alive, self._roots)):  # noqa: ASYNC110 - no event tells of others' children
                await anyio.sleep(0.02)

    async def press(self, signal: Signals, seconds: float) -> bool:
        """Signal all, newcomers as they come, until nobody is left (True) or the time is up."""
        give_up, pause = anyio.current_time() + seconds, 0.005
        told: set[Identity] = set()
        while living := self.look():
            if self._refused.issuperset(living) or (told and anyio.current_time() >= give_up):
                return False
            if signal is SIGKILL:
                living = self._freeze(living)
            for member in living:
                if member not in told or signal is SIGKILL:
                    self._tell(member, signal)
                    told.add(member)
                elif (stat := read_stat(member.pid)) and stat.state == "T":
                    self._tell(member, SIGCONT)  # a stopped process cannot obey
            await anyio.sleep(pause)
            pause = min(pause * 2, 0.05)
        return True

    def _freeze(self, living: list[Identity]) -> list[Identity]:
        """Stop everybody before anybody dies, so that none is born or respawned meanwhile."""
        stopped: set[Identity] = set()
        for _ in range(_FREEZE_ROUNDS):
            running = [member for member in living if member not in stopped]
            if not running:
                break
            for member in running:
                self._tell(member, SIGSTOP)
                stopped.add(member)
            living = self.look()
        return living

    def _tell(self, member: Identity, signal: Signals) -> None:
        try:
            send(member, signal, even_after_exec=True)
        except HostError:
            self._refused.add(member)  # another user's: it stays among the survivors


def _identities(stats: Iterable[Stat]) -> list[Identity]:
    return _identify_all(stat.pid for stat in stats)


def _identify_all(pids: Iterable[int]) -> list[Identity]:
    found = []
    for pid in pids:
        try:
            found.append(identify(pid))
        except ProcessGone:
            continue
    return found


def _reaped(stat: Stat) -> bool:
    if stat.state not in "ZX":
        return False
    with suppress(ChildProcessError):  # somebody else waited for it: it is gone all the same
        os.waitpid(stat.pid, os.WNOHANG)
    return True
