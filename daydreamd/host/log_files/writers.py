"""Who writes to a log, and how the writer is told to reopen it."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from daydreamd.errors import FileError, HostError, ProcessGone
from daydreamd.host.files.access import read_text_nofollow
from daydreamd.host.files.cached_facts import cached_facts
from daydreamd.host.processes import Signals, identify, scan, send
from daydreamd.host.processes.open_files import descriptors_of


@dataclass(frozen=True)
class Told:
    """Which process was told, if any, and what is to be said of it."""

    pid: int | None
    said: str


@dataclass(frozen=True)
class Writer:
    """The process that a pid file names, and the signal at which it reopens its log."""

    pidfile: Path
    signal: str = "HUP"

    def check(self, path: Path, facts: os.stat_result) -> None:
        """FileError unless the process that the pid file names has this very log open."""
        pid = self._pid()
        if not openers(facts, (pid,)):
            reason = f"pid {pid} of {self.pidfile}: it has not opened the log"
            raise FileError(f"cannot rotate {path} by {reason}", path=path)

    def tell(self, path: Path) -> Told:
        """Signal the process if it has this log open; the result says why it was not."""
        try:
            pid = self._pid()
            if not any(_is_of(path, link) for _, _, link in descriptors_of(pid)):
                reason = f"pid {pid} of {self.pidfile} has not opened the log"
                return Told(None, f"nobody was told: {reason}")
            if not send(identify(pid), Signals[f"SIG{self.signal}"]):
                return Told(None, f"nobody was told: pid {pid} is gone")
        except (FileError, HostError, ProcessGone, OSError) as error:
            return Told(None, f"nobody was told: {error}")
        return Told(pid, f"pid {pid} was told")

    def _pid(self) -> int:
        try:
            return int(read_text_nofollow(self.pidfile, max_bytes=64).strip())
        except (FileError, OSError, ValueError) as error:
            reason = f"cannot read a pid from {self.pidfile}: {error}"
            raise FileError(reason, path=self.pidfile) from error


def openers(facts: os.stat_result, pids: Collection[int] | None = None) -> set[int]:
    """Processes (all, or of `pids`) that have this file open, as far as we may look into them.

    OSError where we cannot look at all.
    """
    return {
        pid
        for pid in (scan() if pids is None else pids)
        if pid != os.getpid() and any(_is_file(pid, fd, facts) for _, fd, _ in descriptors_of(pid))
    }


def _is_file(pid: int, fd: int, facts: os.stat_result) -> bool:
    try:
        seen = cached_facts(f"/proc/{pid}/fd/{fd}")  # of any disk there is, a dead one included
    except OSError:  # closed meanwhile
        return False
    return (seen.st_dev, seen.st_ino) == (facts.st_dev, facts.st_ino)


def _is_of(path: Path, link: str) -> bool:
    """Whether an open file is the log or lay under its name until it was moved."""
    target = Path(link)
    return target.parent == path.resolve().parent and target.name in (path.name, f"{path.name}.0")
