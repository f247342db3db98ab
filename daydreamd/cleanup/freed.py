"""How much memory comes back when trees are ended: measured, each process counted once.

Resident size counts shared memory again in every process that has it; so the proportional share is
summed, with what lies in swap. What cannot be read is not known, and nothing takes its place. Who
only waits for a tree (npm for the server that it runs) mostly ends with it, and counts if it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from daydreamd.cleanup.decision import ProcessFacts
from daydreamd.host.processes import Identity, identify_all, is_alive, memory_bytes

_PARTING_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True)
class TreeMemory:
    """Bytes that a tree holds, and those of each that only waits for it; None where unreadable."""

    tree: int | None = 0
    companions: Mapping[Identity, int | None] = field(default_factory=dict)

    @property
    def all_bytes(self) -> int | None:
        """What comes back where all that wait end, too."""
        return _sum([self.tree, *self.companions.values()])

    @property
    def freed_bytes(self) -> int | None:
        """What has come back, now that the tree has ended."""
        gone = [size for one, size in self.companions.items() if not is_alive(one)]
        return _sum([self.tree, *gone])


def measure_trees(trees: Sequence[ProcessFacts]) -> dict[int, TreeMemory]:
    """What ending each tree gives back, by the pid of its root.

    A process of several trees counts with the innermost, so that the sum is what all give back.
    """
    ordered = sorted(trees, key=lambda facts: len(facts.family))
    counted: set[int] = set()
    own = {facts.pid: _not_yet({facts.pid, *facts.family}, counted) for facts in ordered}
    beside = {facts.pid: _not_yet(facts.companions, counted) for facts in ordered}
    return {
        pid: TreeMemory(
            _sum(map(memory_bytes, sorted(own[pid]))),
            {one: memory_bytes(one.pid) for one in identify_all(sorted(beside[pid]))},
        )
        for pid in own
    }


async def await_companions(memories: Iterable[TreeMemory]) -> None:
    """Give those that waited for ended trees a moment to end, too."""
    waiting = [one for memory in memories for one in memory.companions]
    with anyio.move_on_after(_PARTING_SECONDS):
        while any(map(is_alive, waiting)):  # noqa: ASYNC110 - they tell nobody
            await anyio.sleep(_LOOK_SECONDS)


def _not_yet(pids: Collection[int], counted: set[int]) -> set[int]:
    """Those that no tree before has counted; now they are."""
    fresh = set(pids) - counted
    counted |= fresh
    return fresh


def _sum(sizes: Iterable[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total
