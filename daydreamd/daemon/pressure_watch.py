"""Tidying at once when memory runs short, instead of at the next session.

The kernel tells when; until then this loop sleeps. After a tidying it is deaf for a while, twice as
long each time the pressure was still there: a machine that is short of memory is not helped by
being looked at over and over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio

from daydreamd.daemon.scheduler import NoticeSink
from daydreamd.errors import HostError
from daydreamd.host.loops import Beat, Wakeable
from daydreamd.host.system.pressure import MACHINE, pressure_trigger
from daydreamd.settings.cleanup import CleanupPressure

_LONGEST_BACKOFF_SECONDS: Final = 3_600.0
_DAY: Final = 86_400.0
"""How long the loop may sleep without a sign of life: the kernel wakes it, or nobody does."""


class PressureWatch:
    """Calls `press` when memory runs short."""

    def __init__(
        self,
        settings: Callable[[], CleanupPressure],
        press: Callable[[], None],
        notice: NoticeSink,
    ) -> None:
        self._settings, self._press, self._notice = settings, press, notice
        self._wakeable = Wakeable()
        self._said = ""
        self._backoff = 0.0

    def wake(self) -> None:
        """Begin anew with the settings in force."""
        self._wakeable.set()

    async def serve(self, beat: Beat) -> None:
        """The loop; it returns only when cancelled."""
        heard_from = anyio.current_time()
        while True:
            beat(2 * _DAY)
            settings = self._settings()
            if not settings.enabled:
                await self._wakeable.sleep(_DAY)
                continue
            if not await self._is_short(settings):
                continue
            quiet = anyio.current_time() - heard_from
            self._backoff = next_backoff(self._backoff, settings.backoff, quiet_seconds=quiet)
            self._press()
            await anyio.sleep(self._backoff)
            heard_from = anyio.current_time()

    async def _is_short(self, settings: CleanupPressure) -> bool:
        """Whether the kernel told of pressure; False after a wake-up, or where it cannot tell."""
        file = Path(settings.file) if settings.file else MACHINE
        try:
            with pressure_trigger(file, settings.stall, self._wakeable.set) as trigger:
                self._said = ""
                await self._wakeable.sleep(_DAY)
                return trigger.has_fired()
        except HostError as error:
            self._say_deaf(str(error))
        await self._wakeable.sleep(_DAY)
        return False

    def _say_deaf(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._notice("warning", "memory pressure not watched", reason=reason)


def next_backoff(before: float, base: float, *, quiet_seconds: float) -> float:
    """The pause after a tidying. `quiet_seconds` passed since the last pause without pressure."""
    if before == 0 or quiet_seconds > before:
        return base
    return max(base, min(before * 2, _LONGEST_BACKOFF_SECONDS))
