"""What time it is, by the two clocks that the schedule needs, and why one is not enough.

`boot` counts seconds since the machine started, suspend included, and cannot be set: it tells how
long something has been. `wall` is what people call the time: it can jump by years, but it survives
a reboot, and quiet hours are written in it.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import anyio

from daydreamd.host.boots import read_boot_id

LOOK_SECONDS: Final = 60.0


class Now(NamedTuple):
    """A moment: seconds since the epoch, seconds since the machine started, and which start."""

    wall: float
    boot: float
    boot_id: str


class MachineClock:
    """Reads wall clock, boot clock and boot id."""

    def __init__(self) -> None:
        self._boot_id = read_boot_id()

    def now(self) -> Now:
        """Both clocks now, in seconds, with the boot id."""
        return Now(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), self._boot_id)


def until_next_look() -> float:
    """Seconds to the next full minute of the event loop's clock.

    Loops that have nothing to do look around then: all at once, so that the machine wakes once.
    """
    return LOOK_SECONDS - anyio.current_time() % LOOK_SECONDS
