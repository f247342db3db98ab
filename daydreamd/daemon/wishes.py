"""A person's wish for a session. However often it is said before one begins, it is one session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import anyio

from daydreamd.errors import DaemonError
from daydreamd.records.session import Trigger

When = Literal["now", "next"]
_STOPPING: Final = "cannot run a session: the daemon is stopping"


class Wish:
    """One session wished for, and whoever waits for it."""

    def __init__(self, trigger: Trigger) -> None:
        self.trigger = trigger
        self._over = anyio.Event()
        self._result: dict[str, Any] | None = None
        self._failure = ""

    def fulfil(self, result: dict[str, Any]) -> None:
        """The session has ended so."""
        self._result = result
        self._over.set()

    def fail(self, reason: str) -> None:
        """Nobody will ever know how it ended."""
        self._failure = reason
        self._over.set()

    async def wait(self) -> dict[str, Any]:
        """How the session ended."""
        await self._over.wait()
        if self._result is None:
            raise DaemonError(self._failure)
        return self._result


class Wishes:
    """The one wish that waits. `wake` is called for a new one."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: Wish | None = None
        self._closed = False

    def note(self, trigger: Trigger) -> Wish:
        """A session is wished for; a wish that waits already stands for this one too."""
        if self._closed:
            raise DaemonError(_STOPPING)
        if self._waiting is None:
            self._waiting = Wish(trigger)
            self._wake()
        return self._waiting

    def take(self) -> Wish | None:
        """The wish that waits, which then waits no more."""
        wish, self._waiting = self._waiting, None
        return wish

    def close(self) -> None:
        """No more sessions: whoever waits is told."""
        self._closed = True
        if wish := self.take():
            wish.fail(_STOPPING)
