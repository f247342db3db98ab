"""Signals as something to await, and none lost on the way.

A signal that arrives before its handler exists kills the process. So whoever starts us blocks
what may come early (`env --block-signal=` in the unit, `hold_early` by hand); blocked signals wait
in the kernel until `listen` has put handlers in place. That must be before any child is
spawned, for a child would inherit the block. What a signal means is none of this module's business.

asyncio is imported late: `hold_early` comes before everything else, and must be quick.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from signal import Signals
from typing import Final

EARLY: Final = (Signals.SIGUSR1, Signals.SIGHUP)
"""Signals that people and systemd may send at any time, however early."""


def hold_early() -> None:
    """Block the signals that may come before `listen`; they are kept, not lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, EARLY)


class Mailbox:
    """Signals in the order they came; like the kernel's own, equal ones waiting are one."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - as the module says

        self._waiting: deque[Signals] = deque()
        self._news = asyncio.Event()

    def put(self, number: Signals) -> None:
        """Add a signal, unless an equal one is waiting."""
        if number not in self._waiting:
            self._waiting.append(number)
        self._news.set()

    async def next(self) -> Signals:
        """The next signal, waiting for it if need be."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


@contextmanager
def listen(numbers: Iterable[Signals], *, deaf_after: bool = False) -> Iterator[Mailbox]:
    """Handle `numbers` in the running loop, those that were blocked until now included.

    `deaf_after` is for a process about to end: its last moments must not become a death by signal.
    """
    import asyncio  # noqa: PLC0415 - as the module says

    wanted = {*numbers, *EARLY}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    loop, mailbox = asyncio.get_running_loop(), Mailbox()
    for number in wanted:
        loop.add_signal_handler(number, mailbox.put, number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)
    try:
        yield mailbox
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        for number in wanted:
            loop.remove_signal_handler(number)
        if not deaf_after:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
