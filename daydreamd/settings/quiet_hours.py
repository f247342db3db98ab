"""Quiet hours: local times of the day in which no timed session runs.

Pure: the moment and the zone are handed in. An entry is read on the wall clock, so "22:00-07:00" is
nine hours on most nights, eight or ten on the two on which the clock is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

_ENTRY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_DAY: Final = 24 * 60
_MINUTE: Final = timedelta(minutes=1)


class QuietHours(NamedTuple):
    """Minutes of the day: from `start` up to, not including, `end`, which may be the earlier."""

    start: int
    end: int

    def hold(self, minute: int) -> bool:
        """Whether this minute of the day is quiet."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def __str__(self) -> str:
        return "-".join(f"{m // 60:02}:{m % 60:02}" for m in self)


def parse_quiet_hours(text: str) -> QuietHours:
    """Read `"22:00-07:00"`; ValueError says what to write instead."""
    match = _ENTRY.fullmatch(text.strip())
    if match is None:
        raise ValueError('not quiet hours; write "22:00-07:00"')
    hours = QuietHours(int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))
    if hours.end > _DAY:
        raise ValueError('a day ends at "24:00"')
    if hours.start == hours.end:
        raise ValueError('begins when it ends; a whole day is "00:00-24:00"')
    return hours


def quiet_at(
    entries: Iterable[QuietHours], now: datetime, *, zone: tzinfo | None = None
) -> QuietHours | None:
    """The entry that makes `now` (aware) quiet; `zone=None` takes the system's zone."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return next((entry for entry in entries if entry.hold(minute)), None)


def quiet_until(
    entries: Iterable[QuietHours], now: datetime, *, zone: tzinfo | None = None
) -> datetime | None:
    """The first moment from `now` on that is not quiet; None where there is none in two days.

    It walks minute by minute: 2,880 cheap steps at worst, and right across changes of the clock.
    """
    kept = tuple(entries)
    moment = now.astimezone(UTC)
    last = moment + timedelta(days=2)
    while quiet_at(kept, moment, zone=zone):
        moment = moment.replace(second=0, microsecond=0) + _MINUTE
        if moment > last:
            return None
    return moment
