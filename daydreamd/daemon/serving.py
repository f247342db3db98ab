"""The composition root: what the daemon is made of, in which order it starts, and how it stops.

Signals can come from the first line on. READY is said when what the last run left is in order and
the socket listens; from then on every part is a guarded loop in one task group.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.daemon.control_socket import ControlSocket
from daydreamd.daemon.line_socket import listen_at
from daydreamd.daemon.signal_actions import HEEDED, heed
from daydreamd.daemon.status_tracker import REMEMBERED_SESSIONS
from daydreamd.daemon.supervisor import Start, Supervisor
from daydreamd.errors import DaemonError, DaydreamError, SessionBusy
from daydreamd.history.store import open_history
from daydreamd.host.files.access import take_note
from daydreamd.host.files.descriptors import make_sure_of_descriptors
from daydreamd.host.files.locks import hold_lock
from daydreamd.host.loops import guarded
from daydreamd.host.processes.orphans import become_subreaper
from daydreamd.host.system.signals import listen
from daydreamd.records.daydream_session import Trigger
from daydreamd.records.events import Emitter
from daydreamd.sessions.recovery import recover

_RECOVERY_SECONDS: Final = 90.0


async def serve(start: Start) -> None:
    """Run the daemon until it is told to stop; DaydreamError where it cannot start."""
    failure: DaydreamError | None = None
    make_sure_of_descriptors()
    with listen(HEEDED, deaf_after=True) as mailbox:
        become_subreaper()
        start.places.create()
        with _alone(start.places.daemon_lock):
            async with open_history(start.places.history_db) as history, AsyncExitStack() as stack:
                daemon = Supervisor(start, history)
                stack.callback(daemon.close)
                async with anyio.create_task_group() as group:
                    group.start_soon(heed, mailbox, daemon, group.cancel_scope, name="signals")
                    try:
                        await _begin(daemon, stack, group)
                    except DaydreamError as error:
                        failure = error  # raised below, where no group wraps it
                        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _begin(daemon: Supervisor, stack: AsyncExitStack, group: anyio.abc.TaskGroup) -> None:
    """Recovery, the socket, the loops, then READY."""
    daemon.notifier.extend_timeout(_RECOVERY_SECONDS)
    daemon.notifier.status("Starting: putting in order what the last run left")
    daemon.say_faults()
    await daemon.say_neighbours()
    await daemon.active.write_snapshot()
    await _put_in_order(daemon)
    await daemon.scheduler.take_up()
    listener = stack.enter_context(listen_at(daemon.places.control_socket))
    stack.callback(daemon.places.control_socket.unlink, missing_ok=True)
    loops = {
        "sessions": daemon.scheduler.serve,
        "control": ControlSocket(listener, daemon, allowed={0, os.geteuid()}).serve,
        "agents": daemon.agents.serve,
        "pressure": daemon.pressure.serve,
        "watchdog": daemon.watchdog.serve,
    }
    daemon.loops = tuple(loops)
    for name, loop in loops.items():
        body = partial(guarded, name, loop, heart=daemon.heart, on_fault=daemon.say_loop_failed)
        group.start_soon(body, name=name)
    if take_note(daemon.places.noted_wish):
        daemon.request(Trigger.SIGNAL)
    daemon.say_ready()


async def _put_in_order(daemon: Supervisor) -> None:
    """Close the records of dead sessions, which is known from the session lock being free."""
    history = daemon.history
    if history.put_aside:
        daemon.notice("error", "history was corrupt", kept_as=str(history.put_aside), now="empty")
    try:
        with hold_lock(daemon.places.lock):
            await recover(history, daemon.places, emitter=Emitter("", daemon.sink))
    except SessionBusy as error:
        # `daydreamd once` runs: nothing of it is dead, and the next session looks again.
        daemon.notice("info", "recovery put off", reason=str(error))
    sessions = await history.sessions(REMEMBERED_SESSIONS)
    daemon.tracker.recall(sessions, await history.failing_parts())


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold the daemon's lock; DaemonError names the process that holds it already."""
    try:
        with hold_lock(lock):
            yield
    except SessionBusy as error:
        raise DaemonError(f"cannot run a second daemon: {error}") from error
