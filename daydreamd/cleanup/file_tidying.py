"""The files of a tidying: temp files, files of agents, logs; archives where the disk is full."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.cleanup.agent_files import clean_agent_files
from daydreamd.cleanup.log_rotation import make_room, rotate_log
from daydreamd.cleanup.outputs import clean_outputs
from daydreamd.cleanup.temp import TempFile, clean_temp
from daydreamd.cleanup.tidy_report import TidyReport
from daydreamd.errors import DaydreamError
from daydreamd.host.files.disks import NO_ANSWER
from daydreamd.host.threads import in_spare_thread
from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.places import Places

_STEP_SECONDS: Final = 4.0  # beyond the budget, for the step under way; one that takes longer hangs


class FileTidying:
    """Removes files, or with `act` false says what would go. All of it goes into `report`."""

    def __init__(self, settings: Cleanup, report: TidyReport, *, act: bool) -> None:
        self._settings, self._report, self._act = settings, report, act

    async def files(self, budget: float) -> None:
        """Temp files, then those that agents have left in their own directories."""
        settings, act, give_up = self._settings, self._act, anyio.current_time() + budget
        cleaners: dict[str, Callable[[], tuple[list[TempFile], list[str]]]] = {}
        if settings.temp.enabled:
            everybodys = settings.all_users
            cleaners["temp files"] = lambda: clean_temp(
                settings.temp, all_users=everybodys, act=act
            )
        if settings.agent_files.enabled:
            cleaners["files of agents"] = lambda: clean_agent_files(settings, os.environ, act=act)
        cleaners["outputs of tasks"] = lambda: clean_outputs(settings, os.environ, act=act)
        for what, clean in cleaners.items():
            left = give_up - anyio.current_time()
            with self._given_up_after(left, f"{what} were not tidied to the end"):
                try:
                    files, failures = await in_spare_thread(clean)
                except (DaydreamError, OSError) as error:
                    files, failures = [], [f"{what} were not tidied: {error}"]
                known = {file.path for file in self._report.temp_files}
                self._report.temp_files += [file for file in files if file.path not in known]
                self._report.failures += failures

    async def logs(self, budget: float) -> None:
        """The logs that the settings name, one after the other."""
        stop_at = time.monotonic() + budget
        for log in self._settings.logs:
            rotate = partial(rotate_log, log, act=self._act, stop_at=stop_at)
            left = stop_at - time.monotonic()
            with self._given_up_after(left + _STEP_SECONDS, f"cannot rotate {log.path}"):
                done = await in_spare_thread(rotate)
                self._report.logs.append(done)
                if done.outcome == "failed":
                    self._report.failures.append(done.said)

    @contextmanager
    def _given_up_after(self, seconds: float, failure: str) -> Iterator[None]:
        """Leave behind what hangs, and say so."""
        with anyio.move_on_after(seconds) as scope:
            yield
        if scope.cancelled_caught:
            self._report.failures.append(f"{failure}: {NO_ANSWER}")

    async def room(self, places: Places, min_free_disk: int) -> None:
        """Old archives go before the disk is full."""
        make = partial(
            make_room, places.archive, state=places.state, min_free=min_free_disk, act=self._act
        )
        try:
            self._report.archives_removed = await anyio.to_thread.run_sync(make)
        except DaydreamError as error:
            self._report.failures.append(str(error))
