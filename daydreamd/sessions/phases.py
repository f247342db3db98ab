"""How a phase runs: its budget, its time, its events and its record, in one place.

A phase that breaks does not take the session with it: what happened becomes a reason, and whether
the session goes on is for `system` to say.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeVar

import anyio

from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.records.events import Emitter, PhaseEnded, PhaseStarted
from daydreamd.records.session import BUDGET_SECONDS, DaydreamSession, Phase
from daydreamd.units import say_duration

State = Literal["done", "failed", "timed_out", "stopped"]
T = TypeVar("T")

# The analysis keeps its own hard deadline; ending Aider's tree and the engine comes on top of it.
_ENDING_SECONDS: Final = 15.0


class PhaseRunner:
    """Runs the phases of one session, one after the other.

    A phase says in `summary` what came of it, in one line for people. `broken` is true once a phase
    failed in a way that it had not foreseen.
    """

    def __init__(self, session: DaydreamSession, history: History, emitter: Emitter) -> None:
        self._session = session
        self._history = history
        self._emitter = emitter
        self.states: dict[Phase, State] = {}
        self.summary = ""
        self.broken = False

    async def run(
        self,
        phase: Phase,
        work: Callable[[DaydreamSession], Awaitable[T]],
        *,
        budget_seconds: float | None = None,
    ) -> T | None:
        """What `work` gives, or None where it broke or ran out of its budget."""
        budget = BUDGET_SECONDS[phase] if budget_seconds is None else budget_seconds
        await self._begin(phase, budget)
        began, result = anyio.current_time(), None
        state: State = "failed"
        try:
            margin = _ENDING_SECONDS if phase is Phase.AI_ANALYSIS else 0
            with anyio.fail_after(budget + margin):
                result = await work(self._session)
            state = "done"
        except TimeoutError:
            state, self.summary = "timed_out", f"not done within {say_duration(budget)}"
        except DaydreamError as error:
            self.summary = str(error)
        except anyio.get_cancelled_exc_class():
            state, self.summary = "stopped", "stopped"
            raise
        except Exception as error:  # noqa: BLE001 - a broken phase must not take the clean-up along
            self.broken, self.summary = True, f"{type(error).__name__}: {error}"
            self._emitter.notice("error", "phase broke", traceback=traceback.format_exc())
        finally:
            self._end(phase, state, anyio.current_time() - began)
        return result

    async def _begin(self, phase: Phase, budget: float) -> None:
        self._session.phase, self.summary = phase, ""
        await self._history.note_phase(self._session)
        self._emitter.emit(
            PhaseStarted(session_id=self._session.session_id, phase=phase, budget_seconds=budget)
        )

    def _end(self, phase: Phase, state: State, seconds: float) -> None:
        self.states[phase] = state
        self._session.phase_seconds[phase] = round(seconds, 3)
        self._emitter.emit(
            PhaseEnded(
                session_id=self._session.session_id,
                phase=phase,
                seconds=seconds,
                summary=self.summary,
                state=state,
            )
        )
        if state in ("failed", "timed_out"):
            self._session.reasons.append(f"{phase.label}: {self.summary}")
