"""How the daemon stands: the document behind `daydreamd status`, and the line behind STATUS=.

Collects facts and says them; nothing is decided by what stands here.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from daydreamd.daemon.schedule import Decision
from daydreamd.daemon.sessions import SessionEnd
from daydreamd.events import AnyEvent, PhaseStarted, SessionEnded, SessionStarted
from daydreamd.parts import say_since
from daydreamd.session import FailingPart, Outcome, Phase
from daydreamd.units import say_duration

_REMEMBERED_SESSIONS: Final = 28
_NOT_WELL: Final = (Outcome.FAILED, Outcome.CLEANUP_ONLY)
"""A session without a model has tidied up, but it was not what the owner wants."""
_SAID_PARTS: Final = 2
_STEPS: Final = {
    Phase.READINESS_CHECK: "readiness (1 of 6)",
    Phase.PRE_CLEANUP: "cleanup (2 of 6)",
    Phase.CONTEXT_GATHERING: "context (3 of 6)",
    Phase.AI_ANALYSIS: "analysis (4 of 6)",
    Phase.OUTPUT_PROCESSING: "output (5 of 6)",
    Phase.POST_CLEANUP: "cleanup (6 of 6)",
}


class Standing:
    """What has happened since the start, and what goes on."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC)
        self._began = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._session: dict[str, Any] | None = None
        self._last: dict[str, Any] | None = None
        self._went_well: deque[bool] = deque(maxlen=_REMEMBERED_SESSIONS)
        self._failing: Sequence[FailingPart] = ()

    def recall(
        self, sessions: Sequence[dict[str, Any]], failing: Sequence[FailingPart] = ()
    ) -> None:
        """Sessions from before the start, newest first, and what failed in the last of them."""
        self._failing = failing
        ended = [one for one in sessions if one["outcome"]]
        if ended:
            self._last = _last_from_history(ended[0])
        self._went_well.extend(one["outcome"] not in _NOT_WELL for one in reversed(ended))

    def note(self, event: AnyEvent) -> bool:
        """What a session says; True where it changes what STATUS= should say."""
        match event:
            case SessionStarted():
                self._session = {
                    "session_id": event.session_id,
                    "trigger": event.trigger,
                    "started_at": event.at,
                    "workspaces": event.workspaces,
                    "phase": None,
                    "phase_since": event.at,
                    "budget_seconds": None,
                }
            case PhaseStarted() if self._session is not None:
                self._session |= {
                    "phase": event.phase,
                    "phase_since": event.at,
                    "budget_seconds": event.budget_seconds,
                }
            case SessionEnded():
                self._session = None
                self._failing = self._failing if event.failing is None else event.failing
            case _:
                return False
        return True

    def note_end(self, end: SessionEnd) -> None:
        """A session has ended."""
        self._session = None
        self._last = {**end.as_json(), "end_time": datetime.now(UTC)}
        self._went_well.append(end.outcome not in _NOT_WELL)

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the start, suspend included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self._began

    def as_json(self) -> dict[str, Any]:
        """The part of the status that is known here."""
        return {
            "started_at": self.started_at,
            "uptime_seconds": round(self.uptime_seconds, 1),
            "session": self._session,
            "last": self._last,
            "sessions_well": sum(self._went_well),
            "sessions_seen": len(self._went_well),
            "failing": self._failing,
        }

    def line(self, decision: Decision, reflection_wait: float = 0.0) -> str:
        """One line of plain words for STATUS=."""
        if self._session is None:
            said = [waiting_line(decision, time.time())]
            if reflection_wait:
                again = say_duration(reflection_wait)
                said.append(f"model asked again in {again}, or by daydreamd trigger")
            return "; ".join([*said, *map(_fails, self._failing[:_SAID_PARTS])])
        step = _STEPS.get(self._session["phase"] or Phase.COMPLETE, "starting")
        return f"Session {self._session['session_id']}: {step}"


def _fails(part: FailingPart) -> str:
    """What fails and since when; what to do about it stands elsewhere."""
    return f"{part.name} fails since {say_since(part)}, see daydreamd status"


def waiting_line(decision: Decision, now: float) -> str:
    """What the daemon waits for, and until when, in plain words."""
    if decision.wait_seconds is None:
        return "Quiet hours never end; sessions run by daydreamd trigger only"
    at = datetime.fromtimestamp(now + decision.wait_seconds).astimezone()
    far = decision.wait_seconds > 20 * 3600
    when = f"{at:%a %d %b %H:%M}" if far else f"{at:%H:%M}"
    match decision.reason:
        case "busy":
            return f"The machine was busy; looks again at {when}"
        case "left over":
            return f"Not everything could be tidied in time; goes on at {when}"
        case "quiet hours":
            return f"Quiet hours; next session at {when}"
        case _:
            return f"Waiting; next session at {when}"


def _last_from_history(session: dict[str, Any]) -> dict[str, Any]:
    start, end = session["start_time"], session["end_time"]
    seconds = None
    if end:
        took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        seconds = took.total_seconds()
    return {
        "session_id": session["session_id"],
        "trigger": session["trigger"],
        "outcome": session["outcome"],
        "reasons": session["reasons"],
        "seconds": seconds,
        "end_time": end,
        "new_insights": None,
        "insights_path": None,
    }
