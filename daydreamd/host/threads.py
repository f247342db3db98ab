"""A thread for what may hang for ever: a dead network disk, a FIFO, a driver.

anyio's worker threads are waited for when the program ends. These are not: one that hangs is left
behind, one that comes back takes the next question if that follows at once. To start a thread
costs more than most questions do.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

T = TypeVar("T")

_IDLE_SECONDS: Final = 0.05
_idle: Final[list[SimpleQueue[Callable[[], None]]]] = []
"""Where each thread that has come back, and waits for more work, can be given some."""
os.register_at_fork(after_in_child=_idle.clear)  # a child has none of these threads


async def in_spare_thread(function: Callable[[], T]) -> T:
    """What `function` returns or raises. When cancelled, the thread is left to itself."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the program has ended meanwhile
            loop.call_soon_threadsafe(ended.set)

    answer = begin_aside(function)
    answer.add_done_callback(tell)
    await ended.wait()
    return answer.result()


def begin_aside(function: Callable[[], T]) -> Future[T]:
    """Start `function` in a thread; its future holds what it returns or raises."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(function())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            answer.set_exception(error)

    _begin(work)
    return answer


def _begin(work: Callable[[], None]) -> None:
    """Have `work`, which raises nothing, done by a thread that is idle, or by a new one."""
    try:
        _idle.pop().put(work)
    except IndexError:
        threading.Thread(target=_serve, args=(work,), name="spare", daemon=True).start()


def _serve(work: Callable[[], None]) -> None:
    own: SimpleQueue[Callable[[], None]] = SimpleQueue()
    while True:
        work()
        del work  # and all that it holds
        _idle.append(own)
        try:
            work = own.get(timeout=_IDLE_SECONDS)
        except Empty:
            try:
                _idle.remove(own)
            except ValueError:  # taken in this moment: work is on its way
                work = own.get()
            else:
                return
