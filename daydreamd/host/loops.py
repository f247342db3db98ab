"""Loops that are meant to run for ever, and sleep that can be cut short.

A loop that ends is a fault, whether it raised or returned: it is told, and the loop begins again
after a pause that doubles. Each loop promises when it will show itself next; what feeds the
watchdog asks which promises were broken. This file does not know what the loops do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import anyio

_SLACK_SECONDS: Final = 5.0  # how late a loop may be on a machine that is busy

Beat = Callable[[float], None]
"""Called by a loop with the seconds until it will call again, at the latest."""


class Heart:
    """When each loop has promised to beat next, in the event loop's time."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def beat(self, name: str, within: float) -> None:
        """`name` is well, and will beat again within so many seconds."""
        self._due[name] = anyio.current_time() + within + _SLACK_SECONDS

    def forget(self, name: str) -> None:
        """Expect no further beat of `name`."""
        self._due.pop(name, None)

    def late(self) -> list[str]:
        """The loops that have broken their promise."""
        now = anyio.current_time()
        return sorted(name for name, due in self._due.items() if due < now)


class Returned(Exception):
    """A loop that should run for ever came to its end. Handed to `on_fault`, never raised."""


async def guarded(
    name: str,
    body: Callable[[Beat], Awaitable[None]],
    *,
    heart: Heart,
    on_fault: Callable[[str, Exception, float], None],
    first_pause: float = 1.0,
    longest_pause: float = 300.0,
) -> None:
    """Run `body` for ever, again after every fault. Only a cancelled scope ends it.

    `on_fault` is told the name, the error (`Returned` if there was none) and the seconds until the
    next try, which double until a run has lasted longer than the longest pause.
    """
    pause = first_pause
    while True:
        heart.beat(name, first_pause)
        began = anyio.current_time()
        fault: Exception = Returned(f"the loop {name} returned")
        try:
            await body(partial(heart.beat, name))
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon must outlive it
            fault = error
        if anyio.current_time() - began > longest_pause:
            pause = first_pause
        on_fault(name, fault, pause)
        heart.beat(name, pause)
        await anyio.sleep(pause)
        pause = min(pause * 2, longest_pause)


class Wakeable:
    """A sleep that another task may end. A call before the sleep is not lost."""

    def __init__(self) -> None:
        self._called = anyio.Event()

    def set(self) -> None:
        """Wake the sleeper, or let the next sleep end at once."""
        self._called.set()

    async def sleep(self, seconds: float) -> bool:
        """True if woken, False if the time has passed."""
        with anyio.move_on_after(seconds):
            await self._called.wait()
        woken = self._called.is_set()
        if woken:
            self._called = anyio.Event()
        return woken
