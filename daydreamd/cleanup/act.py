"""Ending what was decided to be abandoned: by identity, after one last look, inside a budget.

TERM, a grace, KILL for whole trees is the host's work. Here it is decided who is told, in which
order, and what is said about it; nothing is tried twice. Between the decision and the signal time
passes, so all evidence is taken again right before each batch is told, and the counters of each
tree once more in the moment of the signal; when the grace is over, once more before KILL. Batches
do not wait for each other: while one has its grace, the next is looked at. What does not fit,
survives or comes back is left and said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
from anyio.abc import TaskGroup

from daydreamd.agents.sampling import moved_since
from daydreamd.cleanup.decision import ProcessFacts, Verdict
from daydreamd.cleanup.evidence import ProcessEvidence
from daydreamd.cleanup.freed import TreeMemory, await_companions, measure_trees
from daydreamd.cleanup.git_locks import git_directories, say_dead_locks
from daydreamd.cleanup.grace import CAME_TO_LIFE, Grace
from daydreamd.host.processes import (
    EndReport,
    Identity,
    Reprieve,
    age_seconds,
    end_tree,
    is_alive,
    read_argv,
    read_exe,
    scan,
)
from daydreamd.host.threads import in_spare_thread

T = TypeVar("T")

ENDED: Final = "ended"
SURVIVED: Final = "survived"
GONE: Final = "gone already"
LEFT: Final = "left for next time"
CAME_BACK: Final = "came back"
IN_USE_AGAIN: Final = "in use again"

_KILL_SECONDS: Final = 4.0
_BATCH: Final = 64
_MOST_BATCHES: Final = 8  # a look costs as much as there are processes, whatever the batch
_LEAST_GRACE: Final = 1.0
_WORKSPACE_SECONDS: Final = 2.0
_TICKS_ARE_COARSE: Final = 0.02


@dataclass(frozen=True)
class Ending:
    """What became of one process, and the memory it held as measured before; None: not known.

    A `verdict` is the last look's, on one that was not ended after all; `notes` say what it left.
    """

    outcome: str
    freed_bytes: int | None = 0
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LastLook:
    """The evidence in the moment before acting, and what it means."""

    evidence: ProcessEvidence
    verdicts: Mapping[int, Verdict]


async def end_abandoned(
    kills: Sequence[ProcessFacts],
    identities: Mapping[int, Identity],
    *,
    look: Callable[[], LastLook],
    grace: float,
    seconds: float,
) -> dict[int, Ending]:
    """End these processes with their trees; an ending for each, by pid.

    `look` takes all evidence again, in a thread. Takes at most `seconds`; the largest go first.
    """
    began = time.monotonic()
    inner = {pid for facts in kills for pid in facts.family if pid != facts.pid}
    roots = [facts for facts in kills if facts.pid not in inner]
    looks = {facts.pid: (identities[facts.pid].exe, read_argv(facts.pid)) for facts in roots}
    acting = _Acting(kills, identities, look, began + seconds - _KILL_SECONDS, grace)
    await acting.end_all(sorted(roots, key=lambda facts: -facts.rss_bytes))
    endings = acting.endings
    known = {(identity.pid, identity.start_ticks) for identity in identities.values()}
    fresh = await in_spare_thread(partial(_newcomers, began, known))
    for facts in roots:
        ending, again = endings[facts.pid], fresh.get(looks[facts.pid])
        if ending.outcome == ENDED and again is not None:
            endings[facts.pid] = replace(ending, outcome=f"{CAME_BACK} as pid {again}")
    return endings


@dataclass(frozen=True)
class _Batch:
    """Trees that are told to end together, with what is known of them before."""

    roots: Sequence[ProcessFacts]
    evidence: ProcessEvidence
    memory: Mapping[int, TreeMemory]
    gits: Mapping[int, Collection[Path]]


class _Acting:
    """One round of endings. `stop_at` (monotonic seconds) leaves time for a last KILL."""

    def __init__(
        self,
        kills: Sequence[ProcessFacts],
        identities: Mapping[int, Identity],
        look: Callable[[], LastLook],
        stop_at: float,
        grace: float,
    ) -> None:
        self._kills, self._identities, self._look = kills, identities, look
        self._stop_at, self._grace = stop_at, grace
        self.endings: dict[int, Ending] = {}

    async def end_all(self, roots: Sequence[ProcessFacts]) -> None:
        """Tell one batch after the other; all have their grace at the same time."""
        size = max(_BATCH, -(-len(roots) // _MOST_BATCHES))
        async with anyio.create_task_group() as group:
            for start in range(0, len(roots), size):
                await self._tell(roots[start : start + size], group)

    async def _tell(self, batch: Sequence[ProcessFacts], group: TaskGroup) -> None:
        grace = min(self._grace, self._stop_at - time.monotonic())
        if grace < min(self._grace, _LEAST_GRACE):
            for facts in batch:
                self._note(facts, Ending(LEFT))
            return
        trees = [facts for root in batch for facts in self._tree(root)]
        memory = await in_spare_thread(partial(measure_trees, trees))
        gits = await _in_time(partial(_git_directories, batch)) or {}
        look = await in_spare_thread(self._look)
        going = [facts for facts in batch if self._still_goes(facts, look)]
        samples = {facts.pid: look.evidence.samples[facts.pid] for facts in going}
        passed = time.monotonic() - look.evidence.taken_at
        moved = await in_spare_thread(partial(moved_since, samples, passed))
        for facts in going:
            if what := moved.get(facts.pid):
                self._spare(facts, Verdict("spare", (f"at work: {what}",)), look)
        still = [facts for facts in going if facts.pid not in moved]
        # All are told at once: the children of a root that ends first would be init's, and escape.
        told = _Batch(still, look.evidence, memory, gits)
        group.start_soon(self._end, told, grace, name=f"end {len(still)} trees")

    def _still_goes(self, facts: ProcessFacts, look: LastLook) -> bool:
        if not is_alive(self._identities[facts.pid]):
            self._note(facts, Ending(GONE))
            return False
        now = next((one for one in look.evidence.facts if one.pid == facts.pid), None)
        if now is None or now.start_ticks != facts.start_ticks:
            self._spare(facts, Verdict("spare", ("it has become another program",)), look)
            return False
        verdict = look.verdicts[facts.pid]
        if verdict.word != "kill":
            self._spare(facts, verdict, look)
        return verdict.word == "kill"

    async def _end(self, batch: _Batch, seconds: float) -> None:
        roots = batch.roots
        grace = await in_spare_thread(
            partial(Grace, roots, batch.evidence, lambda: self._look().evidence)
        )
        report = await end_tree(
            [self._identities[facts.pid] for facts in roots],
            grace=seconds,
            kill_seconds=_KILL_SECONDS,
            reprieve=Reprieve(grace.known, grace.ask),
        )
        gone = (facts for root in roots if root.pid not in grace.why for facts in self._tree(root))
        await await_companions(batch.memory[facts.pid] for facts in gone)
        for root in roots:
            notes = await _in_time(partial(say_dead_locks, batch.gits.get(root.pid, ()))) or ()
            if why := grace.why.get(root.pid):
                self._leave(root, why, notes)
            else:
                self._note_end(root, report, batch.memory, notes)

    def _note_end(
        self,
        root: ProcessFacts,
        report: EndReport,
        memory: Mapping[int, TreeMemory],
        notes: tuple[str, ...],
    ) -> None:
        survivors = {survivor.pid for survivor in report.survivors}
        survived = survivors & root.family or is_alive(self._identities[root.pid])
        for facts in self._tree(root):
            lives = is_alive(self._identities[facts.pid])
            outcome = SURVIVED if lives or (facts is root and survived) else ENDED
            freed = memory[facts.pid].freed_bytes if outcome == ENDED else 0
            said = notes if facts is root else ()
            self.endings[facts.pid] = Ending(outcome, freed, notes=said)

    def _leave(self, root: ProcessFacts, why: str, notes: tuple[str, ...]) -> None:
        """A tree that was told to end, and is left because somebody uses it after all."""
        verdict = Verdict("spare", (f"came back to life during its grace: {why}",))
        left = Ending(f"{CAME_TO_LIFE}: {why}", 0, verdict)
        for facts in self._tree(root):
            ending = left if is_alive(self._identities[facts.pid]) else Ending(ENDED, None)
            if facts is root:
                below = (
                    () if ending is left else (f"what it started is left, it {verdict.reasons[0]}",)
                )
                ending = replace(ending, notes=(*below, *notes))
            self.endings[facts.pid] = ending

    def _tree(self, root: ProcessFacts) -> list[ProcessFacts]:
        """The root and those below it that were decided about, too."""
        below = [one for one in self._kills if one.pid in root.family and one is not root]
        return [root, *below]

    def _spare(self, root: ProcessFacts, verdict: Verdict, look: LastLook) -> None:
        for facts in self._tree(root):
            now = verdict if facts is root else look.verdicts.get(facts.pid, verdict)
            if now.word == "kill":  # only with its root
                now = Verdict("spare", (f"part of pid {root.pid}: {verdict.reasons[0]}",))
            self.endings[facts.pid] = Ending(f"{IN_USE_AGAIN}: {now.reasons[0]}", 0, now)

    def _note(self, root: ProcessFacts, ending: Ending) -> None:
        for facts in self._tree(root):
            self.endings[facts.pid] = ending


async def _in_time(ask: Callable[[], T]) -> T | None:
    """What is known of a workspace; None where its file system hangs."""
    with anyio.move_on_after(_WORKSPACE_SECONDS):
        return await in_spare_thread(ask)
    return None


def _git_directories(roots: Sequence[ProcessFacts]) -> dict[int, set[Path]]:
    return {facts.pid: git_directories({facts.pid, *facts.family}) for facts in roots}


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
