"""A session from its first moment to its last.

`UnifiedDaydreamSystem` calls one room a phase and keeps what it reports. The order of things is in
`_through_the_phases`; deadlines, timing, events and recording are in `daydreamd.phases`. A room is
imported when its phase begins, so that no session waits for all of them before it has started.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from daydreamd.errors import ModelError
from daydreamd.events import Emitter, InsightsWritten, SessionEnded, SessionStarted, Sink
from daydreamd.findings import Findings
from daydreamd.history.store import History
from daydreamd.memory import Memory
from daydreamd.phases import PhaseRunner
from daydreamd.plan import Plan
from daydreamd.session import EMERGENCY_SECONDS, DaydreamSession, Outcome, Phase
from daydreamd.settings.model import Model, Settings
from daydreamd.settings.places import Places
from daydreamd.units import say_count, say_path

if TYPE_CHECKING:
    from daydreamd.analysis.reflection import Reflection
    from daydreamd.insights.judgement import Verdict


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
        self._memory = Memory(history, self._workspaces, plan.waiting)
        waiting = [workspace.name for workspace in plan.waiting]
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
        run = self._phases.run
        ready = await run(Phase.READINESS_CHECK, self._check_system_readiness)
        report = self._found.readiness
        if report is None or not report.tidying_waits_for(idle_gates=self._plan.idle_gates):
            await run(Phase.PRE_CLEANUP, self._cleanup_before_analysis)
        if not ready and report is not None and report.is_short_of_memory:
            session.reasons.clear()  # the tidying may have made room
            ready = await run(Phase.READINESS_CHECK, self._check_system_readiness)
        if not ready:
            return Outcome.SKIPPED
        session.reasons += [self._plan.held_back] if self._plan.held_back else []
        await run(Phase.CONTEXT_GATHERING, self._gather_comprehensive_context)
        if self._found.context is None:
            return Outcome.FAILED
        if await self._is_unchanged(session):
            return Outcome.UNCHANGED
        if self._found.may_reflect and self._found.has_code:
            await run(Phase.AI_ANALYSIS, self._execute_ai_analysis)
        await run(Phase.OUTPUT_PROCESSING, self._process_insights_and_output)
        return self._found.outcome(self._phases.states)

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
        failing = await self._memory.note_parts(session, self._found, self._emitter)
        session.end_time = datetime.now(UTC)
        await self._history.close_session(session)
        self._emitter.emit(
            SessionEnded(
                session_id=session.session_id,
                outcome=session.outcome or Outcome.FAILED,
                seconds=(session.end_time - session.start_time).total_seconds(),
                reasons=tuple(session.reasons),
                insights_path=str(self._found.report) if self._found.report else None,
                new_insights=len(session.insight_items),
                failing=failing,
            )
        )

    # The six phases: one room called, one report kept.

    async def _check_system_readiness(self, session: DaydreamSession) -> bool:
        from daydreamd.analysis.aider import find_aider
        from daydreamd.readiness.model_server import find_model
        from daydreamd.readiness.verdict import check_readiness

        settings = self._settings
        report = await check_readiness(
            settings.readiness,
            queue=settings.queue,
            disk_at=self._places.state,
            idle_gates=self._plan.idle_gates,
            find_model=partial(find_model, self._model_settings()),
            quiet_hours=settings.schedule.quiet_hours,
            model=settings.model,
        )
        self._found.readiness = report
        session.system_health = report.as_json()
        session.system_metrics = report.metrics
        session.reasons += report.reasons
        self._phases.summary = report.summary()
        if choice := report.model.choice:
            aider = settings.analysis.engine != "direct" and find_aider(settings.analysis)
            facts = {"provider": choice.provider, "model": choice.name}
            self._emitter.notice("debug", "model found", **facts, engine="aider" if aider else "")
        return report.ready

    async def _cleanup_before_analysis(self, session: DaydreamSession) -> None:
        from daydreamd.cleanup.tidy import tidy_up

        report = await tidy_up(
            self._settings.cleanup,
            emitter=self._emitter,
            history=self._history,
            places=self._places,
            min_free_disk=self._settings.readiness.min_free_disk,
        )
        self._found.tidied = report
        session.cleanup_summary["pre_analysis"] = report.summary()
        self._phases.summary = report.one_line()

    async def _gather_comprehensive_context(self, session: DaydreamSession) -> None:
        from daydreamd.context.gathering import gather_context

        report = await gather_context(
            self._workspaces,
            scratch=self._scratch(session),
            cache=self._places.cache,
            emitter=self._emitter,
            queue=self._settings.queue,
        )
        self._found.context = report
        session.workspace_analysis = report.workspaces
        session.development_trends = report.trends
        session.recent_activity = report.recent_activity
        session.reasons += report.failures
        self._phases.summary = report.one_line()

    async def _execute_ai_analysis(self, session: DaydreamSession) -> None:
        began = anyio.current_time()
        await self._memory.recall(self._found)
        async with anyio.create_task_group() as group:
            if not session.trigger.is_a_persons_wish:
                group.start_soon(self._step_aside, group.cancel_scope, name="owner")
            self._found.reflection = await self._reflect(session)
            group.cancel_scope.cancel()
        if self._found.reflection is None:
            self._phases.summary = self._found.failure or ""
            session.reasons.append(self._phases.summary)
            return
        reflection = self._found.reflection
        session.analysis = reflection.facts
        session.analysis_duration = round(anyio.current_time() - began, 3)
        if reflection.failure:
            raise ModelError(reflection.failure)  # this part has failed; the facts go on
        if reflection.timed_out:
            session.reasons.append("the analysis hit its deadline; what had come by then was kept")
        self._found.verdict = await self._judge(session)
        self._phases.summary = self._found.verdict.summary()

    async def _process_insights_and_output(self, session: DaydreamSession) -> None:
        from daydreamd.insights.shelf import write_report

        if self._found.verdict is None:
            await self._memory.recall(self._found)
        verdict = self._found.verdict or await self._judge(session)
        session.insight_items = await self._memory.keep(session, verdict)
        session.insights = "\n\n".join(f"{i.title}\n{i.body}" for i in session.insight_items)
        verdict = msgspec.structs.replace(verdict, new=tuple(session.insight_items))
        self._found.archived = int(self._places.report.exists())
        path = await write_report(
            self._found.told_in(session, verdict),
            directory=self._places.insights,
            settings=self._settings.insights,
        )
        await self._memory.note_reflections(session, self._found)
        self._found.report = path
        self._phases.summary = say_path(path)
        self._emitter.emit(
            InsightsWritten(
                session_id=session.session_id,
                path=str(path),
                new=len(verdict.new),
                recurring=len(verdict.recurring),
                addressed=len(verdict.addressed),
                dropped=len(verdict.dropped),
            )
        )

    async def _cleanup_after_analysis(self, session: DaydreamSession) -> None:
        from daydreamd.cleanup.remains import leave_nothing

        summary = await leave_nothing(
            session.session_id, runtime_dir=self._scratch(session), emitter=self._emitter
        )
        summary["insights_archived"] = self._found.archived
        session.cleanup_summary["post_analysis"] = summary
        files = summary["temp_files_cleaned"]
        removed = say_count(files, "file")
        self._phases.summary = f"nothing left running, {removed} removed"

    async def _emergency_cleanup(self, session: DaydreamSession) -> None:
        """As phase 6, with more time and said aloud: something broke that nobody had foreseen."""
        self._emitter.notice("warning", "emergency cleanup", reasons=session.reasons)
        await self._cleanup_after_analysis(session)

    # What the phases need besides.

    async def _reflect(self, session: DaydreamSession) -> Reflection:
        from daydreamd.analysis.reflection import reflect

        assert self._found.model is not None
        return await reflect(
            self._found.material(),
            choice=self._found.model,
            model=self._settings.model,
            analysis=self._settings.analysis,
            scratch=self._scratch(session),
            session_id=session.session_id,
            emitter=self._emitter,
        )

    async def _step_aside(self, analysis: anyio.CancelScope) -> None:
        """The machine belongs to whoever sits at it: what began unasked makes way."""
        from daydreamd.readiness.owner import await_owner

        self._found.owner_at = await await_owner()
        analysis.cancel()

    def _scratch(self, session: DaydreamSession) -> Path:
        return self._places.session_dir(session.session_id)

    def _model_settings(self) -> Model:
        """The model settings, with the model that the first workspace asks for, if it does."""
        model = self._settings.model
        own = self._workspaces[0].model if self._workspaces else None
        return msgspec.structs.replace(model, name=own) if own else model

    async def _is_unchanged(self, session: DaydreamSession) -> bool:
        if self._plan.again or not self._found.may_reflect:
            return False
        if not await self._memory.is_unchanged(self._found):
            return False
        session.reasons.append(
            "no workspace has changed since it was last reflected on"
            if self._workspaces
            else "no workspace is set: add [[workspaces]] to the settings"
        )
        return True

    async def _judge(self, session: DaydreamSession) -> Verdict:
        most = self._settings.insights.max_new
        return await self._memory.judge(self._found, max_new=most, session_id=session.session_id)
