"""When a disk will be full, from how much was free at some moments. Pure.

A straight line through the last two hours; a disk that was filled by one download and has stopped
is not filling, so the newest look has to be the lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

_FEWEST: Final = 4
_SHORTEST_SECONDS: Final = 900.0
WINDOW_SECONDS: Final = 7_200.0


class Free(NamedTuple):
    """So many bytes were free `at` (seconds on any clock that runs evenly)."""

    at: float
    bytes: int


def fills_in(looks: Sequence[Free]) -> float | None:
    """Seconds until nothing is free; None where it is not filling or was not watched for long."""
    recent = [one for one in looks if one.at >= looks[-1].at - WINDOW_SECONDS]
    if len(recent) < _FEWEST or recent[-1].at - recent[0].at < _SHORTEST_SECONDS:
        return None
    if any(one.bytes <= recent[-1].bytes for one in recent[:-1]):
        return None
    mean_at = sum(one.at for one in recent) / len(recent)
    mean_free = sum(one.bytes for one in recent) / len(recent)
    spread = sum((one.at - mean_at) ** 2 for one in recent)
    slope = sum((one.at - mean_at) * (one.bytes - mean_free) for one in recent) / spread
    return recent[-1].bytes / -slope if slope < 0 else None
