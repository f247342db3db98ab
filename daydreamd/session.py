"""One session: what it is, where it stands, what came of it.

Everything here is data that travels: through the rooms, into the history and out as JSON. The
words of `Phase`, `Outcome` and `Trigger` are used alike in code, logs, database and screens.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec


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

    @property
    def is_a_persons_wish(self) -> bool:
        """True where a person asked: such a session passes the idle gates, not the hard ones."""
        return self in (Trigger.SIGNAL, Trigger.CONTROL, Trigger.ONCE)

    @property
    def label(self) -> str:
        """Who asked, in one word: a session that `daydreamd trigger` asked for was `asked`."""
        return {Trigger.SIGNAL: "signal", Trigger.CONTROL: "asked"}.get(self, str(self))


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A directory to reflect on. `path` is absolute and resolved; `name` is unique in a session."""

    name: str
    path: str
    priority: int = 5
    model: str | None = None
    exclude: tuple[str, ...] = ()


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a workspace's file as it was read: the only text that insights may cite.

    `text` begins at line `first_line` (from 1) of `path`, which is relative to the workspace.
    `commit` is the commit the workspace stood at. `why` says why it was chosen.
    """

    workspace: str
    path: str
    text: str
    first_line: int = 1
    commit: str = ""
    why: str = ""


class ModelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The model a session uses, as readiness found it and analysis takes it.

    `provider` is `ollama`, `openai` or `embedded`. An embedded engine has no `base_url` until
    analysis has started it, but `weights`: the file of its model. `context_tokens` is what the
    server grants, prompt and answer together.
    """

    provider: str
    name: str
    base_url: str = ""
    api_key: str = ""
    weights: str = ""
    context_tokens: int = 8192
    latency_seconds: float = 0.0


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where an insight says it is: lines `line` to `end_line` (from 1) of `path` at `commit`."""

    path: str
    line: int
    end_line: int
    quote: str
    commit: str = ""
    verified: bool = False


class InsightItem(msgspec.Struct, frozen=True, kw_only=True):
    """One insight. `status` is `new`, `open`, `addressed`, `accepted` or `dismissed`."""

    id: str
    workspace: str
    title: str
    body: str
    category: str
    evidence: tuple[Evidence, ...]
    grounded: bool
    status: str = "new"


class FailingPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the sessions that fails while the rest goes on, the first time at `since`.

    `key` tells it from all others, `name` is for people, and so is what to do about it, `advice`.
    """

    key: str
    name: str
    since: datetime
    reason: str
    advice: str


class AnalysisFacts(msgspec.Struct, kw_only=True):
    """What is known of the reflection besides its text; `None` where it could not be known."""

    engine: str | None = None
    provider: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    context_tokens: int | None = None
    truncated: bool = False
    partial: bool = False
    exit_code: int | None = None
    peak_rss_bytes: int | None = None
    cpu_seconds: float | None = None
    workspaces: list[str] = msgspec.field(default_factory=list)


@dataclass
class DaydreamSession:
    """A session on its way through the phases. Times are aware UTC, durations are seconds."""

    session_id: str
    start_time: datetime
    trigger: Trigger = Trigger.ONCE
    phase: Phase = Phase.READINESS_CHECK
    system_health: dict[str, Any] = field(default_factory=dict)
    workspace_analysis: dict[str, dict[str, Any]] = field(default_factory=dict)
    development_trends: dict[str, Any] = field(default_factory=dict)
    system_metrics: dict[str, Any] = field(default_factory=dict)
    recent_activity: dict[str, Any] = field(default_factory=dict)
    analysis: AnalysisFacts = field(default_factory=AnalysisFacts)
    analysis_duration: float | None = None
    insights: str = ""
    insight_items: list[InsightItem] = field(default_factory=list)
    cleanup_summary: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcome: Outcome | None = None
    reasons: list[str] = field(default_factory=list)
    phase_seconds: dict[Phase, float] = field(default_factory=dict)
    end_time: datetime | None = None

    @classmethod
    def begin(cls, trigger: Trigger) -> DaydreamSession:
        """A new session, starting now."""
        now = datetime.now(UTC)
        return cls(session_id=new_session_id(now), start_time=now, trigger=trigger)

    def as_json(self) -> dict[str, Any]:
        """The session as plain JSON types, in the shape `once --json` prints."""
        plain: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return plain


def new_session_id(now: datetime) -> str:
    """A time-sortable, easily typed name, such as `20261122-184601-7f3a`."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
