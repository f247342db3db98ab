"""Rotating the log files that the settings name, and making room before the disk is full."""

from __future__ import annotations

import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.log_files.rotation import rotate
from daydreamd.host.log_files.writers import Writer
from daydreamd.settings.cleanup import CleanupLog
from daydreamd.units import say_size

# As `insights.archive` names them; a copy that a person has made is named otherwise.
_ARCHIVED: Final = re.compile(r"daydream_insights-\d{8}-\d{6}(?:-\d{2})?\.md")
UNFINISHED: Final = "packed in part"


@dataclass(frozen=True)
class LogFile:
    """A configured log as `clean --json` prints it. `outcome` is empty where nothing was due."""

    path: str
    bytes: int
    outcome: str
    said: str
    lost_bytes: int = 0


def rotate_log(settings: CleanupLog, *, act: bool, stop_at: float = math.inf) -> LogFile:
    """Rotate one log if it is over its size, or with `act` false only say so.

    Packs until `stop_at` (monotonic seconds) and goes on next time.
    """
    path = Path(settings.path).expanduser()
    try:
        size = ask_disk(path, path.lstat).st_size
    except FileNotFoundError:
        size = 0  # a run that was killed may have moved it and not yet made a new one
    except OSError as error:
        return LogFile(str(path), 0, "failed", f"cannot look at it: {error.strerror}")
    if not act or not settings.enabled:
        return _say_size(path, size, settings)
    try:
        writer = Writer(Path(settings.pidfile).expanduser(), settings.signal)
        done = rotate(
            path,
            max_bytes=settings.max_size,
            keep=settings.keep,
            writer=writer if settings.reopen == "signal" else None,
            stop_at=stop_at,
        )
    except FileError as error:
        if size <= settings.max_size:  # where nothing is due, nothing has failed
            return _say_size(path, size, settings)
        return LogFile(str(path), size, "failed", str(error))
    if size <= settings.max_size and not (done.rotated or done.unfinished):
        return _say_size(path, size, settings)
    outcome = "rotated" if done.rotated else UNFINISHED if done.unfinished else ""
    moved = done.bytes if done.rotated else size
    return LogFile(str(path), moved, outcome, done.said, done.lost_bytes)


def _say_size(path: Path, size: int, settings: CleanupLog) -> LogFile:
    limit = say_size(settings.max_size)
    if size > settings.max_size:
        return LogFile(str(path), size, "would be rotated", f"over {limit}")
    there = os.path.lexists(path)
    return LogFile(str(path), size, "", f"not over {limit}" if there else "not there")


def make_room(archive: Path, *, state: Path, min_free: int, act: bool) -> list[str]:
    """Remove the oldest archived reports until `min_free` bytes are free where `state` lies.

    The names removed, or without acting those that would be. Only reports that daydreamd itself
    has archived, and none where that would not make the room: on another file system, or where all
    of them are too small.
    """
    try:
        if archive.stat().st_dev != state.stat().st_dev:
            return []
        reports = sorted(path for path in archive.iterdir() if _ARCHIVED.fullmatch(path.name))
        sizes = {path: _freed(path.lstat()) for path in reports}
        room = os.statvfs(state)
        missing = min_free - room.f_bavail * room.f_frsize
        if missing <= 0 or sum(sizes.values()) < missing:
            return []
        removed = []
        for path in reports:
            if missing <= 0:
                break
            if act:
                path.unlink(missing_ok=True)
            missing -= sizes[path]
            removed.append(path.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f"cannot make room in {archive}: {error.strerror}", path=archive) from error
    return removed


def _freed(facts: os.stat_result) -> int:
    """What removing a file gives back: nothing while it has another name."""
    own = stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1
    return facts.st_blocks * 512 if own else 0
