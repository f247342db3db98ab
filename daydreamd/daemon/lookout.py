"""What is told in time, not only by the next session: disks that fill, locks, ports, outputs.

Looked at with the agent processes, every few minutes, so that the machine is not woken for it.
Nothing here is removed or ended.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.cleanup.git_locks import stale_locks
from daydreamd.cleanup.output_files import find_outputs
from daydreamd.cleanup.temp import temp_directories
from daydreamd.daemon.disk_trend import Free, fills_in
from daydreamd.errors import FileError
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.daydream_session import Phase
from daydreamd.records.events import AnyEvent, HazardSeen, PhaseStarted, Sink
from daydreamd.records.hazard import Hazard, HazardKind
from daydreamd.settings.places import Places
from daydreamd.settings.schema import Settings
from daydreamd.units import say_duration, say_size

_SOON_SECONDS: Final = 6 * 3_600.0
_LARGE_OUTPUT: Final = 1 << 30
_GROWING: Final = 64 << 20
_STALE_SECONDS: Final = 900.0
_LOOKS: Final = 60
_DISK_SECONDS: Final = 2.0

Key = tuple[str, str]


class Lookout:
    """The hazards there are. `sink` hears of each when it appears, and when it is over."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        places: Places,
        environ: Mapping[str, str],
        sink: Sink,
    ) -> None:
        self._settings, self._places, self._environ = settings, places, environ
        self._sink = sink
        self._free: dict[int, deque[Free]] = defaultdict(lambda: deque(maxlen=_LOOKS))
        self._outputs: dict[str, int] = {}
        self._own: dict[Key, Hazard] = {}
        self._of_sessions: dict[Key, Hazard] = {}

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """All that there are, the oldest first."""
        found = (*self._own.values(), *self._of_sessions.values())
        return tuple(sorted(found, key=lambda hazard: hazard.since))

    def note(self, event: AnyEvent) -> None:
        """Take in what a session says: its tidying looks at every port anew."""
        match event:
            case PhaseStarted(phase=Phase.PRE_CLEANUP):
                self._of_sessions.clear()
            case HazardSeen() if event.session_id:
                self._of_sessions[event.hazard.kind, event.hazard.subject] = event.hazard
            case _:
                pass

    async def look(self) -> None:
        """Look once. What cannot be looked at is no hazard, and no end of one."""
        found, unknown = await in_spare_thread(self._look)
        before = self._own
        self._own = {
            **{key: one for key, one in before.items() if key[0] in unknown},
            **{key: before.get(key, one) for key, one in found.items()},
        }
        for key in self._own.keys() - before.keys():
            self._sink(HazardSeen(session_id="", hazard=self._own[key]))
        for key in before.keys() - self._own.keys():
            self._sink(HazardSeen(session_id="", hazard=before[key], over=True))

    def _look(self) -> tuple[dict[Key, Hazard], set[str]]:
        found: dict[Key, Hazard] = {}
        unknown = set()
        kinds = {"disk": self._disks, "lock": self._locks, "output": self._growing_outputs}
        for kind, look in kinds.items():
            try:
                found |= {(kind, one.subject): one for one in look()}
            except (FileError, OSError):  # a disk that does not answer, or is closed to us
                unknown.add(kind)
        return found, unknown

    def _disks(self) -> Iterator[Hazard]:
        least, seen = self._settings().readiness.min_free_disk, set()
        temp = temp_directories(self._settings().cleanup.temp, self._environ)
        for place in (self._places.state, Path(self._environ.get("HOME") or "/"), *temp):
            try:
                device, free = ask_disk(place, partial(_free, place), seconds=_DISK_SECONDS)
            except OSError:  # it does not answer, or is not there: nothing is known of it
                continue
            if device in seen:
                continue
            seen.add(device)
            looks = self._free[device]
            looks.append(Free(time.clock_gettime(time.CLOCK_BOOTTIME), free))
            full_in = fills_in(looks)
            if (full_in is not None and full_in < _SOON_SECONDS) or free < least:
                said = f"the disk at {place} has {say_size(free)} left"
                said += f" and is full in {say_duration(full_in)}" if full_in is not None else ""
                yield _hazard("disk", str(place), said, "daydreamd clean tells what agents hold")

    def _locks(self) -> Iterator[Hazard]:
        for workspace in self._settings().workspaces:
            path = Path(workspace.path).expanduser()
            look = partial(stale_locks, path, older_than=_STALE_SECONDS)
            for lock, age in ask_disk(path, look, seconds=_DISK_SECONDS):
                said = f"{lock} is {say_duration(age)} old and no process has it open"
                yield _hazard("lock", str(lock), said, f"if no git runs there: rm {lock}")

    def _growing_outputs(self) -> Iterator[Hazard]:
        sizes: dict[str, int] = {}
        for temp in temp_directories(self._settings().cleanup.temp, self._environ):
            look = partial(find_outputs, temp, uid=os.geteuid(), min_size=_LARGE_OUTPUT)
            for one in ask_disk(temp, look, seconds=_DISK_SECONDS):
                path = str(one.path)
                sizes[path] = one.bytes
                if one.bytes - self._outputs.get(path, one.bytes) >= _GROWING or path in {
                    subject for kind, subject in self._own if kind == "output"
                }:
                    said = f"the output {path} grows: {say_size(one.bytes)}"
                    yield _hazard("output", path, said, "end its task, or the session it is of")
        self._outputs = sizes


def _free(place: Path) -> tuple[int, int]:
    room = os.statvfs(place)
    return os.stat(place).st_dev, room.f_bavail * room.f_frsize  # noqa: PTH116 - beside statvfs


def _hazard(kind: HazardKind, subject: str, what: str, advice: str) -> Hazard:
    return Hazard(kind=kind, subject=subject, what=what, advice=advice, since=datetime.now(UTC))
