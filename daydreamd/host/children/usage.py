"""What a tree of processes costs, sampled while it lives.

The kernel keeps no memory peak of a tree, so it is the highest sum of samples, or the kernel's
figure for one process where that is higher. CPU time is the sum over all that were ever seen.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from daydreamd.host.processes.procfs import TICKS_PER_SECOND, read_stat
from daydreamd.host.processes.trees import living_descendants


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory counts pages that processes share once for each of them.

    It is None where the child had ended before anybody looked, and the kernel's figure for it tells
    no more than that of the process that started it.
    """

    peak_rss_bytes: int | None
    cpu_seconds: float


class UsageMeter:
    """Watches one child of ours and everything below it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._exit_cpu = 0.0
        self._ticks: dict[tuple[int, int], int] = {}
        # A child begins with its parent's peak, so only a figure above ours is its own.
        self._ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def sample(self) -> int:
        """Look now; returns the resident bytes of the whole tree."""
        root = read_stat(self._pid)
        tree = [*([root] if root else []), *living_descendants([self._pid])]
        self._ticks.update({(stat.pid, stat.start_ticks): stat.cpu_ticks for stat in tree})
        resident = sum(stat.rss_bytes for stat in tree)
        self._peak = max(self._peak, resident)
        return resident

    def ended(self, told: resource.struct_rusage) -> None:
        """Take what the kernel told of the child when it was waited for."""
        self._exit_cpu = told.ru_utime + told.ru_stime
        if told.ru_maxrss > self._ours:
            self._peak = max(self._peak, told.ru_maxrss * 1024)

    def usage(self) -> Usage:
        """Memory peak (bytes) and CPU time (seconds) so far."""
        sampled = sum(self._ticks.values()) / TICKS_PER_SECOND
        return Usage(self._peak or None, max(sampled, self._exit_cpu))
