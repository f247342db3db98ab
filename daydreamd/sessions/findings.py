"""What the phases of a session hand on to each other, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from daydreamd.records.daydream_session import Outcome, Phase

if TYPE_CHECKING:
    from daydreamd.cleanup.tidy_report import TidyReport
    from daydreamd.context.gathering import ContextReport
    from daydreamd.insights.judgement import Judgement
    from daydreamd.insights.observations import Observation
    from daydreamd.insights.report import Report
    from daydreamd.readiness.verdict import ReadinessReport
    from daydreamd.records.daydream_session import DaydreamSession
    from daydreamd.records.insight import InsightItem, KnownInsight
    from daydreamd.records.model_choice import ModelChoice
    from daydreamd.records.origin import Origin
    from daydreamd.records.reflected import Before
    from daydreamd.records.workspace import Excerpt
    from daydreamd.reflection.reflecting import Reflection
    from daydreamd.sessions.giving_way import OwnerCameBack
    from daydreamd.sessions.phases import State


@dataclass(frozen=True)
class Recalled:
    """What was said before: of the workspaces of this session, and what still stands of others.

    `waiting` is what was over the limit, and so has not been said yet.
    `before` is what earlier sessions saw, by the workspace's name.
    """

    known: tuple[KnownInsight, ...] = ()
    waiting: tuple[InsightItem, ...] = ()
    elsewhere: tuple[KnownInsight, ...] = ()
    before: Mapping[str, Before] = field(default_factory=dict)


@dataclass(frozen=True)
class Reflected:
    """What came of the fourth phase.

    There is no `reflection` where the owner came back meanwhile, and no `judgement` where there is
    nothing to judge.
    """

    recalled: Recalled
    reflection: Reflection | None = None
    judgement: Judgement | None = None
    owner: OwnerCameBack | None = None


@dataclass(frozen=True)
class Written:
    """Where the report lies, and how many former ones were put away for it."""

    report: Path
    archived: int


@dataclass
class Findings:
    """What each phase found, as far as the session has come; None where it found nothing."""

    waiting: Sequence[str] = ()
    held_back: str = ""
    readiness: ReadinessReport | None = None
    tidied: TidyReport | None = None
    context: ContextReport | None = None
    reflected: Reflected | None = None
    written: Written | None = None
    told: Report | None = None

    @property
    def reflection(self) -> Reflection | None:
        """The answer of the model, if it was asked."""
        return self.reflected.reflection if self.reflected else None

    @property
    def owner(self) -> OwnerCameBack | None:
        """The return of the owner that ended the reflection, if it did."""
        return self.reflected.owner if self.reflected else None

    @property
    def is_ready(self) -> bool:
        """Whether the machine may be used for more than tidying."""
        return self.readiness is not None and self.readiness.ready

    @property
    def is_short_of_memory(self) -> bool:
        """Whether it is memory that keeps the machine from being ready."""
        return (
            self.readiness is not None and not self.is_ready and self.readiness.is_short_of_memory
        )

    def tidying_waits(self, *, idle_gates: bool) -> bool:
        """Whether even the tidying is put off."""
        return bool(self.readiness and self.readiness.tidying_waits_for(idle_gates=idle_gates))

    @property
    def model(self) -> ModelChoice | None:
        """The model to ask, if there is one."""
        return self.readiness.model.choice if self.readiness else None

    @property
    def may_reflect(self) -> bool:
        """Whether there is a model that may be asked, and not every workspace is missing."""
        return self.model is not None and not self.held_back and not self.all_missing

    @property
    def all_missing(self) -> bool:
        """Whether there are workspaces, and none of them could be looked at."""
        return bool(self.missing) and not (self.context and self.context.workspaces)

    @property
    def has_code(self) -> bool:
        """Whether there is anything that a model could be shown."""
        return bool(self.excerpts)

    @property
    def excerpts(self) -> Sequence[Excerpt]:
        """All that a model could be shown."""
        return self.context.excerpts if self.context else ()

    @property
    def fingerprints(self) -> dict[str, str]:
        """What each workspace looks like, by its name; those that could be looked at."""
        facts = self.context.workspaces if self.context else {}
        return {name: one.fingerprint for name, one in facts.items() if one.fingerprint}

    @property
    def observations(self) -> list[Observation]:
        """The facts that need no model."""
        from daydreamd.insights.observations import observe

        return observe(self.context.workspaces) if self.context else []

    @property
    def failure(self) -> str | None:
        """Why there was no reflection."""
        if self.reflection:
            return self.reflection.failure
        if self.owner:
            return str(self.owner)
        if self.held_back:
            return self.held_back
        if self.readiness and self.model is None:
            return self.readiness.model.reason
        if self.all_missing:
            return "no workspace could be looked at"
        return None if self.has_code else "there is no code to show a model"

    @property
    def missing(self) -> Mapping[str, str]:
        """Why each workspace that could not be looked at was not, by its name."""
        return self.context.missing if self.context else {}

    @property
    def not_looked_at(self) -> list[str]:
        """What this session did not see, each with the reason."""
        failures = self.context.failures if self.context else ()
        waiting = [f"{name}: its turn comes in a later session" for name in self.waiting]
        return [*failures, *waiting, *self._not_asked]

    @property
    def _not_asked(self) -> list[str]:
        """What no model was asked about, or was asked in vain."""
        if self.reflection is None:
            return []
        silent = self.reflection.not_answered if self.reflection.answers else {}
        judges = [judge.said for judge in self.reflection.facts.judges if judge.said]
        return [
            *(f"{name}: {reason}" for name, reason in silent.items()),
            *(f"no claim was held to a second look: {said}" for said in judges),
        ]

    def told_in(
        self,
        session: DaydreamSession,
        judgement: Judgement,
        recalled: Recalled,
        origins: Mapping[str, Origin],
    ) -> Report:
        """What the report of this session holds."""
        from daydreamd.insights.report import Report

        functions, files = self._shown()
        return Report(
            session_id=session.session_id,
            at=datetime.now(UTC),
            workspaces=tuple(session.workspace_analysis or self.missing),
            judgement=judgement,
            observations=self.observations,
            origins=origins,
            functions_shown=functions,
            files_shown=files,
            model=session.analysis.model,
            analysis_seconds=session.analysis_duration,
            failure=self.failure,
            partial=session.analysis.partial,
            tidied=self.tidied.one_line() if self.tidied and self.tidied.did_something else "",
            agents=session.recent_activity.agents,
            can_undo=self.tidied is not None and self.tidied.ended() > 0,
            elsewhere=recalled.elsewhere,
            not_looked_at=self.not_looked_at,
            facts=self.context.workspaces if self.context else {},
            disk=self.tidied.disk if self.tidied else None,
        )

    def _shown(self) -> tuple[int, int]:
        """How many functions of how many files the model was shown."""
        from daydreamd.text.functions import definitions

        excerpts = self.reflection.excerpts if self.reflection else ()
        functions = {
            (one.workspace, one.path, found.name)
            for one in excerpts
            for found in definitions(one.text, one.path)
            if found.is_function
        }
        return len(functions), len({(one.workspace, one.path) for one in excerpts})

    def outcome(self, states: Mapping[Phase, State]) -> Outcome:
        """How a session ended whose phases went like this, up to the writing of the report."""
        if states.get(Phase.OUTPUT_PROCESSING) != "done":
            return Outcome.FAILED
        if self.owner:
            return Outcome.PREEMPTED
        state, reflection = states.get(Phase.AI_ANALYSIS), self.reflection
        if state == "timed_out" or (reflection and reflection.timed_out):
            return Outcome.TIMED_OUT
        if reflection and reflection.failure:
            return Outcome.CLEANUP_ONLY
        if state == "failed":
            return Outcome.FAILED
        return Outcome.COMPLETED if self.may_reflect else Outcome.CLEANUP_ONLY
