"""What the daemon remembers of its sessions for `daydreamd status`, and the line for STATUS=.

Collects facts and says them; nothing is decided by them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from daydreamd.daemon.schedule import Decision
from daydreamd.records.daemon_status import RunningSession
from daydreamd.records.daydream_session import BUDGET_SECONDS, Outcome, Trigger
from daydreamd.records.events import AnyEvent, PhaseStarted, SessionEnded, SessionStarted
from daydreamd.records.failing import FailingPart, say_since
from daydreamd.records.session_end import SessionEnd, SessionSummary
from daydreamd.units import say_duration

REMEMBERED_SESSIONS: Final = 28
_NOT_WELL: Final = (Outcome.FAILED, Outcome.CLEANUP_ONLY)
"""A session without a model has tidied up, but it was not what the owner wants."""
_SAID_PARTS: Final = 2


class StatusTracker:
    """The running session, the last one, and how the last ones ended."""

    def __init__(self) -> None:
        self.started_at = datetime.now(UTC)
        self._began = time.clock_gettime(time.CLOCK_BOOTTIME)
        self.session: RunningSession | None = None
        self.last: SessionEnd | None = None
        self.failing: tuple[FailingPart, ...] = ()
        self._went_well: deque[bool] = deque(maxlen=REMEMBERED_SESSIONS)

    def recall(
        self, sessions: Sequence[SessionSummary], failing: tuple[FailingPart, ...] = ()
    ) -> None:
        """Take over from the history: sessions, newest first, and the parts that fail."""
        self.failing = failing
        ends = [end for one in sessions if (end := one.end()) is not None and _counts(end)]
        self.last = ends[0] if ends else self.last
        self._went_well.extend(end.outcome not in _NOT_WELL for end in reversed(ends))

    def note(self, event: AnyEvent) -> bool:
        """Take in an event; True where the line for STATUS= changes."""
        match event:
            case SessionStarted():
                self.session = RunningSession(
                    session_id=event.session_id,
                    trigger=event.trigger,
                    started_at=event.at,
                    workspaces=event.workspaces,
                    phase_since=event.at,
                )
            case PhaseStarted() if self.session is not None:
                self.session = msgspec.structs.replace(
                    self.session,
                    phase=event.phase,
                    phase_since=event.at,
                    budget_seconds=event.budget_seconds,
                )
            case SessionEnded():
                self.session = None
                self.failing = self.failing if event.failing is None else event.failing
            case _:
                return False
        return True

    def note_end(self, end: SessionEnd) -> None:
        """Take in the end of a session."""
        self.session = None
        if not _counts(end):
            return
        self.last = end
        self._went_well.append(end.outcome not in _NOT_WELL)

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the start, suspend included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self._began

    @property
    def sessions_seen(self) -> int:
        """How many of the last sessions are remembered here."""
        return len(self._went_well)

    @property
    def sessions_well(self) -> int:
        """How many of them did what their owner wants of them."""
        return sum(self._went_well)

    def line(self, decision: Decision, reflection_wait: float = 0.0) -> str:
        """One line of plain words for STATUS=."""
        if self.session is None:
            said = [waiting_line(decision, time.time())]
            if reflection_wait:
                again = say_duration(reflection_wait)
                said.append(f"model asked again in {again}, or by daydreamd trigger")
            return "; ".join([*said, *map(_fails, self.failing[:_SAID_PARTS])])
        phase = self.session.phase
        step = f"{phase.label} ({phase.number} of {len(BUDGET_SECONDS)})" if phase else "starting"
        return f"Session {self.session.session_id}: {step}"


def _counts(end: SessionEnd) -> bool:
    """Whether it was meant to be more than a tidying."""
    return end.trigger is not Trigger.PRESSURE


def _fails(part: FailingPart) -> str:
    """What fails and since when, in words for STATUS=."""
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
