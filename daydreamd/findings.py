"""What the phases of a session hand on to each other, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from daydreamd.session import Outcome, Phase

if TYPE_CHECKING:
    from daydreamd.analysis.prompt import Material
    from daydreamd.analysis.reflection import Reflection
    from daydreamd.cleanup.tidy import TidyReport
    from daydreamd.context.gathering import ContextReport
    from daydreamd.history.records import KnownInsight
    from daydreamd.insights.judgement import Verdict
    from daydreamd.insights.observations import Observation
    from daydreamd.insights.report import Report
    from daydreamd.phases import State
    from daydreamd.readiness.verdict import ReadinessReport
    from daydreamd.session import DaydreamSession, ModelChoice


@dataclass
class Findings:
    """What each room reported, as far as the session has come."""

    readiness: ReadinessReport | None = None
    tidied: TidyReport | None = None
    context: ContextReport | None = None
    known: Sequence[KnownInsight] = ()
    elsewhere: Sequence[KnownInsight] = ()
    waiting: Sequence[str] = ()
    held_back: str = ""
    reflection: Reflection | None = None
    owner_at: str | None = None
    verdict: Verdict | None = None
    report: Path | None = None
    archived: int = 0

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
        return self.context is not None and bool(self.context.excerpts)

    @property
    def fingerprints(self) -> dict[str, str]:
        """What each workspace looks like, by its name; those that could be looked at."""
        facts = self.context.workspaces if self.context else {}
        return {name: one["fingerprint"] for name, one in facts.items() if one.get("fingerprint")}

    @property
    def observations(self) -> list[Observation]:
        """The facts that need no model."""
        from daydreamd.insights.observations import observe

        return observe(self.context.workspaces, self.context.trends) if self.context else []

    @property
    def failure(self) -> str | None:
        """Why there was no reflection."""
        if self.reflection:
            return self.reflection.failure
        if self.owner_at:
            return f"stopped, because somebody came back on {self.owner_at}"
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
        return [*failures, *waiting]

    def material(self) -> Material:
        """What the model is told."""
        from daydreamd.analysis.prompt import Material

        assert self.context is not None
        return Material(
            workspace_analysis=self.context.workspaces,
            excerpts=self.context.excerpts,
            trends=self.context.trends,
            observations=[observation.text for observation in self.observations],
            known_titles=[known.title for known in self.known],
        )

    def told_in(self, session: DaydreamSession, verdict: Verdict) -> Report:
        """What the report of this session holds."""
        from daydreamd.insights.report import Report

        return Report(
            session_id=session.session_id,
            at=datetime.now(UTC),
            workspaces=tuple(session.workspace_analysis or self.missing),
            verdict=verdict,
            observations=self.observations,
            model=session.analysis.model,
            analysis_seconds=session.analysis_duration,
            failure=self.failure,
            partial=session.analysis.partial,
            tidied=self.tidied.one_line() if self.tidied else "",
            can_undo=self.tidied is not None and self.tidied.ended() > 0,
            elsewhere=self.elsewhere,
            not_looked_at=self.not_looked_at,
        )

    def outcome(self, states: Mapping[Phase, State]) -> Outcome:
        """How a session ended whose phases went like this, up to the writing of the report."""
        if states.get(Phase.OUTPUT_PROCESSING) != "done":
            return Outcome.FAILED
        if self.owner_at:
            return Outcome.PREEMPTED
        state, reflection = states.get(Phase.AI_ANALYSIS), self.reflection
        if state == "timed_out" or (reflection and reflection.timed_out):
            return Outcome.TIMED_OUT
        if reflection and reflection.failure:
            return Outcome.CLEANUP_ONLY
        if state == "failed":
            return Outcome.FAILED
        return Outcome.COMPLETED if self.may_reflect else Outcome.CLEANUP_ONLY
