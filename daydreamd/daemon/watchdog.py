"""Feeds systemd's watchdog from the event loop itself, and only while every loop is well.

A ping from a thread would keep a dead loop "active". Here a loop that blocks cannot feed, and one
that hangs while others run breaks its promise to beat: for the loop in which sessions run that
promise is the budget of the phase, so a session beyond all budgets is a broken promise too.
"""

from __future__ import annotations

import anyio

from daydreamd.daemon.clock import LOOK_SECONDS, until_next_look
from daydreamd.daemon.scheduler import NoticeSink
from daydreamd.host.loops import Beat, Heart
from daydreamd.host.system.notify import Notifier


class Watchdog:
    """Feeds at half of the manager's limit. Without a manager it only looks and logs."""

    def __init__(self, notifier: Notifier, heart: Heart, notice: NoticeSink) -> None:
        self._notifier = notifier
        self._heart = heart
        self._notice = notice
        self._late: list[str] = []
        self.limit_seconds = notifier.watchdog_seconds
        self.fed_at: float | None = None

    async def serve(self, beat: Beat) -> None:
        """The loop; it returns only when cancelled."""
        pause = LOOK_SECONDS if self.limit_seconds is None else self.limit_seconds / 2
        while True:
            beat(pause)
            self.look()
            await anyio.sleep(min(pause, until_next_look()))

    def look(self) -> None:
        """Feed once, unless a loop is late; log which are late whenever that changes."""
        late = self._heart.late()
        if late != self._late:
            self._notice("error" if late else "info", "loops are late", names=", ".join(late))
        self._late = late
        if not late and self._notifier.watchdog():
            self.fed_at = anyio.current_time()
