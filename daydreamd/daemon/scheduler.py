"""The loop in which sessions begin, and the only one: so there are never two at once.

It waits for a person's wish or for the schedule, runs the session, and remembers how it ended.
When a session is due is `schedule`'s business, what happens in it `sessions`'.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import anyio
import msgspec

from daydreamd.daemon.clock import LOOK_SECONDS, Now, until_next_look
from daydreamd.daemon.requests import RequestQueue, SessionRequest
from daydreamd.daemon.schedule import (
    Decision,
    Mark,
    decide,
    mark_begun,
    mark_ended,
    mark_left,
    mark_now,
    reanchored,
    reflection_wait,
    taken_up,
)
from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.host.loops import Beat, Wakeable
from daydreamd.records.control import When
from daydreamd.records.daydream_session import Trigger
from daydreamd.records.events import Level
from daydreamd.records.session_end import SessionEnd
from daydreamd.settings.quiet_hours import QuietHours, parse_quiet_hours, quiet_at
from daydreamd.settings.schema import Schedule
from daydreamd.units import say_duration

_KEY: Final = "schedule_mark"
_LATE_SECONDS: Final = 30.0


class NoticeSink(Protocol):
    """Logs a constant `what` in lower case, with facts."""

    def __call__(self, level: Level, what: str, /, **facts: Any) -> None:
        """Log the line `what` and its `facts` at `level`."""
        ...


class Scheduler:
    """Begins sessions. `run_session` runs one; `on_change` is told whenever the plan is another.

    It is handed why the model is not to be asked, or "". `notice` logs what people should know of
    the schedule itself.
    """

    def __init__(
        self,
        *,
        history: History,
        settings: Callable[[], Schedule],
        run_session: Callable[[Trigger, Beat, str], Awaitable[SessionEnd]],
        on_change: Callable[[], None],
        notice: NoticeSink,
        clock: Callable[[], Now],
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._history = history
        self._settings = settings
        self._run_session = run_session
        self._on_change = on_change
        self._notice = notice
        self._clock = clock
        self._dice = dice
        self._wakeable = Wakeable()
        self._start_due = self._is_closed = self._is_pressed = False
        self._idle = anyio.Event()
        self._idle.set()
        self.mark = mark_now(clock(), chance=dice())
        self.requests = RequestQueue(self._wakeable.set)
        self.running: Trigger | None = None

    async def take_up(self) -> None:
        """Go on where the last daemon stopped. To be called once, before `serve`."""
        stored = await self._history.get_state(_KEY, Mark)
        # A session that took the daemon along is not begun again by the restart.
        died = stored is not None and stored.cause == "began"
        self._start_due = self._settings().on_start and not died
        await self._remember(taken_up(stored, self._clock(), chance=self._dice()))

    async def forgive(self) -> None:
        """Forget failures, as new settings may have mended their cause, and look again."""
        if self.mark.failures:
            await self._remember(msgspec.structs.replace(self.mark, failures=0, failed_at=None))
        self.wake()

    @property
    def reflection_wait(self) -> float:
        """Seconds until the model is asked again, after sessions that failed in a row."""
        return reflection_wait(self.mark, self._clock(), self._settings())

    def wake(self) -> None:
        """Have the loop decide again now."""
        self._wakeable.set()

    async def close(self) -> None:
        """Begin no further session; returns when the running one has ended."""
        self.requests.close()
        self._is_closed = True
        await self._idle.wait()

    def request(self, trigger: Trigger) -> tuple[When, SessionRequest]:
        """Ask for a session: if it begins now or after the running one, and what to wait on."""
        return ("next" if self.running else "now"), self.requests.note(trigger)

    def press(self) -> None:
        """Tidy up as soon as no session runs: memory is short. Quiet hours put even that off."""
        moment = datetime.fromtimestamp(self._clock().wall, UTC)
        if quiet_at(self._quiet_hours(), moment):
            self._notice("info", "tidying put off", reason="memory is short, but in quiet hours")
            return
        self._is_pressed = True
        self.wake()

    def _quiet_hours(self) -> list[QuietHours]:
        return [parse_quiet_hours(text) for text in self._settings().quiet_hours]

    def decision(self) -> Decision:
        """How long to wait for the next timed session, and why."""
        schedule = self._settings()
        quiet = self._quiet_hours()
        return decide(self.mark, self._clock(), schedule, quiet, at_once=self._start_due)

    async def serve(self, beat: Beat) -> None:
        """The loop; it returns only when cancelled."""
        while True:
            beat(LOOK_SECONDS + _LATE_SECONDS)
            decision = self.decision()
            if (request := self._next_request(decision)) is not None:
                await self._hold(request, beat)
                continue
            await self._note_clock()
            look = until_next_look()
            wait = min(look, decision.wait_seconds or look)
            await self._wakeable.sleep(wait)

    def _next_request(self, decision: Decision) -> SessionRequest | None:
        """What is to begin now. Any session tidies up, so that it grants what memory asked for."""
        pressed, self._is_pressed = self._is_pressed, False
        if (request := self.requests.take()) is not None or self._is_closed:
            return request
        if pressed:
            return SessionRequest(Trigger.PRESSURE)
        if decision.wait_seconds == 0:
            return SessionRequest(Trigger.START if self._start_due else Trigger.TIMER)
        return None

    async def _hold(self, request: SessionRequest, beat: Beat) -> None:
        before, self.running, self._idle = self.mark, request.trigger, anyio.Event()
        end: SessionEnd | None = None
        held_back = "" if request.trigger.is_a_persons_wish else self._held_back()
        try:
            await self._remember(mark_begun(before, self._clock(), chance=self._dice()))
            end = await self._run_session(request.trigger, beat, held_back)
            await self._remember(self._mark_after(before, end, held_back=bool(held_back)))
        finally:
            self.running = None
            self._start_due &= request.trigger is Trigger.PRESSURE
            self._idle.set()
            if end is None:
                request.fail("cannot say how the session ended: the daemon gave it up")
            else:
                request.fulfil(end)
            self._on_change()
            self._say_backing_off(before, end)

    def _held_back(self) -> str:
        wait = self.reflection_wait
        if not wait:
            return ""
        count = self.mark.failures
        return f"the model is asked again in {say_duration(wait)}, after {count} failed sessions"

    def _mark_after(self, before: Mark, end: SessionEnd, *, held_back: bool) -> Mark:
        if end.trigger is Trigger.PRESSURE:
            return before  # it was no turn of the schedule's
        mark = mark_ended(
            before,
            self._clock(),
            end.outcome,
            timed=not end.trigger.is_a_persons_wish,
            chance=self._dice(),
            held_back=held_back,
            failed_in=end.failed_in,
        )
        return mark_left(mark, self._clock()) if end.left else mark

    async def _note_clock(self) -> None:
        mark = reanchored(self.mark, self._clock())
        if mark is not self.mark:
            self._notice("warning", "clock was set", seconds=round(mark.wall - self.mark.wall))
            await self._remember(mark)
            self._on_change()

    async def _remember(self, mark: Mark) -> None:
        self.mark = mark
        try:
            await self._history.set_state(_KEY, mark)
        except DaydreamError as error:
            # A full disk must not stop the schedule; this process still knows.
            self._notice("error", "schedule not kept", reason=str(error))

    def _say_backing_off(self, before: Mark, end: SessionEnd | None) -> None:
        """Log when the model is asked less often because sessions failed, and when that is over."""
        failures = self.mark.failures
        if before.failures >= 2 and not failures:
            self._notice("info", "reflection resumed")
        elif failures >= 2 and failures > before.failures:
            self._notice(
                "warning",
                "reflection held back",
                failures=failures,
                again_in=say_duration(self.reflection_wait),
                reason="; ".join(end.reasons) if end else "",
                now="daydreamd trigger",
            )
