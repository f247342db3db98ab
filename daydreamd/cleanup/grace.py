"""The grace between TERM and KILL: who came back to life in it is left, and said.

Seconds pass between the two signals, and somebody may come in them: a client, a debugger, a person
who sends a prompt. So all evidence is taken once more when the grace is over. Handling TERM costs
something and children end of it: that proves nothing. What goes beyond it does, be it a shutdown
that takes long; the next tidying looks again. A process that was born meanwhile was never looked
at, and is not told to end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from daydreamd.agents.bystanders import program_name
from daydreamd.agents.sampling import say_work
from daydreamd.cleanup.decision import ProcessFacts
from daydreamd.cleanup.evidence import ProcessEvidence
from daydreamd.cleanup.owners import FIRM, Kind
from daydreamd.cleanup.ownership import belonging_of
from daydreamd.host.processes import (
    Identity,
    Stat,
    descendants,
    identify_all,
    is_alive,
    is_same_process,
    read_io_bytes,
    scan,
)
from daydreamd.host.threads import in_spare_thread

CAME_TO_LIFE: Final = "left: came back to life during its grace"

# CPU ticks and bytes that handling TERM may cost: an interpreter that unwinds, logs and saves.
_COST_OF_TERM: Final = (20, 256 << 10)
# Owners that no orphan gets by losing its parent.
_COME: Final[frozenset[Kind]] = FIRM | {"terminal", "multiplexer"}


@dataclass(frozen=True)
class Counters:
    """One process and what it has done so far; bytes that cannot be read are 0 every time."""

    identity: Identity
    stat: Stat
    io_bytes: int


class Grace:
    """The grace of some trees, from right before they are told to end.

    `evidence` is the last look's; `look` takes it anew. `why` says who came back to life, by root.
    """

    def __init__(
        self,
        roots: Sequence[ProcessFacts],
        evidence: ProcessEvidence,
        look: Callable[[], ProcessEvidence],
    ) -> None:
        self._roots, self._evidence, self._look = roots, evidence, look
        self._began, table = time.monotonic(), scan()
        self._before = {
            root.pid: read_counters({root.pid, *root.family}, table) for root in self._roots
        }
        self.known = frozenset(one.identity for t in self._before.values() for one in t.values())
        self.why: dict[int, str] = {}

    async def ask(self, living: Sequence[Identity]) -> list[Identity]:
        """Who of the living is to be left: trees that came back to life, and newcomers."""
        return await in_spare_thread(partial(self._ask, living))

    def _ask(self, living: Sequence[Identity]) -> list[Identity]:
        evidence, table = self._look(), scan()
        pids = {identity.pid for identity in living}
        known = {(one.pid, one.start_ticks) for one in self.known}
        left = {one.pid for one in living if (one.pid, one.start_ticks) not in known}
        for root in self._roots:
            tree = self._tree_now(root, table) & pids
            if root.dead_session:  # ours to end, whatever it does
                left -= tree
            elif tree and (why := self._why_alive(root, tree, table, evidence)):
                self.why[root.pid] = why
                left |= tree
        return [identity for identity in living if identity.pid in left]

    def _tree_now(self, root: ProcessFacts, table: Mapping[int, Stat]) -> set[int]:
        before = self._before[root.pid]
        alive = {pid for pid, was in before.items() if is_alive(was.identity)}
        return alive | {stat.pid for stat in descendants(alive, table)}

    def _why_alive(
        self,
        root: ProcessFacts,
        tree: Collection[int],
        table: Mapping[int, Stat],
        evidence: ProcessEvidence,
    ) -> str:
        before = self._before[root.pid]
        now, seconds = read_counters(tree, table), time.monotonic() - self._began
        return work_since(root.rule, before, now, seconds) or self._who_came(root, tree, evidence)

    def _who_came(
        self, root: ProcessFacts, tree: Collection[int], evidence: ProcessEvidence
    ) -> str:
        """The owner of the tree, or of what is left of it, who was not there before."""
        was = {facts.pid: facts for facts in self._evidence.facts}
        agents = {facts.pid: facts for facts in evidence.facts if facts.pid in tree}
        for pid, facts in agents.items():
            if facts.never or facts.unknown:
                return facts.never or f"cannot tell: {facts.unknown[0]}"
            own = was[pid].owner.kind if pid in was else "nobody"
            may = {*_COME, "unknown", "parent"} if pid == root.pid else _COME
            if facts.owner.kind != own and facts.owner.kind in may:
                return facts.owner.says
        return "" if root.pid in tree else self._who_came_to_orphans(root, tree, evidence)

    def _who_came_to_orphans(
        self, root: ProcessFacts, tree: Collection[int], evidence: ProcessEvidence
    ) -> str:
        """What is left of a tree is one group: who came to any of them came to all."""
        around = evidence.around
        stat = around.table.get(min(tree)) if around else None
        if around is None or stat is None:
            return ""
        family = root.family | frozenset(tree)
        owner = belonging_of(stat, family, around, serves=False, ports_are_left=True).owner
        return owner.says if owner.kind in _COME else ""


def read_counters(pids: Iterable[int], table: Mapping[int, Stat]) -> dict[int, Counters]:
    """What these have done so far, those that live."""
    return {
        one.pid: Counters(one, table[one.pid], read_io_bytes(one.pid) or 0)
        for one in identify_all(pid for pid in sorted(pids) if pid in table)
        if one.start_ticks == table[one.pid].start_ticks and table[one.pid].state not in "ZX"
    }


def work_since(
    kind: str,
    before: Mapping[int, Counters],
    now: Mapping[int, Counters],
    seconds: float,
) -> str:
    """What a tree did since it was told to end, beyond what that costs; "" where nothing.

    What ended children had done before counts with their parents once they are waited for, and is
    taken off again.
    """
    ticks = bytes_ = 0
    dead = _dead_below(before, now)
    for pid, one in now.items():
        was = before.get(pid)
        if was is None or not is_same_process(was.identity, one.identity):
            return f"{program_name(one.stat)} (pid {pid}) was started"
        if was.identity != one.identity:
            return f"pid {pid} has become {program_name(one.stat)}"
        below = dead.get(pid, ())
        waited = sum(d.stat.cpu_ticks + d.stat.waited_ticks for d in below)
        ticks += one.stat.cpu_ticks - was.stat.cpu_ticks
        ticks += _without(one.stat.waited_ticks - was.stat.waited_ticks, waited)
        bytes_ += _without(one.io_bytes - was.io_bytes, sum(d.io_bytes for d in below))
    return say_work(kind, ticks, bytes_, seconds, besides=_COST_OF_TERM)


def _without(gain: int, of_the_dead: int) -> int:
    """A counter's gain without what came from ended children, where it can hold that."""
    return gain - of_the_dead if gain >= of_the_dead else gain


def _dead_below(
    before: Mapping[int, Counters], now: Mapping[int, Counters]
) -> Mapping[int, Sequence[Counters]]:
    """Who has ended, by the nearest above it that lives."""
    found: dict[int, list[Counters]] = {}
    for pid, ended in before.items():
        above = pid
        while above in before and above not in now:
            above = before[above].stat.ppid
        if above != pid:
            found.setdefault(above, []).append(ended)
    return found
