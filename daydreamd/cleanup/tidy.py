"""Tidying up as a whole: agent processes, temp files, logs, room on the disk.

A dry run is the same code with the acts left out. Everything fits into a budget; what does not is
left for next time and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.cleanup.disk_look import look_at_disk
from daydreamd.cleanup.file_tidying import FileTidying
from daydreamd.cleanup.outputs import proven_dead
from daydreamd.cleanup.ports_held import ports_held
from daydreamd.cleanup.process_tidying import ProcessTidying
from daydreamd.cleanup.tidy_report import TidyReport
from daydreamd.history.store import History
from daydreamd.records.events import TIDYING_LEFT, Emitter, HazardSeen
from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.places import Places

_BUDGET_SECONDS: Final = 27.0  # of the phase's 30: the rest is for what comes after
_LAST_SECONDS: Final = 5.0  # what one step of a rotation may take on a slow disk


async def tidy_up(  # noqa: PLR0913 - whom to tell, where to look, and how far to go
    settings: Cleanup,
    *,
    emitter: Emitter,
    history: History | None,
    places: Places | None = None,
    dead_sessions: Sequence[str] = (),
    dry_run: bool = False,
    min_free_disk: int = 0,
    budget: float = _BUDGET_SECONDS,
    disk_of: Sequence[Path] | None = None,
) -> TidyReport:
    """Tidy up within `budget` seconds. What fails is in the report, and does not stop the rest.

    Sessions that the history knows as ended are dead, besides those in `dead_sessions`. With
    `disk_of` it is counted what agents hold on the disk, in those workspaces and elsewhere.
    """
    began = anyio.current_time()
    report = TidyReport(dry_run=dry_run or settings.dry_run)
    act = settings.enabled and not report.dry_run
    agents = ProcessTidying(settings, report, emitter, history, act=act)
    files = FileTidying(settings, report, act=act)
    async with anyio.create_task_group() as group:
        group.start_soon(agents.processes, places, dead_sessions, budget, name="processes")
        group.start_soon(files.files, budget - _LAST_SECONDS, name="temp files")
        group.start_soon(files.logs, budget - _LAST_SECONDS, name="logs")
        if disk_of is not None:
            look = partial(look_at_disk, settings, report, history, places, disk_of, act=act)
            group.start_soon(look, name="disk")
        if places and min_free_disk:
            group.start_soon(files.room, places, min_free_disk, name="room on the disk")
    report.note_dead_outputs(proven_dead(report.temp_files))
    report.seconds = anyio.current_time() - began
    if report.to_be_taken_up:
        emitter.notice("info", TIDYING_LEFT, left=report.to_be_taken_up)
    for hazard in ports_held(report.left_behind):
        emitter.emit(HazardSeen(session_id=emitter.session_id, hazard=hazard))
    for failure in report.failures:
        emitter.notice("warning", "cleanup failed", reason=failure)
    return report
