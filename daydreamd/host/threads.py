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
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.done():  # cancelled: nobody wants to know any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type] # without an error there is a T

    def work() -> None:
        result, fault = None, None
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            fault = error
        with suppress(RuntimeError):  # the loop is closed: the program has ended meanwhile
            loop.call_soon_threadsafe(settle, result, fault)

    threading.Thread(target=work, name="spare", daemon=True).start()
    return await answer


def begin_aside(function: Callable[[], T]) -> Future[T]:
    """The same for where there is no loop: what will hold the answer, for as long as one waits."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(function())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            answer.set_exception(error)

    threading.Thread(target=work, name="spare", daemon=True).start()
    return answer
