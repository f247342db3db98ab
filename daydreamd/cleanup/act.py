"""Ending what was decided to be abandoned: by identity, all at once, inside a budget.

TERM, a grace, KILL for whole trees is the host's work. Here it is decided who is told, in which
order, and what is said about it; nothing is tried twice. What does not fit, survives or comes back
is left and said.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.cleanup.decision import Facts
from daydreamd.host.processes import (
    Identity,
    age_seconds,
    end_tree,
    is_alive,
    memory_bytes,
    read_argv,
    read_exe,
    scan,
)

ENDED: Final = "ended"
SURVIVED: Final = "survived"
GONE: Final = "gone already"
LEFT: Final = "left for next time"
CAME_BACK: Final = "came back"

_KILL_SECONDS: Final = 4.0
_AT_ONCE: Final = 32
_LEAST_GRACE: Final = 1.0
_TICKS_ARE_COARSE: Final = 0.02


@dataclass(frozen=True)
class Ending:
    """What became of one process, and the memory of its tree as measured before."""

    outcome: str
    freed_bytes: int = 0


async def end_abandoned(
    kills: Sequence[Facts], identities: Mapping[int, Identity], *, grace: float, seconds: float
) -> dict[int, Ending]:
    """End these processes with their trees; an ending for each, by pid.

    Takes at most `seconds`; the largest go first.
    """
    began = time.monotonic()
    endings: dict[int, Ending] = {}
    inner = {pid for facts in kills for pid in facts.family if pid != facts.pid}
    roots = [facts for facts in kills if facts.pid not in inner]
    looks = {facts.pid: (identities[facts.pid].exe, read_argv(facts.pid)) for facts in roots}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def end(facts: Facts) -> None:
        async with limiter:
            left = began + seconds - time.monotonic() - _KILL_SECONDS
            endings[facts.pid] = (
                Ending(LEFT)
                if left < min(grace, _LEAST_GRACE)
                else await _end_one(facts, identities[facts.pid], min(grace, left))
            )

    async with anyio.create_task_group() as group:
        for facts in sorted(roots, key=lambda facts: -facts.rss_bytes):
            group.start_soon(end, facts, name=f"end {facts.pid}")
    known = {(identity.pid, identity.start_ticks) for identity in identities.values()}
    fresh = await anyio.to_thread.run_sync(_newcomers, began, known)
    for facts in roots:
        ending, again = endings[facts.pid], fresh.get(looks[facts.pid])
        if ending.outcome == ENDED and again is not None:
            endings[facts.pid] = replace(ending, outcome=f"{CAME_BACK} as pid {again}")
    for facts in kills:
        if facts.pid not in endings:
            root = next(root for root in roots if facts.pid in root.family)
            alive = is_alive(identities[facts.pid])
            endings[facts.pid] = Ending(endings[root.pid].outcome if alive else ENDED)
    return endings


async def _end_one(facts: Facts, identity: Identity, grace: float) -> Ending:
    if not is_alive(identity):
        return Ending(GONE)
    before = await anyio.to_thread.run_sync(_measure, facts)
    # All are told at once: the children of a root that ends first would be init's, and escape us.
    report = await end_tree([identity], grace=grace, kill_seconds=_KILL_SECONDS)
    if report.survivors or is_alive(identity):
        return Ending(SURVIVED)
    return Ending(ENDED, before)


def _measure(facts: Facts) -> int:
    return sum(memory_bytes(pid) for pid in facts.family)


def _newcomers(
    began: float, known: Collection[tuple[int, int]]
) -> dict[tuple[str, tuple[str, ...]], int]:
    """What everybody executes who was born since `began` (monotonic seconds).

    Who starts an ended process again, means to.
    """
    return {
        (read_exe(pid), read_argv(pid)): pid
        for pid, stat in scan().items()
        # Age first: the time since then is told later, so that nobody young looks old on the way.
        if age_seconds(stat.start_ticks) < time.monotonic() - began + _TICKS_ARE_COARSE
        and (pid, stat.start_ticks) not in known
        and stat.state not in "ZX"
    }
