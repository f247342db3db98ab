"""The live stream: each event goes to all watchers, and a slow one holds up none."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from daydreamd.records.events import (
    AnalysisProgress,
    AnswerChunk,
    AnyEvent,
    Notice,
    SessionEnded,
    SessionStarted,
    to_line,
)

_BUFFERED_EVENTS: Final = 1000
_REMEMBERED_EVENTS: Final = 100


class Broadcast:
    """Hands on events. A new watcher first gets those of the running session so far."""

    def __init__(self) -> None:
        self._watchers: dict[MemoryObjectSendStream[bytes], int] = {}
        self._so_far: deque[bytes] = deque(maxlen=_REMEMBERED_EVENTS)
        self._is_closed = False

    def __call__(self, event: AnyEvent) -> None:
        """Pass an event on; for a watcher whose buffer is full it is only counted."""
        line = to_line(event)
        self._remember(event, line)
        for watcher, missed in self._watchers.items():
            try:
                if missed:
                    watcher.send_nowait(_missed(event, missed))
                    self._watchers[watcher] = 0
                watcher.send_nowait(line)
            except (anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._watchers[watcher] += 1

    async def watch(self) -> AsyncGenerator[bytes]:
        """Event lines, newline included, until `close` or until the caller stops."""
        send, receive = anyio.create_memory_object_stream[bytes](_BUFFERED_EVENTS)
        self._watchers[send] = 0
        so_far = tuple(self._so_far)
        if self._is_closed:
            send.close()
        try:
            with receive:
                for line in so_far:
                    yield line
                async for line in receive:
                    yield line
        finally:
            self._watchers.pop(send, None)
            send.close()

    def close(self) -> None:
        """End the stream of each watcher, and of each that comes later."""
        self._is_closed = True
        for watcher in tuple(self._watchers):
            watcher.close()

    def _remember(self, event: AnyEvent, line: bytes) -> None:
        match event:
            case SessionStarted():
                self._so_far.clear()
                self._so_far.append(line)
            case SessionEnded():
                self._so_far.clear()
            case AnswerChunk() | AnalysisProgress():
                pass
            case _ if self._so_far:
                self._so_far.append(line)


def _missed(event: AnyEvent, count: int) -> bytes:
    what = "events were left out for a watcher that is too slow"
    notice = Notice(session_id=event.session_id, level="warning", what=what, facts={"count": count})
    return to_line(notice)
