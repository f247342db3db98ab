"""A session from its first moment to its last.

`UnifiedDaydreamSystem` calls one room a phase and keeps what it reports. The order of things is in
`_through_the_phases`; deadlines, timing, events and recording are in `phases`. A room is imported
when its phase begins, so that no session waits for all of them before it has started.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from daydreamd.history.store import History
from daydreamd.records.daydream_session import EMERGENCY_SECONDS, DaydreamSession, Outcome, Phase
from daydreamd.records.events import Emitter, SessionEnded, SessionStarted, Sink
from daydreamd.sessions.agent_work import observed_by, with_agents
from daydreamd.sessions.findings import Findings, Recalled, Reflected, Written
from daydreamd.sessions.giving_way import OwnerCameBack, unless_owner_returns
from daydreamd.sessions.phases import PhaseReport, PhaseRunner
from daydreamd.sessions.plan import Plan, model_settings, paths_of
from daydreamd.sessions.recollection import Recollection
from daydreamd.sessions.recovery import leave_nothing
from daydreamd.sessions.second_look import SecondLook
from daydreamd.sessions.tokenizers import note_token_ratios, with_token_ratio
from daydreamd.settings.places import Places
from daydreamd.settings.schema import Settings
from daydreamd.units import say_count, say_path

if TYPE_CHECKING:
    from daydreamd.cleanup.tidy_report import TidyReport
    from daydreamd.context.gathering import ContextReport
    from daydreamd.insights.report import Report
    from daydreamd.readiness.verdict import ReadinessReport
    from daydreamd.records.cleanup_summary import PostCleanup
    from daydreamd.reflection.reflecting import Reflection


class UnifiedDaydreamSystem:
    """Takes one session through its phases. Make one for each session.

    The caller holds the session lock, and has recovered what earlier sessions left.
    """

    def __init__(
        self, settings: Settings, places: Places, history: History, plan: Plan, *, sink: Sink
    ) -> None:
        self._settings = settings
        self._places = places
        self._history = history
        self._plan = plan
        self._workspaces = tuple(plan.workspaces)
        self._sink = sink
        self._recollection = Recollection(history, self._workspaces, plan.waiting)
        waiting = [workspace.name for workspace in plan.waiting]
        self.told: Report | None = None  # what the report of the session holds, once it is written
        self._found = Findings(waiting=waiting, held_back=plan.held_back)

    async def run(self, session: DaydreamSession) -> None:
        """Run all phases. Whatever happens, the session is cleaned up after and closed once."""
        self._emitter = Emitter(session.session_id, self._sink)
        self._phases = PhaseRunner(session, self._history, self._emitter)
        await self._history.open_session(session)
        names = tuple(workspace.name for workspace in self._workspaces)
        self._emitter.emit(
            SessionStarted(session_id=session.session_id, trigger=session.trigger, workspaces=names)
        )
        try:
            session.outcome = await self._through_the_phases(session)
        except BaseException as error:  # told in the record, whatever it is, and raised again
            stopped = isinstance(error, anyio.get_cancelled_exc_class())
            session.outcome = Outcome.INTERRUPTED if stopped else Outcome.FAILED
            session.reasons.append(
                f"stopped during {session.phase.label}" if stopped else str(error)
            )
            self._phases.broken |= not stopped  # whoever is stopped leaves in order
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(session)

    async def _through_the_phases(self, session: DaydreamSession) -> Outcome:
        run, found = self._phases.run, self._found
        if self._plan.only_tidies:
            session.reasons.append(self._plan.only_tidies)
            found.tidied = await run(Phase.PRE_CLEANUP, self._cleanup_before_analysis)
            return Outcome.SKIPPED
        found.readiness = await run(Phase.READINESS_CHECK, self._check_system_readiness)
        if not found.tidying_waits(idle_gates=self._plan.idle_gates):
            found.tidied = await run(Phase.PRE_CLEANUP, self._cleanup_before_analysis)
        if found.is_short_of_memory:
            session.reasons.clear()  # the tidying may have made room
            found.readiness = await run(Phase.READINESS_CHECK, self._check_system_readiness)
        if not found.is_ready:
            return Outcome.SKIPPED
        session.reasons += [self._plan.held_back] if self._plan.held_back else []
        found.context = await run(Phase.CONTEXT_GATHERING, self._gather_comprehensive_context)
        if found.context is None:
            return Outcome.FAILED
        if await self._is_unchanged(session):
            return Outcome.UNCHANGED
        if found.may_reflect and found.has_code:
            found.reflected = await run(Phase.AI_ANALYSIS, self._execute_ai_analysis)
        found.written = await run(Phase.OUTPUT_PROCESSING, self._process_insights_and_output)
        return found.outcome(self._phases.states)

    async def _end(self, session: DaydreamSession) -> None:
        phases, states = self._phases, self._phases.states
        if not phases.broken:
            await phases.run(Phase.POST_CLEANUP, self._cleanup_after_analysis)
        if phases.broken or states[Phase.POST_CLEANUP] != "done":
            await phases.run(
                Phase.POST_CLEANUP, self._emergency_cleanup, budget_seconds=EMERGENCY_SECONDS
            )
        if session.outcome is not Outcome.INTERRUPTED:
            session.phase = Phase.COMPLETE
        failing = await self._recollection.note_parts(session, self._found, self._emitter)
        session.end_time = datetime.now(UTC)
        await self._history.close_session(session)
        self._emitter.emit(
            SessionEnded(
                session_id=session.session_id,
                outcome=session.outcome or Outcome.FAILED,
                seconds=session.seconds or 0.0,
                reasons=tuple(session.reasons),
                insights_path=str(self._found.written.report) if self._found.written else None,
                new_insights=len(session.insight_items),
                failing=failing,
            )
        )

    # The six phases: one room called, one report kept.

    async def _check_system_readiness(
        self, session: DaydreamSession
    ) -> PhaseReport[ReadinessReport]:
        from daydreamd.readiness.model_server import find_model
        from daydreamd.readiness.verdict import check_readiness
        from daydreamd.reflection.aider import find_aider

        settings = self._settings
        report = await check_readiness(
            settings.readiness,
            queue=settings.queue,
            disk_at=self._places.state,
            idle_gates=self._plan.idle_gates,
            find_model=partial(find_model, model_settings(settings, self._workspaces)),
            quiet_hours=settings.schedule.quiet_hours,
            model=settings.model,
        )
        session.system_health = report.health
        session.system_metrics = report.metrics
        if choice := report.model.choice:
            aider = settings.analysis.engine != "direct" and find_aider(settings.analysis)
            facts = {"provider": choice.provider, "model": choice.name}
            self._emitter.notice("debug", "model found", **facts, engine="aider" if aider else "")
        return PhaseReport(report, report.summary(), report.reasons)

    async def _cleanup_before_analysis(self, session: DaydreamSession) -> PhaseReport[TidyReport]:
        from daydreamd.cleanup.tidy import tidy_up
        from daydreamd.insights.disk_section import say_total

        report = await tidy_up(
            self._settings.cleanup,
            emitter=self._emitter,
            history=self._history,
            places=self._places,
            min_free_disk=self._settings.readiness.min_free_disk,
            disk_of=None if self._plan.only_tidies else paths_of(self._settings.workspaces),
        )
        session.cleanup_summary.pre_analysis = report.summary()
        said = filter(None, (report.one_line(), say_total(report.disk)))
        return PhaseReport(report, "; ".join(said))

    async def _gather_comprehensive_context(
        self, session: DaydreamSession
    ) -> PhaseReport[ContextReport]:
        from daydreamd.context.gathering import gather_context

        look = partial(
            gather_context,
            self._workspaces,
            scratch=self._scratch(session),
            cache=self._places.cache,
            emitter=self._emitter,
            queue=self._settings.queue,
            before=await self._recollection.before(),
        )
        report = await with_agents(look, session, self._settings, self._places, self._history)
        session.workspace_analysis = report.workspaces
        self._recollection.hear_rules(report.workspaces)
        session.development_trends = report.trends
        agents = session.recent_activity.agents
        session.recent_activity = msgspec.structs.replace(report.recent_activity, agents=agents)
        return PhaseReport(report, report.one_line(), report.failures)

    async def _execute_ai_analysis(self, session: DaydreamSession) -> PhaseReport[Reflected]:
        began = anyio.current_time()
        recalled = await self._recollection.recall()
        scratch = self._scratch(session)
        second_look = SecondLook(self._recollection, recalled, session.session_id, scratch)
        reflect = partial(self._reflect, session, recalled, second_look)
        asked = session.trigger.is_a_persons_wish
        reflection = await (reflect() if asked else unless_owner_returns(reflect))
        if isinstance(reflection, OwnerCameBack):
            went = Reflected(recalled, owner=reflection)
            return PhaseReport(went, str(reflection), [str(reflection)])
        reflection.facts.claims = second_look.settled(reflection.verdicts)
        session.analysis = reflection.facts
        await note_token_ratios(self._history, reflection.token_ratios)
        session.analysis_duration = round(anyio.current_time() - began, 3)
        if reflection.failure:  # this part has failed; the facts go on
            return PhaseReport(Reflected(recalled, reflection), failure=reflection.failure)
        max_new = self._settings.insights.max_new
        judgement = await second_look.judgement(reflection, max_new=max_new)
        late = "the analysis hit its deadline; what had come by then was kept"
        reasons = [late] if reflection.timed_out else []
        return PhaseReport(Reflected(recalled, reflection, judgement), judgement.summary(), reasons)

    async def _process_insights_and_output(self, session: DaydreamSession) -> PhaseReport[Written]:
        from daydreamd.context.origins import find_origins
        from daydreamd.sessions.output import insights_written, write_out

        found, scratch = self._found, self._scratch(session)
        recalled = found.reflected.recalled if found.reflected else None
        recalled = recalled or await self._recollection.recall()
        judgement = found.reflected.judgement if found.reflected else None
        nothing_said = SecondLook(self._recollection, recalled, session.session_id, scratch)
        max_new = self._settings.insights.max_new
        judgement = judgement or await nothing_said.judgement(None, max_new=max_new)
        session.refused_claims = judgement.refused()
        session.insight_items = await self._recollection.keep(session, judgement)
        session.insights = "\n\n".join(f"{i.title}\n{i.body}" for i in session.insight_items)
        judgement = msgspec.structs.replace(judgement, new=tuple(session.insight_items))
        origins = await find_origins(judgement.new, self._workspaces, scratch=scratch)
        self.told = found.told = found.told_in(session, judgement, recalled, origins)
        written = await write_out(found.told, self._places.report, self._settings.insights)
        await self._recollection.note_reflections(session, found)
        self._emitter.emit(insights_written(session.session_id, written.report, judgement))
        return PhaseReport(written, say_path(written.report))

    async def _cleanup_after_analysis(self, session: DaydreamSession) -> PhaseReport[PostCleanup]:
        summary = await leave_nothing(
            session.session_id, runtime_dir=self._scratch(session), emitter=self._emitter
        )
        archived = self._found.written.archived if self._found.written else 0
        summary = msgspec.structs.replace(summary, insights_archived=archived)
        session.cleanup_summary.post_analysis = summary
        removed = say_count(summary.temp_files_cleaned, "file")
        return PhaseReport(summary, f"nothing left running, {removed} removed")

    async def _emergency_cleanup(self, session: DaydreamSession) -> PhaseReport[PostCleanup]:
        """Phase 6 with a longer budget and a warning, after an unexpected exception."""
        self._emitter.notice("warning", "emergency cleanup", reasons=session.reasons)
        return await self._cleanup_after_analysis(session)

    # What the phases need besides.

    async def _reflect(
        self, session: DaydreamSession, recalled: Recalled, second_look: SecondLook
    ) -> Reflection:
        from daydreamd.reflection.reflecting import reflect
        from daydreamd.sessions.material import portions_of

        assert self._found.model is not None
        assert self._found.context is not None
        return await reflect(
            portions_of(
                self._found.context,
                recalled,
                self._workspaces,
                self._settings,
                observed_by(session, self._found.model, self._settings),
            ),
            choice=await with_token_ratio(self._history, self._found.model),
            model=self._settings.model,
            analysis=self._settings.analysis,
            scratch=self._scratch(session),
            emitter=self._emitter,
            claims_of=second_look.claims_of,
        )

    def _scratch(self, session: DaydreamSession) -> Path:
        return self._places.session_dir(session.session_id)

    async def _is_unchanged(self, session: DaydreamSession) -> bool:
        if self._plan.again or not self._found.may_reflect:
            return False
        if not await self._recollection.is_unchanged(self._found):
            return False
        session.reasons.append(
            "no workspace has changed since it was last reflected on"
            if self._workspaces
            else "no workspace is set: add [[workspaces]] to the settings"
        )
        return True
