"""How much memory comes back when trees are ended: measured, each process counted once.

Resident size counts shared memory again in every process that has it; so the proportional share is
summed, with what lies in swap. What cannot be read is not known, and nothing takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from daydreamd.cleanup.decision import Facts
from daydreamd.host.processes import memory_bytes


def measure_trees(trees: Sequence[Facts]) -> dict[int, int | None]:
    """Bytes that ending each tree gives back, by the pid of its root; None where unreadable.

    A process of several trees counts with the innermost, so that the sum is what all give back.
    """
    counted: set[int] = set()
    measured = {}
    for facts in sorted(trees, key=lambda facts: len(facts.family)):
        own = {facts.pid, *facts.family} - counted
        counted |= own
        sizes = [memory_bytes(pid) for pid in sorted(own)]
        known = [size for size in sizes if size is not None]
        measured[facts.pid] = sum(known) if len(known) == len(sizes) else None
    return measured
