"""Gathering what is known of every agent process, in two looks a moment apart.

Everything is asked of the machine or read from the agents' own files; nothing of the user's is run.
What cannot be read is put down as unknown, which spares. What it all means is `decision`'s matter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import anyio

from daydreamd.agents.idle_watch import carry_on
from daydreamd.agents.idleness import EarlierLook
from daydreamd.agents.sampling import Sample, look
from daydreamd.cleanup.adoption import Surroundings
from daydreamd.cleanup.decision import ProcessFacts
from daydreamd.cleanup.inspection import Inspection, PriorKnowledge
from daydreamd.cleanup.owners import is_in_service
from daydreamd.host.processes import Identity, ancestors, descendants, scan
from daydreamd.host.processes.cgroups import read_cgroup
from daydreamd.host.processes.connections import see_connections
from daydreamd.host.processes.namespaces import find_home
from daydreamd.host.threads import in_spare_thread
from daydreamd.settings.cleanup import Cleanup


@dataclass(frozen=True)
class ProcessEvidence:
    """All agent processes with their facts, and who they are, for acting on.

    `samples` are what their trees had done by `taken_at` (monotonic seconds), `around` is the
    machine as it was then.
    """

    facts: tuple[ProcessFacts, ...]
    identities: Mapping[int, Identity]
    samples: Mapping[int, Sample] = field(default_factory=dict)
    taken_at: float = 0.0
    around: Surroundings | None = None


async def gather_evidence(settings: Cleanup, known: PriorKnowledge) -> ProcessEvidence:
    """Look twice, `settings.observe` apart, and put together what is known."""
    began = time.monotonic()
    first = await in_spare_thread(partial(look, settings))
    if not first:
        return ProcessEvidence((), {})
    await anyio.sleep(settings.observe)
    return await in_spare_thread(partial(_second_look, first, began, settings, known, {}))


def look_again(
    before: ProcessEvidence, settings: Cleanup, known: PriorKnowledge
) -> ProcessEvidence:
    """All the evidence anew, compared with what was seen `before`: for the moment of acting."""
    idle = {facts.pid: facts.idle_seconds or 0.0 for facts in before.facts}
    return _second_look(before.samples, before.taken_at, settings, known, idle)


def _second_look(
    first: Mapping[int, Sample],
    began: float,
    settings: Cleanup,
    known: PriorKnowledge,
    idle: Mapping[int, float],
) -> ProcessEvidence:
    """Look, and compare with `first`, by when each had been `idle` for so many seconds."""
    table = scan()
    second = look(settings, table)
    taken_at = time.monotonic()
    gap = taken_at - began
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    watched = {
        pid: carry_on(seen, sample, now)
        for pid, sample in second.items()
        if known.watch and (seen := known.watch.find(pid, sample.stat.start_ticks))
    }
    adopted = {
        pid
        for pid, seen in watched.items()
        if seen.adopted or seen.first_parent != second[pid].stat.ppid
    }
    us = os.getpid()
    families = {member for sample in second.values() for member in sample.members}
    our_cgroup = read_cgroup(us) or "/"
    around = Surroundings(
        table,
        see_connections(families),
        adopted,
        agents=frozenset(pid for pid, one in second.items() if one.left is None),
        home=find_home(table, in_unit=is_in_service(our_cgroup)),
        our_cgroup=our_cgroup,
    )
    ours = {
        us: "this is daydreamd itself",
        **{stat.pid: "it is an ancestor of daydreamd" for stat in ancestors(us, table)},
        **{stat.pid: "daydreamd works with it" for stat in descendants([us], table)},
    }
    facts = [
        Inspection(
            sample,
            EarlierLook(first.get(pid), gap, idle.get(pid, 0.0)),
            watched.get(pid),
            settings,
            known,
            around,
        ).facts(ours)
        for pid, sample in sorted(second.items())
    ]
    identities = {pid: sample.identity for pid, sample in second.items()}
    return ProcessEvidence(tuple(facts), identities, second, taken_at, around)
