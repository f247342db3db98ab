"""The running daemon: its parts, and what signals and clients may ask of it.

Builds the parts and passes what one says to the others; the work itself is done in them.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import msgspec

from daydreamd import __version__
from daydreamd.daemon.active_settings import KEPT_NAME, SNAPSHOT_NAME, ActiveSettings
from daydreamd.daemon.agent_watch import AgentWatch
from daydreamd.daemon.broadcast import Broadcast
from daydreamd.daemon.clock import MachineClock
from daydreamd.daemon.lookout import Lookout
from daydreamd.daemon.neighbours import find_daemons
from daydreamd.daemon.pressure_watch import PressureWatch
from daydreamd.daemon.requests import SessionRequest
from daydreamd.daemon.scheduler import Scheduler
from daydreamd.daemon.session_runner import SessionRunner
from daydreamd.daemon.status_tracker import StatusTracker
from daydreamd.daemon.transcript import Patience
from daydreamd.daemon.watchdog import Watchdog
from daydreamd.history.store import History
from daydreamd.host.loops import Beat, Heart
from daydreamd.host.system.notify import Notifier
from daydreamd.host.threads import in_spare_thread
from daydreamd.observe.logs import configure
from daydreamd.records.control import When
from daydreamd.records.daemon_status import DaemonHealth, DaemonState, NextSession, Status
from daydreamd.records.daydream_session import Trigger
from daydreamd.records.events import AnyEvent, Level
from daydreamd.records.session_end import SessionEnd
from daydreamd.settings.loading import Loaded
from daydreamd.settings.places import Places

_RELOAD_SECONDS = 15.0
_STOP_SECONDS = 20.0
_NEIGHBOUR_SECONDS = 10.0  # a home on a dead network disk never answers


@dataclass(frozen=True)
class Start:
    """What the daemon is started with.

    `session_command` gives the words that start a session with a trigger and a settings file.
    """

    read_settings: Callable[[], Loaded]
    places: Places
    environ: Mapping[str, str]
    session_command: Callable[[Trigger, Path], Sequence[str]]
    patience: Patience = field(default_factory=Patience)


class Supervisor:
    """The parts of the daemon, and what signals and clients may ask of it."""

    def __init__(self, start: Start, history: History) -> None:
        self.places, self.history = start.places, history
        self.active = ActiveSettings(
            start.read_settings,
            self.places.runtime / SNAPSHOT_NAME,
            self.places.state / KEPT_NAME,
        )
        self._environ = start.environ
        self._log = configure(self.active.settings.observe, environ=start.environ)
        self.notifier = Notifier(start.environ, on_fault=self._say_notify_failed)
        self.tracker, self.heart, self._broadcast = StatusTracker(), Heart(), Broadcast()
        self.loops: tuple[str, ...] = ()
        self._stopping = False
        self._clock = MachineClock()
        self._runner = SessionRunner(
            lambda trigger: start.session_command(trigger, self.active.snapshot),
            environ=start.environ,
            places=self.places,
            history=history,
            sink=self.sink,
            patience=start.patience,
        )
        self.scheduler = Scheduler(
            history=history,
            settings=lambda: self.active.settings.schedule,
            run_session=self._run_session,
            on_change=self._tell_status,
            notice=self.notice,
            clock=self._clock.now,
        )
        self.lookout = Lookout(lambda: self.active.settings, self.places, start.environ, self.sink)
        self.agents = AgentWatch(self.places.state, lambda: self.active.settings, self.lookout.look)
        self.pressure = PressureWatch(
            lambda: self.active.settings.cleanup.pressure, self._press, self.notice
        )
        self.watchdog = Watchdog(self.notifier, self.heart, self.notice)

    # What clients and signals ask

    def request(self, trigger: Trigger) -> tuple[When, SessionRequest]:
        """Ask for a session: when it begins, and the request to wait on."""
        when, request = self.scheduler.request(trigger)
        self.notice("info", "session wished for", trigger=trigger.label, when=when)
        return when, request

    def trigger(self) -> tuple[When, SessionRequest]:
        """The same for a client of the control socket."""
        return self.request(Trigger.CONTROL)

    def watch(self) -> AsyncGenerator[bytes]:
        """A stream of events from now on."""
        return self._broadcast.watch()

    def stop_session(self) -> str | None:
        """Tell the running session to stop; its id, None where none runs."""
        return self._runner.stop("a person stopped it")

    async def reload(self) -> tuple[str, ...]:
        """Read the settings anew; a line for each fault for which those in force were kept."""
        self.notifier.extend_timeout(_RELOAD_SECONDS)
        self.notifier.reloading()
        observe = self.active.settings.observe
        faults = await self.active.reload()
        for line in faults:
            self.notice("error", "settings refused", fault=line, using="the settings in force")
        if not faults:
            if observe != self.active.settings.observe:
                self._log.flush()
                self._log = configure(self.active.settings.observe, environ=self._environ)
            self.notice("info", "settings reloaded", files=len(self.active.loaded.files))
            await self.scheduler.forgive()
            self.agents.wake()
            self.pressure.wake()
        self.notifier.ready(self._status_line())
        return faults

    def status(self) -> Status:
        """The state of the daemon now."""
        tracker = self.tracker
        return Status(
            version=__version__,
            pid=os.getpid(),
            uid=os.geteuid(),
            state=self._state(),
            status=self._status_line(),
            started_at=tracker.started_at,
            uptime_seconds=round(tracker.uptime_seconds, 1),
            session=tracker.session,
            last=tracker.last,
            sessions_well=tracker.sessions_well,
            sessions_seen=tracker.sessions_seen,
            failing=tracker.failing,
            next=self._next(),
            agents=self.agents.counts(),
            health=self._health(),
            places=msgspec.to_builtins(self.places, enc_hook=str),
            settings_files=tuple(map(str, self.active.loaded.files)),
            hazards=self.lookout.hazards,
        )

    # From the beginning to the end

    def say_faults(self) -> None:
        """Log the faults of the settings, and a warning where the daemon runs as root."""
        if os.geteuid() == 0:
            advice = "name a person: make install USER=NAME, or User= in a drop-in"
            self.notice("warning", "running as root", risk="untrusted repositories", advice=advice)
        for fault in self.active.loaded.faults:
            self.notice("error", "settings fault", fault=str(fault))

    async def say_neighbours(self) -> None:
        """Warn of other daemons that do the same work for the same user."""
        neighbours = []
        with anyio.move_on_after(_NEIGHBOUR_SECONDS):
            neighbours = await in_spare_thread(lambda: find_daemons(self._environ, os.geteuid()))
        for other in neighbours:
            facts = {"other_pid": other.pid or None, "other_socket": other.socket}
            advice = "stop one of them: both tidy and reflect"
            self.notice("warning", "another daemon runs as the same user", **facts, advice=advice)

    def say_ready(self) -> None:
        """Log that the daemon is ready, and tell systemd."""
        self.notice("info", "daemon ready", version=__version__, socket=self.places.control_socket)
        self.notifier.ready(self._status_line())

    async def stop(self) -> None:
        """End the running session, begin no other, and close the streams of watchers."""
        self._stopping = True
        self.notifier.extend_timeout(_STOP_SECONDS)
        self.notifier.stopping("Stopping")
        self.notice("info", "daemon stopping")
        async with anyio.create_task_group() as group:
            group.start_soon(self.scheduler.close)
            self._runner.stop("the daemon was stopped")
        self._broadcast.close()

    def close(self) -> None:
        """Log the end, and close log and notifier."""
        self.notice("info", "daemon stopped", uptime_seconds=round(self.tracker.uptime_seconds))
        self._log.flush()
        self.notifier.close()

    # What the parts say

    def sink(self, event: AnyEvent) -> None:
        """Pass a session's event to log, watchers and status."""
        self._log(event)
        self._broadcast(event)
        self.lookout.note(event)
        if self.tracker.note(event):
            self._tell_status()

    def notice(self, level: Level, what: str, /, **facts: Any) -> None:
        """Log a line of the daemon's own."""
        self._log.say(level, what, **facts)

    def say_loop_failed(self, name: str, error: Exception, pause: float) -> None:
        """Log that a guarded loop raised `error` and begins again in `pause` seconds."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        self.notice("error", "loop failed", loop=name, error=repr(error), at=where, again_in=pause)

    def _press(self) -> None:
        """Memory is short: tidy up at once, unless nothing is to be tidied."""
        self.notice("warning", "memory is short", doing="tidying up")
        if self.active.settings.cleanup.enabled:
            self.scheduler.press()

    async def _run_session(self, trigger: Trigger, beat: Beat, held_back: str) -> SessionEnd:
        end = await self._runner.run(trigger, beat, held_back)
        self.tracker.note_end(end)
        return end

    def _say_notify_failed(self, line: str) -> None:
        self.notice("warning", "service manager not reached", reason=line)

    def _tell_status(self) -> None:
        if not self._stopping:
            self.notifier.status(self._status_line())

    def _status_line(self) -> str:
        return self.tracker.line(self.scheduler.decision(), self.scheduler.reflection_wait)

    def _state(self) -> DaemonState:
        if self._stopping:
            return "stopping"
        return "running" if self.scheduler.running else "waiting"

    def _next(self) -> NextSession:
        decision, mark = self.scheduler.decision(), self.scheduler.mark
        wait = decision.wait_seconds
        return NextSession(
            at=_moment(None if wait is None else self._clock.now().wall + wait),
            in_seconds=wait,
            reason=decision.reason,
            interval=str(self.active.settings.schedule.interval),
            failures=mark.failures,
            failing_since=_moment(mark.failing_since),
            reflection_in_seconds=self.scheduler.reflection_wait,
        )

    def _health(self) -> DaemonHealth:
        fed = self.watchdog.fed_at
        return DaemonHealth(
            loops=self.loops,
            late=tuple(self.heart.late()),
            watchdog_seconds=self.watchdog.limit_seconds,
            watchdog_fed_seconds_ago=(
                None if fed is None else round(anyio.current_time() - fed, 1)
            ),
            settings_faults=tuple(map(str, self.active.loaded.faults)),
        )


def _moment(wall: float | None) -> datetime | None:
    return None if wall is None else datetime.fromtimestamp(wall, UTC)
