"""The disk in a tidying: counted beside everything else, compared with the last time, kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.cleanup.disk_steward import BUDGET_SECONDS, Steward, find_places
from daydreamd.cleanup.temp import temp_directories
from daydreamd.cleanup.tidy_report import TidyReport
from daydreamd.cleanup.transcripts_leaving import look_after_transcripts
from daydreamd.errors import DaydreamError
from daydreamd.history.store import History
from daydreamd.host.files.disks import NO_ANSWER
from daydreamd.host.threads import in_spare_thread
from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.places import Places

_ENDING_SECONDS: Final = 5.0


async def look_at_disk(
    settings: Cleanup,
    report: TidyReport,
    history: History | None,
    places: Places | None,
    workspaces: Sequence[Path],
    *,
    act: bool,
) -> None:
    """Put what agents hold into `report`; nothing but a transcript's copy is written for it."""
    try:
        with anyio.fail_after(BUDGET_SECONDS + _ENDING_SECONDS):
            await _look(settings, report, history, places, workspaces, act=act)
    except TimeoutError:
        report.failures.append(f"what agents hold on disk was not counted: {NO_ANSWER}")
    except (DaydreamError, OSError) as error:
        report.failures.append(f"what agents hold on disk was not counted: {error}")


async def _look(
    settings: Cleanup,
    report: TidyReport,
    history: History | None,
    places: Places | None,
    workspaces: Sequence[Path],
    *,
    act: bool,
) -> None:
    known = await history.last_disk_use() if history else {}
    steward = Steward(places.state if places and act else None, os.geteuid())

    def count() -> None:
        temp = temp_directories(settings.temp, os.environ)
        held = find_places(temp, workspaces, os.environ, os.geteuid())
        report.disk = steward.count(held, known, seconds=BUDGET_SECONDS)

    await in_spare_thread(count)
    look = partial(look_after_transcripts, settings.transcripts, os.environ, places, act=act)
    vanishing, failures = await in_spare_thread(look)
    report.failures += failures
    if report.disk is not None:
        report.disk = report.disk.with_vanishing(vanishing)
        if history and act:
            await history.keep_disk_use(report.disk.kinds)
