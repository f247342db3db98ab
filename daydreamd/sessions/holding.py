"""Holding one session in this process: lock, history, recovery, run and pruning.

`once` in the foreground and `session` for the daemon differ only in the sink of events.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from daydreamd.context.cache import prune
from daydreamd.context.workspaces import find_workspaces, is_there
from daydreamd.history.store import History, open_history
from daydreamd.host.children.commands import SESSION_MARK
from daydreamd.host.files.descriptors import make_sure_of_descriptors
from daydreamd.host.files.locks import hold_lock
from daydreamd.host.processes import Signals, become_subreaper
from daydreamd.host.system.signals import Mailbox, listen
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.events import Emitter, Sink
from daydreamd.records.workspace import Workspace
from daydreamd.sessions.parts import failing_paths
from daydreamd.sessions.plan import Plan
from daydreamd.sessions.recovery import recover
from daydreamd.sessions.system import UnifiedDaydreamSystem
from daydreamd.sessions.turns import choose_workspaces
from daydreamd.settings.places import Places
from daydreamd.settings.schema import Settings

if TYPE_CHECKING:
    from daydreamd.insights.report import Report

_STOPPING = (Signals.SIGINT, Signals.SIGTERM)


@dataclass
class Held:
    """A session that was held to its end, and the signal that brought the end early (0: none).

    `told` is what its report holds, where one was written.
    """

    session: DaydreamSession
    stopped_by: int = 0
    told: Report | None = None


async def hold_session(
    settings: Settings,
    places: Places,
    plan: Plan,
    *,
    trigger: Trigger,
    sink: Sink,
) -> Held:
    """Run one session to its end, which SIGINT and SIGTERM bring early; SessionBusy if one runs.

    It looks at those of the plan's workspaces whose turn it is.
    """
    make_sure_of_descriptors()
    become_subreaper()
    places.create()
    session = DaydreamSession.begin(trigger)
    held = Held(session)
    os.environ[SESSION_MARK] = session.session_id  # every child carries it from here on
    with listen(_STOPPING, deaf_after=True) as mailbox, hold_lock(places.lock):
        async with open_history(places.history_db) as history:
            emitter = Emitter(session.session_id, sink)
            if history.put_aside:
                emitter.notice("error", "history was corrupt", kept_as=str(history.put_aside))
            await recover(history, places, emitter=emitter)
            chosen = await _whose_turn(plan.workspaces, history, settings)
            waiting = [one for one in plan.workspaces if one not in chosen]
            now = replace(plan, workspaces=chosen, waiting=waiting)
            system = UnifiedDaydreamSystem(settings, places, history, now, sink=sink)
            async with anyio.create_task_group() as group:
                group.start_soon(_stop_at_signal, mailbox, group.cancel_scope, held, name="stop")
                await system.run(session)
                held.told = system.told
                group.cancel_scope.cancel()
            await history.forget(settings.history.keep)
            await in_spare_thread(lambda: _prune_cache(places.cache, plan.workspaces, settings))
    return held


def _prune_cache(cache: Path, workspaces: Sequence[Workspace], settings: Settings) -> None:
    wanted = [Path(one.path) for one in workspaces]
    wanted += [Path(one.path) for one in find_workspaces(settings.workspaces)]
    with suppress(OSError):  # what cannot be deleted is kept a while longer
        prune(cache, wanted)


async def _whose_turn(
    workspaces: Sequence[Workspace], history: History, settings: Settings
) -> tuple[Workspace, ...]:
    last = {one.path: await history.last_reflection(one.path) for one in workspaces}
    times = {path: record.at for path, record in last.items() if record}
    failing = failing_paths(await history.failing_parts())
    missing = [path for path in failing if not await is_there(Path(path))]
    return choose_workspaces(workspaces, times, settings.analysis.max_workspaces, missing)


async def _stop_at_signal(mailbox: Mailbox, scope: anyio.CancelScope, held: Held) -> None:
    while (number := await mailbox.next()) not in _STOPPING:
        pass  # SIGUSR1 and SIGHUP are the daemon's; they must not end a session
    held.stopped_by = number
    scope.cancel()
