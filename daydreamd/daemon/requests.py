"""Requests for a session. All that come before one begins are granted by that one session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from daydreamd.errors import DaemonError
from daydreamd.records.daydream_session import Trigger
from daydreamd.records.session_end import SessionEnd

_STOPPING: Final = "cannot run a session: the daemon is stopping"


class SessionRequest:
    """One session asked for by `trigger`, which any number of clients may wait on."""

    def __init__(self, trigger: Trigger) -> None:
        self.trigger = trigger
        self._over = anyio.Event()
        self._result: SessionEnd | None = None
        self._failure = ""

    def fulfil(self, result: SessionEnd) -> None:
        """Tell all that wait how the session ended."""
        self._result = result
        self._over.set()

    def fail(self, reason: str) -> None:
        """Let all that wait get a DaemonError: how the session ended is not known."""
        self._failure = reason
        self._over.set()

    async def wait(self) -> SessionEnd:
        """How the session ended; DaemonError where that is not known."""
        await self._over.wait()
        if self._result is None:
            raise DaemonError(self._failure)
        return self._result


class RequestQueue:
    """Holds at most one request. `wake` is called when a new one comes in."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: SessionRequest | None = None
        self._closed = False

    def note(self, trigger: Trigger) -> SessionRequest:
        """Ask for a session; gives the request that waits already, if there is one.

        DaemonError once the queue is closed.
        """
        if self._closed:
            raise DaemonError(_STOPPING)
        if self._waiting is None:
            self._waiting = SessionRequest(trigger)
            self._wake()
        return self._waiting

    def take(self) -> SessionRequest | None:
        """Take the waiting request out, if there is one."""
        request, self._waiting = self._waiting, None
        return request

    def close(self) -> None:
        """Refuse requests from here on; callers that wait get a DaemonError."""
        self._closed = True
        if request := self.take():
            request.fail(_STOPPING)
