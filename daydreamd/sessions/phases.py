"""How a phase runs: its budget, its time, its events and its record, in one place.

A phase that breaks does not take the session with it: what happened becomes a reason, and whether
the session goes on is for `system` to say.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

import anyio

from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.records.daydream_session import BUDGET_SECONDS, DaydreamSession, Phase
from daydreamd.records.events import Emitter, PhaseEnded, PhaseStarted
from daydreamd.units import say_duration

State = Literal["done", "failed", "timed_out", "stopped"]
Found = TypeVar("Found")

# The analysis keeps its own hard deadline; ending Aider's tree and the engine comes on top of it.
_ENDING_SECONDS: Final = 15.0


@dataclass(frozen=True)
class PhaseReport(Generic[Found]):
    """What came of a phase: what it `found` for those after it, and a line for people.

    `reasons` go into the record of the session. With a `failure` the phase has failed, though what
    it found counts.
    """

    found: Found
    summary: str = ""
    reasons: Sequence[str] = ()
    failure: str | None = None


class PhaseRunner:
    """Runs the phases of one session, one after the other, and records what each reports.

    `broken` is true once a phase failed in a way that it had not foreseen.
    """

    def __init__(self, session: DaydreamSession, history: History, emitter: Emitter) -> None:
        self._session = session
        self._history = history
        self._emitter = emitter
        self.states: dict[Phase, State] = {}
        self.broken = False

    async def run(
        self,
        phase: Phase,
        work: Callable[[DaydreamSession], Awaitable[PhaseReport[Found]]],
        *,
        budget_seconds: float | None = None,
    ) -> Found | None:
        """What `work` found, or None where it broke or ran out of its budget."""
        budget = BUDGET_SECONDS[phase] if budget_seconds is None else budget_seconds
        await self._begin(phase, budget)
        began, report = anyio.current_time(), None
        state: State = "failed"
        summary = ""
        try:
            margin = _ENDING_SECONDS if phase is Phase.AI_ANALYSIS else 0
            with anyio.fail_after(budget + margin):
                report = await work(self._session)
            state = "failed" if report.failure else "done"
            summary = report.failure or report.summary
            self._session.reasons += report.reasons
        except TimeoutError:
            state, summary = "timed_out", f"not done within {say_duration(budget)}"
        except DaydreamError as error:
            summary = str(error)
        except anyio.get_cancelled_exc_class():
            state, summary = "stopped", "stopped"
            raise
        except Exception as error:  # noqa: BLE001 - a broken phase must not take the clean-up along
            self.broken, summary = True, f"{type(error).__name__}: {error}"
            self._emitter.notice("error", "phase broke", traceback=traceback.format_exc())
        finally:
            self._end(phase, state, summary, anyio.current_time() - began)
        return report.found if report else None

    async def _begin(self, phase: Phase, budget: float) -> None:
        self._session.phase = phase
        await self._history.note_phase(self._session)
        self._emitter.emit(
            PhaseStarted(session_id=self._session.session_id, phase=phase, budget_seconds=budget)
        )

    def _end(self, phase: Phase, state: State, summary: str, seconds: float) -> None:
        self.states[phase] = state
        self._session.phase_seconds[phase] = round(seconds, 3)
        self._emitter.emit(
            PhaseEnded(
                session_id=self._session.session_id,
                phase=phase,
                seconds=seconds,
                summary=summary,
                state=state,
            )
        )
        if state in ("failed", "timed_out"):
            self._session.reasons.append(f"{phase.label}: {summary}")
