"""What a session process says, believed only as far as it can be. Pure: bytes in, events out.

The process may crash, hang, flood or lie. So lines and their number are bounded, what is no event
of this session is counted, and how long it may stay silent follows from our own budgets: what a
session claims can only make that shorter. `fault` says what ended our patience.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from daydreamd.records import events
from daydreamd.records.daydream_session import BUDGET_SECONDS, EMERGENCY_SECONDS, Phase
from daydreamd.records.events import (
    MAX_LINE_BYTES,
    AnyEvent,
    Notice,
    PhaseEnded,
    PhaseStarted,
    SessionEnded,
    SessionStarted,
    from_line,
)

MAX_LINES: Final = 200_000
MAX_NONSENSE: Final = 100


@dataclass(frozen=True)
class Patience:
    """How many seconds a session may stay silent.

    `start` is the time to its first event: it may have to put in order what an earlier one left.
    `slack` comes on top of a phase's budget, and between phases: ending a tree takes a moment.
    """

    start: float = 90.0
    slack: float = 45.0
    total: float = sum(BUDGET_SECONDS.values()) + EMERGENCY_SECONDS + 180.0


class Transcript:
    """One session's events so far. Moments are seconds on the caller's clock."""

    def __init__(self, began: float, patience: Patience) -> None:
        self.began = began
        self._patience = patience
        self.session_id = ""
        self.has_begun = False
        self.phase: Phase | None = None
        self.ended: SessionEnded | None = None
        self.fault: str | None = None
        self.nonsense = self.left = 0
        self.failed_in = ""
        self._lines = 0
        self._rest = b""
        self._silence = (began, patience.start)

    @property
    def patience_ends(self) -> float:
        """The moment from which the session counts as hung."""
        since, seconds = self._silence
        return min(since + seconds, self.began + self._patience.total)

    def take(self, chunk: bytes, now: float) -> list[AnyEvent]:
        """The events that these bytes complete."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        events = []
        for line in lines:
            if self.fault is None and (event := self._read(line)) is not None:
                self._note(event, now)
                events.append(event)
        if self.fault is None and len(self._rest) > MAX_LINE_BYTES:
            self.fault = f"it printed a line of more than {MAX_LINE_BYTES} bytes"
        return events

    def _read(self, line: bytes) -> AnyEvent | None:
        self._lines += 1
        if self._lines > MAX_LINES:
            self.fault = f"it printed more than {MAX_LINES} lines"
            return None
        try:
            event = from_line(line) if len(line) <= MAX_LINE_BYTES else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            event = None
        if event is not None and self._is_credible(event):
            return event
        self.nonsense += 1
        if self.nonsense > MAX_NONSENSE:
            self.fault = f"it printed more than {MAX_NONSENSE} lines that are no events"
        return None

    def _is_credible(self, event: AnyEvent) -> bool:
        """All events are of one session, which begins once; none follows its end."""
        again = self.has_begun and isinstance(event, SessionStarted)
        same = event.session_id == (self.session_id or event.session_id)
        early = isinstance(event, SessionEnded) and not self.has_begun
        return same and not again and not early and self.ended is None

    def _note(self, event: AnyEvent, now: float) -> None:
        self.session_id = event.session_id
        match event:
            case SessionStarted():
                self.has_begun = True
                self._silence = (now, self._patience.slack)
            case PhaseStarted():
                self.phase = event.phase
                self._silence = (now, self._budget(event.phase) + self._patience.slack)
            case PhaseEnded():
                if event.state in ("failed", "timed_out"):
                    self.failed_in = self.failed_in or str(event.phase)
                self._silence = (now, self._patience.slack)
            case Notice(what=events.TIDYING_LEFT, facts={"left": int(left)}):
                self.left = left
            case SessionEnded():
                self.ended = event
                self._silence = (now, self._patience.slack)

    @staticmethod
    def _budget(phase: Phase) -> float:
        """Seconds that a phase may take; the last may be the emergency one."""
        if phase is Phase.POST_CLEANUP:
            return EMERGENCY_SECONDS
        return BUDGET_SECONDS.get(phase, 0.0)
