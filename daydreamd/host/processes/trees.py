"""Process trees: who descends from whom, and the end of a whole tree, orphans included.

This file does not know what the trees were for, nor whether they deserve it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Final

import anyio

from daydreamd.errors import HostError
from daydreamd.host.processes.identity import (
    Identity,
    identify_all,
    is_alive,
    is_same_process,
    send,
)
from daydreamd.host.processes.orphans import reap_orphans
from daydreamd.host.processes.procfs import Stat, read_children, read_stat, scan

_FREEZE_ROUNDS: Final = 100
_KILL_SECONDS: Final = 5.0  # whoever outlives SIGKILL that long hangs in the kernel


@dataclass(frozen=True, slots=True)
class EndReport:
    """What became of a tree. Survivors outlived SIGKILL, or were not ours to signal.

    `left` are those that a reprieve was granted to.
    """

    ended: tuple[Identity, ...]
    survivors: tuple[Identity, ...]
    seconds: float
    left: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True)
class Reprieve:
    """A question between TERM and KILL. Only `known` are told to end, and no newcomer.

    `asks` gets everybody who lives after the grace, newcomers included, and returns whom to leave.
    """

    known: Collection[Identity]
    asks: Callable[[Sequence[Identity]], Awaitable[Collection[Identity]]]


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
    """Its parent, the parent's parent and so on, up to the one whose parent is not in the scan."""
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


async def end_tree(
    roots: Sequence[Identity],
    *,
    grace: float,
    root_grace: float = 0.0,
    kill_seconds: float = _KILL_SECONDS,
    even_after_exec: bool = False,
    reprieve: Reprieve | None = None,
) -> EndReport:
    """TERM, `grace` seconds, then KILL: for the roots, all below them, and all orphans.

    With `root_grace` the roots alone are told first and given that long to end their tree
    themselves. A root whose identity does not fit any more is spared. Returns when nothing is left,
    and in any case `kill_seconds` after the first KILL.
    """
    began = anyio.current_time()
    hunt = _Hunt(roots, even_after_exec=even_after_exec, known=reprieve.known if reprieve else None)
    if root_grace:
        await hunt.ask_roots(root_grace)
    await hunt.press(SIGTERM, grace)
    if reprieve and (asked := hunt.looked_after()):
        hunt.leave(await reprieve.asks(asked))
    if not hunt.is_over:
        await hunt.press(SIGKILL, kill_seconds)
    left = tuple(filter(is_alive, hunt.left))
    survivors = tuple(m for m in hunt.members if m not in hunt.left and is_alive(m))
    ended = tuple(m for m in hunt.members if m not in {*survivors, *left})
    return EndReport(ended, survivors, anyio.current_time() - began, left)


class _Hunt:
    """One tree being ended. `members` are all that were ever seen of it, parents first.

    Where it is `known` who may be told to end, all others wait for the question after the grace.
    """

    def __init__(
        self,
        roots: Sequence[Identity],
        *,
        even_after_exec: bool,
        known: Collection[Identity] | None = None,
    ) -> None:
        fits = is_same_process if even_after_exec else Identity.__eq__
        now = {found.pid: found for found in identify_all(root.pid for root in roots)}
        self._roots = [now[r.pid] for r in roots if r.pid in now and fits(r, now[r.pid])]
        self._living = list(self._roots)
        self.members = dict.fromkeys(self._roots)
        self._refused: set[Identity] = set()
        self._known = None if known is None else frozenset(known)
        self._orphans: set[Identity] = set()
        self.left: frozenset[Identity] = frozenset()
        self.is_over = False

    def look(self) -> list[Identity]:
        """Who lives now, newcomers included. None of them, and it may still not be over."""
        self._living = [member for member in self._living if is_alive(member)]
        orphans = reap_orphans()
        below = living_descendants([*(m.pid for m in self._living), *(s.pid for s in orphans)])
        known = {(member.pid, member.start_ticks) for member in self._living}
        others = (stat for stat in (*orphans, *below) if stat.pid != os.getpid())
        fresh = (s.pid for s in others if (s.pid, s.start_ticks) not in known)
        newcomers = list(filter(is_alive, identify_all(fresh)))
        newcomers = [one for one in newcomers if one not in self.left]
        adopted = {orphan.pid for orphan in orphans}
        self._orphans.update(one for one in newcomers if one.pid in adopted)
        self._living += newcomers
        self.members.update(dict.fromkeys(newcomers))
        # An orphan that was gone before we knew who it was may have left another.
        self.is_over = not self._living and not orphans
        return self._living

    def looked_after(self) -> list[Identity]:
        """Who lives of the trees, newcomers included; orphans are ours and not asked about."""
        return [member for member in self.look() if member not in self._orphans]

    def leave(self, left: Collection[Identity]) -> None:
        """Take these out of the tree: they are neither waited for nor killed."""
        self.left = frozenset(left)
        self._living = [member for member in self._living if member not in self.left]
        self.is_over = not self._living

    async def ask_roots(self, seconds: float) -> None:
        for root in self._roots:
            self._tell(root, SIGTERM)
        with anyio.move_on_after(seconds):
            while any(map(is_alive, self._roots)):  # noqa: ASYNC110 - no event tells of others' end
                await anyio.sleep(0.02)

    async def press(self, signal: Signals, seconds: float) -> None:
        """Signal all, newcomers as they come, until it is over or the time is up."""
        give_up, pause = anyio.current_time() + seconds, 0.005
        told: set[Identity] = set()
        while True:
            living = self.look()
            if self.is_over or (living and self._refused.issuperset(living)):
                return
            if signal is SIGKILL:
                self._freeze()
            elif living and all(map(self._is_to_wait, living)):
                return
            for member in self._living:
                if signal is SIGTERM and self._is_to_wait(member):
                    continue
                if member not in told or signal is SIGKILL:
                    self._tell(member, signal)
                    told.add(member)
                elif self._known is None and (stat := read_stat(member.pid)) and stat.state == "T":
                    self._tell(member, SIGCONT)  # a stopped process cannot obey
            await anyio.sleep(pause)
            if anyio.current_time() >= give_up:
                return
            pause = min(pause * 2, 0.05)

    def _is_to_wait(self, member: Identity) -> bool:
        """Whether it was not known before the grace."""
        if self._known is None or member in self._orphans:
            return False
        return member not in self._known

    def _freeze(self) -> None:
        """SIGSTOP all before any is killed, so that children born later are seen, too."""
        stopped: set[Identity] = set()
        for _ in range(_FREEZE_ROUNDS):
            running = [member for member in self._living if member not in stopped]
            if not running:
                return
            for member in running:
                self._tell(member, SIGSTOP)
            stopped.update(running)
            self.look()

    def _tell(self, member: Identity, signal: Signals) -> None:
        try:
            send(member, signal, even_after_exec=True)
        except HostError:
            self._refused.add(member)  # another user's: it stays among the survivors
