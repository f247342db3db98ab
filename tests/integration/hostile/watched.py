"""Running the program on a hostile workspace while somebody counts its memory."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.02
_MAX_HASHED = 8 << 20


@dataclass(frozen=True)
class Run:
    """How a run ended, and the most memory that its whole tree held at once."""

    exit_code: int
    stdout: str
    stderr: str
    peak_bytes: int
    seconds: float


def run_watched(argv, *, cwd, env, seconds) -> Run:
    """Run it to its end; subprocess.TimeoutExpired where it takes longer."""
    began = time.monotonic()
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        over = threading.Event()
        peaks = [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, over, peaks))
        watcher.start()
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            over.set()
            watcher.join()
    took = time.monotonic() - began
    return Run(process.returncode, stdout, stderr, max(peaks), took)


def _watch(root: int, over: threading.Event, peaks: list[int]) -> None:
    while not over.wait(_SAMPLE_SECONDS):
        peaks.append(sum(map(_own_bytes, _tree(root))))


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        with suppress(OSError):  # gone meanwhile
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text().split())
    return found


def _own_bytes(pid: int) -> int:
    """What a process holds, pages that it shares counted in part."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # gone meanwhile
    return next((int(line.split()[1]) << 10 for line in told.splitlines() if line[:4] == "Pss:"), 0)


def photograph(root: Path) -> dict[str, tuple[int, int, int, str]]:
    """Everything below `root`: mode, size, time and content; of what is huge, the beginning."""
    seen = {}
    waiting = [os.open(root, os.O_RDONLY)]
    names = [""]
    while waiting:
        here, below = waiting.pop(), names.pop()
        for name in sorted(os.listdir(here)):  # noqa: PTH208 - a descriptor, at any depth
            facts = os.stat(name, dir_fd=here, follow_symlinks=False)
            path = f"{below[-200:]}#{len(below)}/{name}"
            seen[path] = (
                facts.st_mode,
                facts.st_size,
                facts.st_mtime_ns,
                _content(here, name, facts),
            )
            if stat.S_ISDIR(facts.st_mode):
                waiting.append(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=here))
                names.append(f"{below}/{name}")
        os.close(here)
    return seen


def _content(here: int, name: str, facts: os.stat_result) -> str:
    if stat.S_ISLNK(facts.st_mode):
        return os.readlink(name, dir_fd=here)
    if not stat.S_ISREG(facts.st_mode):
        return ""
    file = os.open(name, os.O_RDONLY | os.O_NOATIME, dir_fd=here)
    with os.fdopen(file, "rb") as opened:
        return hashlib.sha256(opened.read(_MAX_HASHED)).hexdigest()
