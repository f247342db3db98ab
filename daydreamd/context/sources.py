"""Asking several sources at once, where one that fails never stops the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import anyio

from daydreamd.errors import CommandTimeout, DaydreamError
from daydreamd.units import say_duration

T = TypeVar("T")


class Sources:
    """The sources of one workspace; all of them together must answer within `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.failures: list[tuple[str, str]] = []
        self.timed_out = False
        self.seconds = seconds
        self._until = anyio.current_time() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left for all of them."""
        return max(0.0, self._until - anyio.current_time())

    async def ask(self, name: str, source: Callable[[], Awaitable[T]]) -> T | None:
        """Its answer. Of a source that failed or was too slow, `failures` says so."""
        answers = await self.ask_all({name: source})
        return answers.get(name)

    async def ask_all(self, sources: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, T]:
        """Answers by name, of those that gave one."""
        answers: dict[str, T] = {}
        failed: dict[str, str] = {}

        async def ask_one(name: str, source: Callable[[], Awaitable[T]]) -> None:
            try:
                answers[name] = await source()
            except (DaydreamError, OSError, ValueError) as error:
                # ValueError: what a source printed is not what it should be
                failed[name] = str(error)
                self.timed_out |= isinstance(error, CommandTimeout)

        with anyio.move_on_after(self._until - anyio.current_time()):
            async with anyio.create_task_group() as group:
                for name, source in sources.items():
                    group.start_soon(ask_one, name, source)
        for name in sources.keys() - answers.keys():
            late = f"not done within {say_duration(self.seconds)}"
            self.failures.append((name, failed.get(name, late)))
        return answers
