"""Breaking off unrequested work when a person comes back to the machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio

T = TypeVar("T")


@dataclass(frozen=True)
class OwnerCameBack:
    """The reason for breaking off: a person is back at the terminal or desktop `at`."""

    at: str

    def __str__(self) -> str:
        return f"stopped, because somebody came back on {self.at}"


async def unless_owner_returns(work: Callable[[], Awaitable[T]]) -> T | OwnerCameBack:
    """The result of `work`, or OwnerCameBack where a person came back before it was done."""
    from daydreamd.readiness.owner import await_owner

    done: list[T] = []
    owner: list[OwnerCameBack] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            owner.append(OwnerCameBack(await await_owner()))
            group.cancel_scope.cancel()

        group.start_soon(watch, name="owner")
        done.append(await work())
        group.cancel_scope.cancel()
    return done[0] if done else owner[0]
