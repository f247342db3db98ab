"""Which record an event becomes: a constant name in lower case, a level, and its facts.

Sizes and ages are told as people say them; durations are numbers of seconds, to be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from daydreamd.records.daydream_session import Outcome, Phase
from daydreamd.records.events import (
    AnyEvent,
    HazardSeen,
    InsightsWritten,
    Level,
    Notice,
    PhaseEnded,
    PhaseStarted,
    ProcessEnded,
    SessionEnded,
    SessionStarted,
)
from daydreamd.units import say_duration, say_size

_OUTCOME_LEVELS: Final[dict[Outcome, Level]] = {
    Outcome.FAILED: "error",
    Outcome.TIMED_OUT: "warning",
    Outcome.CLEANUP_ONLY: "warning",
    Outcome.INTERRUPTED: "warning",
}


class LogRecord(msgspec.Struct, frozen=True):
    """What to log; nothing where `level` is None. A new `phase` holds from here on."""

    level: Level | None
    event: str = ""
    facts: Mapping[str, object] = {}
    phase: str | None = None


_NOTHING: Final = LogRecord(None)


def record_of(event: AnyEvent) -> LogRecord:
    """The record of an event; the pieces of an answer and its progress have none."""
    match event:
        case Notice():
            return LogRecord(event.level, event.what, event.facts)
        case PhaseEnded():
            return _phase_ended(event)
        case ProcessEnded():
            return _process_ended(event)
        case SessionEnded():
            return _session_ended(event)
        case _:
            return _begun_or_written(event)


def _begun_or_written(event: AnyEvent) -> LogRecord:
    match event:
        case SessionStarted():
            facts = {"trigger": event.trigger.label, "workspaces": len(event.workspaces)}
            return LogRecord("info", "session started", facts, phase="")
        case PhaseStarted():
            return LogRecord("debug", "phase started", phase=str(event.phase))
        case InsightsWritten():
            counts = ("new", "recurring", "addressed", "dropped")
            facts = {name: getattr(event, name) for name in counts}
            return LogRecord("info", "insights written", facts)
        case HazardSeen():
            hazard = event.hazard
            facts = {"hazard": hazard.kind, "subject": hazard.subject, "reason": hazard.what}
            if event.over:
                return LogRecord("info", "hazard over", facts)
            return LogRecord("warning", "hazard seen", {**facts, "advice": hazard.advice})
        case _:
            return _NOTHING


def _phase_ended(event: PhaseEnded) -> LogRecord:
    facts: dict[str, object] = {"seconds": round(event.seconds, 1)}
    if event.phase is Phase.READINESS_CHECK and event.state == "done":
        return LogRecord("info", "readiness passed", facts)
    facts |= {"ended": event.phase.label, "state": event.state, "summary": event.summary}
    broken = event.state in ("failed", "timed_out")
    return LogRecord("warning" if broken else "debug", "phase ended", facts)


def _process_ended(event: ProcessEnded) -> LogRecord:
    facts = {
        "pid": event.pid,
        "rule": event.rule,
        "age": say_duration(event.age_seconds),
        "freed": "unknown" if event.freed_bytes is None else say_size(event.freed_bytes),
        "reason": event.reason,
    }
    if event.outcome == "survived":
        return LogRecord("error", "process survived", facts)
    return LogRecord("info", "process ended", facts)


def _session_ended(event: SessionEnded) -> LogRecord:
    facts: dict[str, object] = {
        "seconds": round(event.seconds),
        "outcome": str(event.outcome),
        "new_insights": event.new_insights,
    }
    if event.reasons:
        facts["reason"] = "; ".join(event.reasons)
    level = _OUTCOME_LEVELS.get(event.outcome, "info")
    return LogRecord(level, f"session {event.outcome.label}", facts, phase="")
