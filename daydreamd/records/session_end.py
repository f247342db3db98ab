"""How a session ended, and the row that the history keeps of each."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from daydreamd.records.daydream_session import Outcome, Phase, Trigger


class SessionEnd(msgspec.Struct, frozen=True):
    """How a session ended, as the daemon saw it. `session_id` is empty if it never began.

    `new_insights` and `insights_path` are None where they are not known. `left` counts what did not
    fit into the time of the tidying; `failed_in` names the phase that failed, else it is empty.
    """

    session_id: str
    trigger: Trigger
    outcome: Outcome
    seconds: float
    reasons: tuple[str, ...] = ()
    new_insights: int | None = None
    insights_path: str | None = None
    left: int = 0
    failed_in: str = ""
    end_time: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A session in `sessions list`. While it runs, `end_time` and `outcome` are None."""

    session_id: str
    trigger: Trigger
    start_time: datetime
    end_time: datetime | None
    outcome: Outcome | None
    reasons: tuple[str, ...]
    phase_seconds: dict[Phase, float]

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None while it runs."""
        return None if self.end_time is None else (self.end_time - self.start_time).total_seconds()

    def end(self) -> SessionEnd | None:
        """Its end, as far as the row tells it; None while it runs."""
        if self.outcome is None or self.end_time is None or self.seconds is None:
            return None
        return SessionEnd(
            self.session_id,
            self.trigger,
            self.outcome,
            self.seconds,
            self.reasons,
            end_time=self.end_time,
        )
