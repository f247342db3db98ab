"""One session: what it is, where it stands, what came of it.

Everything here is data that travels: through the rooms, into the history and out as JSON. The
words of `Phase`, `Outcome` and `Trigger` are used alike in code, logs, database and screens.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.cleanup_summary import CleanupSummary
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.health import SystemHealth, SystemMetrics
from daydreamd.records.insight import InsightItem, RefusedClaim
from daydreamd.records.trends import RecentActivity, WorkspaceTrends


class Phase(StrEnum):
    """The six phases of a session, and its end."""

    READINESS_CHECK = "readiness_check"
    PRE_CLEANUP = "pre_cleanup"
    CONTEXT_GATHERING = "context_gathering"
    AI_ANALYSIS = "ai_analysis"
    OUTPUT_PROCESSING = "output_processing"
    POST_CLEANUP = "post_cleanup"
    COMPLETE = "complete"

    @property
    def label(self) -> str:
        """The phase in one word, for people: `analysis`."""
        return _LABELS[self]

    @property
    def number(self) -> int:
        """Its place among the phases, from 1."""
        return list(Phase).index(self) + 1


_LABELS: Final[dict[Phase, str]] = {
    Phase.READINESS_CHECK: "readiness",
    Phase.PRE_CLEANUP: "cleanup",
    Phase.CONTEXT_GATHERING: "context",
    Phase.AI_ANALYSIS: "analysis",
    Phase.OUTPUT_PROCESSING: "output",
    Phase.POST_CLEANUP: "cleanup",
    Phase.COMPLETE: "complete",
}

BUDGET_SECONDS: Final[dict[Phase, float]] = {
    Phase.READINESS_CHECK: 15,
    Phase.PRE_CLEANUP: 30,
    Phase.CONTEXT_GATHERING: 60,
    Phase.AI_ANALYSIS: 300,
    Phase.OUTPUT_PROCESSING: 30,
    Phase.POST_CLEANUP: 30,
}
EMERGENCY_SECONDS: Final = 60.0


class Outcome(StrEnum):
    """How a session ended; exactly one of these, once."""

    COMPLETED = "completed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    CLEANUP_ONLY = "cleanup_only"
    TIMED_OUT = "timed_out"
    PREEMPTED = "preempted"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """The outcome in plain words, for people: `timed out`."""
        return self.replace("_", " ")


EXIT_CODES: Final[dict[Outcome, int]] = {
    Outcome.COMPLETED: 0,
    Outcome.UNCHANGED: 0,
    Outcome.FAILED: 1,
    Outcome.PREEMPTED: 1,
    Outcome.INTERRUPTED: 1,
    Outcome.SKIPPED: 3,
    Outcome.CLEANUP_ONLY: 4,
    Outcome.TIMED_OUT: 5,
}


class Trigger(StrEnum):
    """Who asked for the session; the `label` says it to people."""

    TIMER = "timer"
    START = "start"
    SIGNAL = "signal"
    CONTROL = "control"
    ONCE = "once"
    PRESSURE = "pressure"

    @property
    def is_a_persons_wish(self) -> bool:
        """True where a person asked: such a session passes the idle gates, not the hard ones."""
        return self in (Trigger.SIGNAL, Trigger.CONTROL, Trigger.ONCE)

    @property
    def label(self) -> str:
        """Who asked, in one word: a session that `daydreamd trigger` asked for was `asked`."""
        return {Trigger.SIGNAL: "signal", Trigger.CONTROL: "asked"}.get(self, str(self))


@dataclass
class DaydreamSession:
    """A session on its way through the phases. Times are aware UTC, durations are seconds."""

    session_id: str
    start_time: datetime
    trigger: Trigger = Trigger.ONCE
    phase: Phase = Phase.READINESS_CHECK
    system_health: SystemHealth = field(default_factory=SystemHealth)
    workspace_analysis: dict[str, WorkspaceFacts] = field(default_factory=dict)
    development_trends: dict[str, WorkspaceTrends] = field(default_factory=dict)
    system_metrics: SystemMetrics = field(default_factory=SystemMetrics)
    recent_activity: RecentActivity = field(default_factory=RecentActivity)
    analysis: AnalysisFacts = field(default_factory=AnalysisFacts)
    analysis_duration: float | None = None
    insights: str = ""
    insight_items: list[InsightItem] = field(default_factory=list)
    refused_claims: list[RefusedClaim] = field(default_factory=list)
    cleanup_summary: CleanupSummary = field(default_factory=CleanupSummary)
    outcome: Outcome | None = None
    reasons: list[str] = field(default_factory=list)
    phase_seconds: dict[Phase, float] = field(default_factory=dict)
    end_time: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None while it runs."""
        return None if self.end_time is None else (self.end_time - self.start_time).total_seconds()

    @classmethod
    def begin(cls, trigger: Trigger) -> DaydreamSession:
        """A new session, starting now."""
        now = datetime.now(UTC)
        return cls(session_id=new_session_id(now), start_time=now, trigger=trigger)


def new_session_id(now: datetime) -> str:
    """A time-sortable, easily typed name, such as `20261122-184601-7f3a`."""
    return f"{now:%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"
