"""How long things last, from observations of which some were broken off: Kaplan-Meier, bounded.

An observation ends with the event, or is censored: nothing is known of it from then on. The
interval is Greenwood's on the log-log scale (Collett, Modelling Survival Data, 2.2), 95 %. Where no
event was seen that scale has no value, and the exact bound of a binomial count stands in.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_Z: Final = 1.959964
_TAIL: Final = 0.025
UNKNOWN: Final = (0.0, 1.0)
"""The interval of a share of which nothing is known."""


@dataclass(frozen=True)
class Share:
    """An estimated share, and the interval that holds the true one 95 times in 100."""

    value: float
    low: float
    high: float


class Survival:
    """The estimate from pairs of a duration (seconds) and whether it ended with the event."""

    def __init__(self, observations: Iterable[tuple[float, bool]]) -> None:
        observed = sorted(observations)
        self._durations = [seconds for seconds, _ in observed]
        self.event_times: list[float] = sorted({seconds for seconds, event in observed if event})
        self._survival, self._variance = [1.0], [0.0]
        events: dict[float, int] = {}
        for seconds, event in observed:
            events[seconds] = events.get(seconds, 0) + event
        for seconds in self.event_times:
            at_risk, ended = self.at_risk(seconds), events[seconds]
            left = at_risk - ended
            self._survival.append(self._survival[-1] * left / at_risk)
            # nothing is left of those observed: the interval is that of the step before
            self._variance.append(self._variance[-1] + (ended / (at_risk * left) if left else 0.0))

    def at_risk(self, seconds: float) -> int:
        """How many had lasted for `seconds`, and were still observed then."""
        return len(self._durations) - bisect_left(self._durations, seconds)

    def lasts(self, seconds: float, *, given: float = -1.0) -> Share:
        """The share that lasts for longer than `seconds`, of those that lasted longer than `given`.

        Where fewer than one was observed for so long, its interval says that nothing is known.
        """
        first, last = (bisect_right(self.event_times, time) for time in (given, seconds))
        before = self._survival[first]
        value = self._survival[last] / before if before else 0.0
        if self.at_risk(given) == 0 or (value == 1.0 and self.at_risk(seconds) == 0):
            return Share(value, *UNKNOWN)
        if value == 1.0:
            return Share(1.0, _TAIL ** (1 / self.at_risk(seconds)), 1.0)
        if value == 0.0:
            return Share(0.0, 0.0, 1.0 - _TAIL ** (1 / self.at_risk(given)))
        spread = _Z * math.sqrt(self._variance[last] - self._variance[first]) / math.log(value)
        return Share(value, value ** math.exp(-spread), value ** math.exp(spread))
