"""A thread for what may hang for ever: a dead network disk, a FIFO, a driver.

anyio's worker threads are waited for when the program ends. These are not: one that
hangs is left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


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

    threading.Thread(target=work, name="spare", daemon=True).start()
    return answer
