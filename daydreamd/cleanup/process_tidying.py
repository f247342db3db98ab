"""The agent processes of a tidying: looked at, decided about, ended, reported and recorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.agents.idle_watch import Watch, read_watch, sample_agents, spells_under_way
from daydreamd.agents.kinds import AIDER, CLAUDE, LEFT_BY_AGENTS, MCP, OTHER_AGENTS
from daydreamd.agents.spells import read_spells
from daydreamd.cleanup.act import ENDED, GONE, LEFT, Ending, LastLook, end_abandoned
from daydreamd.cleanup.decision import Pressure, Rule, choose
from daydreamd.cleanup.evidence import ProcessEvidence, gather_evidence, look_again
from daydreamd.cleanup.freed import measure_trees
from daydreamd.cleanup.inspection import PriorKnowledge
from daydreamd.cleanup.learned_times import lengthen
from daydreamd.cleanup.tidy_report import JudgedProcess, TidyReport
from daydreamd.errors import DaydreamError, HostError
from daydreamd.history.store import History
from daydreamd.host.boots import read_boot_id, read_machine_id
from daydreamd.host.system.machine import available_memory, memory_pressure
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.events import Emitter, ProcessEnded
from daydreamd.records.kill import KillRecord
from daydreamd.settings.cleanup import Cleanup, CleanupKind
from daydreamd.settings.places import Places

_LAST_SECONDS: Final = 5.0  # of the budget, for ending what was decided
_LOOK_SECONDS: Final = 10.0  # what a look may take where the budget is small
_LIMIT_OF_SESSIONS: Final = 1000


class ProcessTidying:
    """Ends abandoned agent processes. What it finds and what fails goes into `report`."""

    def __init__(
        self,
        settings: Cleanup,
        report: TidyReport,
        emitter: Emitter,
        history: History | None,
        *,
        act: bool,
    ) -> None:
        self._settings, self._report, self._act = settings, report, act
        self._emitter, self._history = emitter, history

    async def processes(
        self, places: Places | None, dead_sessions: Sequence[str], budget: float
    ) -> None:
        """Find, decide, and end what is abandoned."""
        give_up = anyio.current_time() + budget
        try:
            watch = await anyio.to_thread.run_sync(read_watch, places.state if places else None)
            dead = {*dead_sessions, *await self._dead_sessions()}
            known = PriorKnowledge(dead, watch)
            with anyio.fail_after(max(budget - _LAST_SECONDS, _LOOK_SECONDS)):
                evidence = await gather_evidence(self._settings, known)
        except TimeoutError:
            self._report.failures.append("agent processes were not looked at: a disk hangs")
            return
        except (DaydreamError, OSError) as error:
            self._report.failures.append(f"agent processes were not looked at: {error}")
            return
        rules, pressure = self._rules(places, watch, evidence), _pressure()
        verdicts = choose(evidence.facts, rules, pressure)
        self._report.candidates = [
            JudgedProcess(facts, verdicts[facts.pid]) for facts in evidence.facts
        ]
        kills = [candidate.facts for candidate in self._report.kills]
        shown = [] if self._act else list(kills)
        shown += [facts for facts in evidence.facts if facts.proof and facts not in kills]
        memory = await in_spare_thread(partial(measure_trees, shown))
        sizes = {pid: held.all_bytes for pid, held in memory.items()}
        self._report.candidates = [
            replace(candidate, frees_bytes=sizes.get(candidate.facts.pid))
            for candidate in self._report.candidates
        ]
        if not self._act:
            return

        def look() -> LastLook:
            fresh = look_again(evidence, self._settings, known)
            return LastLook(fresh, choose(fresh.facts, rules, pressure))

        endings = await end_abandoned(
            kills,
            evidence.identities,
            look=look,
            grace=self._settings.grace,
            seconds=give_up - anyio.current_time(),
        )
        self._report.candidates = [
            candidate.after(endings.get(candidate.facts.pid))
            for candidate in self._report.candidates
        ]
        for candidate in self._report.kills:
            await self._tell(candidate, candidate.ending or Ending(LEFT))
        if places is not None:
            await self._remember(places)

    def _rules(
        self, places: Places | None, watch: Watch, evidence: ProcessEvidence
    ) -> dict[str, Rule]:
        """The rules of the settings, their idle times lengthened by what the watch has seen."""
        rules = rules_of(self._settings)
        if not self._settings.learn:
            return rules
        spells = [*read_spells(places.state if places else None), *spells_under_way(watch)]
        rules, learned = lengthen(rules, spells)
        seen = {facts.rule for facts in evidence.facts}
        self._report.learned = [one for one in learned if one.kind in seen]
        return rules

    async def _remember(self, places: Places) -> None:
        """Where no daemon watches, one tidying at least remembers for the next."""
        ended = {
            (one.facts.pid, one.facts.start_ticks)
            for one in self._report.kills
            if one.outcome == ENDED
        }
        try:
            await sample_agents(places.state, self._settings, ended=ended)
        except DaydreamError as error:
            self._report.failures.append(f"what was seen is not remembered: {error}")

    async def _dead_sessions(self) -> set[str]:
        if self._history is None:
            return set()
        sessions = await self._history.sessions(_LIMIT_OF_SESSIONS)
        ended = {session.session_id for session in sessions if session.end_time}
        return ended - {self._emitter.session_id}

    async def _tell(self, candidate: JudgedProcess, ending: Ending) -> None:
        facts, said = candidate.facts, "; ".join(candidate.verdict.reasons)
        if ending.outcome not in (ENDED, GONE):
            self._report.failures.append(f"process {facts.pid} ({facts.rule}): {ending.outcome}")
        if ending.outcome in (LEFT, GONE):
            return
        self._emitter.emit(
            ProcessEnded(
                session_id=self._emitter.session_id,
                pid=facts.pid,
                rule=facts.rule,
                command=facts.command,
                age_seconds=facts.age_seconds,
                freed_bytes=ending.freed_bytes,
                reason=said,
                outcome=ending.outcome,
            )
        )
        if self._history is None:
            return
        record = KillRecord(
            pid=facts.pid,
            start_ticks=facts.start_ticks,
            boot_id=read_boot_id(),
            machine_id=read_machine_id(),
            rule=facts.rule,
            command=facts.command,
            age_seconds=facts.age_seconds,
            rss_bytes=facts.rss_bytes,
            reasons=candidate.verdict.reasons,
            outcome=ending.outcome,
            idle_seconds=facts.idle_seconds,
            undo=facts.resume or "",
        )
        try:
            await self._history.record_kill(self._emitter.session_id or None, record)
        except DaydreamError as error:
            self._report.failures.append(f"the end of {facts.pid} is not recorded: {error}")


def rules_of(settings: Cleanup) -> dict[str, Rule]:
    """Every kind's rule. Only sessions of Claude Code are ended while they have an owner."""
    others, left = settings.other_agents, settings.left_by_agents
    rules = {
        name: Rule(name, settings.enabled and name in others.end, others.max_age, others.idle_for)
        for name in OTHER_AGENTS
    }
    ends_left = settings.enabled and left.end
    rules[LEFT_BY_AGENTS] = Rule(LEFT_BY_AGENTS, ends_left, left.max_age, left.idle_for)
    own = {CLAUDE: settings.claude, AIDER: settings.aider, MCP: settings.mcp}
    for name, kind in own.items():
        rules[name] = _rule(name, kind, settings)
    for added in settings.kinds:
        ends = settings.enabled and added.end
        rules[added.name] = Rule(added.name, ends, added.max_age, added.idle_for)
    return rules


def _rule(name: str, kind: CleanupKind, settings: Cleanup) -> Rule:
    return Rule(
        name,
        settings.enabled and kind.enabled,
        kind.max_age,
        kind.idle_for,
        kind.attended_idle_for if name == CLAUDE else None,
        kind.max_count,
        kind.end_attended,
    )


def _pressure() -> Pressure:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return Pressure(memory_pressure(), available_memory() / total)
    except HostError:  # then it is not known to be short, and the thresholds stay
        return Pressure()
