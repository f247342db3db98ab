"""Ending what was decided to be abandoned: by identity, all at once, inside a budget.

TERM, a grace, KILL for whole trees is the host's work. Here it is decided who is told, in which
order, and what is said about it; nothing is tried twice, and what does not fit is left and said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.cleanup.decision import Facts
from daydreamd.host.processes import Identity, end_tree, is_alive, memory_bytes

ENDED: Final = "ended"
SURVIVED: Final = "survived"
GONE: Final = "gone already"
LEFT: Final = "left for next time"

_KILL_SECONDS: Final = 4.0
_AT_ONCE: Final = 32
_LEAST_GRACE: Final = 1.0


@dataclass(frozen=True)
class Ending:
    """What became of one process, and the memory of its tree as measured before."""

    outcome: str
    freed_bytes: int = 0
    ended: int = 0


async def end_abandoned(
    kills: Sequence[Facts], identities: Mapping[int, Identity], *, grace: float, seconds: float
) -> dict[int, Ending]:
    """End these processes with their trees; an ending for each, by pid.

    Takes at most `seconds`; the largest go first.
    """
    endings: dict[int, Ending] = {}
    inner = {pid for facts in kills for pid in facts.family if pid != facts.pid}
    roots = [facts for facts in kills if facts.pid not in inner]
    give_up = anyio.current_time() + seconds
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def end(facts: Facts) -> None:
        async with limiter:
            left = give_up - anyio.current_time() - _KILL_SECONDS
            if left < min(grace, _LEAST_GRACE):
                endings[facts.pid] = Ending(LEFT)
                return
            endings[facts.pid] = await _end_one(facts, identities[facts.pid], min(grace, left))

    async with anyio.create_task_group() as group:
        for facts in sorted(roots, key=lambda facts: -facts.rss_bytes):
            group.start_soon(end, facts, name=f"end {facts.pid}")
    for facts in kills:
        if facts.pid not in endings:
            alive = is_alive(identities[facts.pid])
            endings[facts.pid] = Ending(SURVIVED if alive else ENDED)
    return endings


async def _end_one(facts: Facts, identity: Identity, grace: float) -> Ending:
    if not is_alive(identity):
        return Ending(GONE)
    before = await anyio.to_thread.run_sync(_measure, facts)
    report = await end_tree(
        [identity], grace=grace, root_grace=grace / 5, kill_seconds=_KILL_SECONDS
    )
    if report.survivors or is_alive(identity):
        return Ending(SURVIVED, 0, len(report.ended))
    return Ending(ENDED, before, len(report.ended))


def _measure(facts: Facts) -> int:
    return sum(memory_bytes(pid) for pid in facts.family)
