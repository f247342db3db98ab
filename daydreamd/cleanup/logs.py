"""Rotating the log files that the settings name, and making room before the disk is full."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daydreamd.errors import FileError
from daydreamd.host.rotation import rotate
from daydreamd.settings.model import CleanupLog
from daydreamd.units import say_size


@dataclass(frozen=True)
class LogFile:
    """A configured log, and what became of it. `outcome` is empty where nothing was due."""

    path: str
    bytes: int
    outcome: str
    said: str
    lost_bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        """As `clean --json` prints it."""
        return {
            "path": self.path, "bytes": self.bytes, "outcome": self.outcome,
            "said": self.said, "lost_bytes": self.lost_bytes,
        }  # fmt: skip


def rotate_log(settings: CleanupLog, *, act: bool) -> LogFile:
    """Rotate one log if it is over its size, or with `act` false only say so."""
    path = Path(settings.path).expanduser()
    try:
        size = path.lstat().st_size
    except FileNotFoundError:
        return LogFile(str(path), 0, "", "not there")
    except OSError as error:
        return LogFile(str(path), 0, "failed", f"cannot look at it: {error.strerror}")
    if size <= settings.max_size:
        return LogFile(str(path), size, "", f"not over {say_size(settings.max_size)}")
    if not act or not settings.enabled:
        return LogFile(str(path), size, "would be rotated", f"over {say_size(settings.max_size)}")
    by_signal = settings.reopen == "signal"
    try:
        done = rotate(
            path,
            max_bytes=settings.max_size,
            keep=settings.keep,
            pidfile=Path(settings.pidfile).expanduser() if by_signal else None,
            signal=settings.signal,
        )
    except FileError as error:
        return LogFile(str(path), size, "failed", str(error))
    return LogFile(str(path), done.bytes, "rotated", done.said, done.lost_bytes)


def make_room(archive: Path, *, min_free: int, act: bool) -> list[str]:
    """Remove the oldest archived reports until `min_free` bytes are free; the names removed."""
    removed: list[str] = []
    try:
        reports = sorted(
            archive.glob("daydream_insights*.md"), key=lambda path: path.stat().st_mtime
        )
        for report in reports:
            room = os.statvfs(archive)
            if room.f_bavail * room.f_frsize >= min_free:
                break
            if act:
                report.unlink(missing_ok=True)
            removed.append(report.name)
            if not act:
                break  # without acting nobody knows how many it would take
    except OSError as error:
        raise FileError(f"cannot make room in {archive}: {error.strerror}", path=archive) from error
    return removed
