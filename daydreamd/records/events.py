"""What a session says while it runs.

Rooms do not log, print or notify: they tell an `Emitter`, and whoever listens (the console, the
journal, the supervisor at the other end of a pipe) makes of it what it needs. Every event is a
frozen record that survives the way through one JSON line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from daydreamd.records.daydream_session import Outcome, Phase, Trigger
from daydreamd.records.failing import FailingPart
from daydreamd.records.hazard import Hazard

Level = Literal["debug", "info", "warning", "error"]
MAX_LINE_BYTES: Final = 64 * 1024


def _now() -> datetime:
    return datetime.now(UTC)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Common to all: which session, and when (aware UTC)."""

    session_id: str
    at: datetime = msgspec.field(default_factory=_now)


class SessionStarted(Event, frozen=True, kw_only=True, tag="session_started"):
    """A session has its row in the history and begins."""

    trigger: Trigger
    workspaces: tuple[str, ...] = ()


class PhaseStarted(Event, frozen=True, kw_only=True, tag="phase_started"):
    """A phase begins and may take `budget_seconds`."""

    phase: Phase
    budget_seconds: float


class PhaseEnded(Event, frozen=True, kw_only=True, tag="phase_ended"):
    """A phase is over; `summary` is one line for people."""

    phase: Phase
    seconds: float
    summary: str
    state: Literal["done", "failed", "timed_out", "skipped", "stopped"] = "done"


class AnalysisProgress(Event, frozen=True, kw_only=True, tag="analysis_progress"):
    """How far the reflection is. Token counts are `None` while nobody knows them.

    While it is `refuting`, `settled` of `claims` claims have been looked at.
    """

    stage: Literal["starting", "reading", "answering", "refuting"]
    prompt_tokens: int | None = None
    received_tokens: int | None = None
    settled: int | None = None
    claims: int | None = None


class AnswerChunk(Event, frozen=True, kw_only=True, tag="answer_chunk"):
    """A piece of the model's answer, as it comes. Untrusted text."""

    text: str


class ProcessEnded(Event, frozen=True, kw_only=True, tag="process_ended"):
    """An abandoned process was ended (or, with `outcome="survived"`, was not)."""

    pid: int
    rule: str
    command: str
    age_seconds: float
    freed_bytes: int | None
    reason: str
    outcome: str


class InsightsWritten(Event, frozen=True, kw_only=True, tag="insights_written"):
    """The report is on disk."""

    path: str
    new: int
    recurring: int
    addressed: int
    dropped: int


class HazardSeen(Event, frozen=True, kw_only=True, tag="hazard_seen"):
    """A hazard has appeared; with `over` it is there no more. The daemon's own have no session."""

    hazard: Hazard
    over: bool = False


TIDYING_LEFT: Final = "tidying left something"
"""A notice's `what`: its fact `left` counts what is to be taken up again within minutes."""


class Notice(Event, frozen=True, kw_only=True, tag="notice"):
    """Anything else worth a log line: a constant `what` in lower case, and facts."""

    level: Level
    what: str
    facts: dict[str, Any] = {}


class SessionEnded(Event, frozen=True, kw_only=True, tag="session_ended"):
    """The session is over and its row closed. `failing` is None where nobody could say."""

    outcome: Outcome
    seconds: float
    reasons: tuple[str, ...] = ()
    insights_path: str | None = None
    new_insights: int = 0
    failing: tuple[FailingPart, ...] | None = None


AnyEvent = (
    SessionStarted
    | PhaseStarted
    | PhaseEnded
    | AnalysisProgress
    | AnswerChunk
    | ProcessEnded
    | InsightsWritten
    | HazardSeen
    | Notice
    | SessionEnded
)
Sink = Callable[[AnyEvent], None]

_DECODER: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


class Emitter:
    """Hands the events of one session to one sink. Sinks must not block and must not raise."""

    def __init__(self, session_id: str, sink: Sink) -> None:
        self.session_id = session_id
        self._sink = sink

    def emit(self, event: AnyEvent) -> None:
        """Pass on an event made elsewhere."""
        self._sink(event)

    def notice(self, level: Level, what: str, **facts: Any) -> None:
        """Say something that has no event type of its own."""
        self._sink(Notice(session_id=self.session_id, level=level, what=what, facts=facts))

    def chunk(self, text: str) -> None:
        """Pass on a piece of the answer."""
        self._sink(AnswerChunk(session_id=self.session_id, text=text))


def to_line(event: AnyEvent) -> bytes:
    """The event as one JSON line, newline included."""
    return msgspec.json.encode(event) + b"\n"


def from_line(line: bytes) -> AnyEvent:
    """Read what `to_line` wrote; `msgspec.DecodeError` where it is anything else."""
    return _DECODER.decode(line)
