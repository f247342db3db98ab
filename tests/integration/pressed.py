"""A control group of which one process gets less memory than it works with: real pressure.

Limits come from the memory controller of either version; pressure is told by the second. What the
process works with is a file, whose pages the kernel has to bring back again and again.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LIMIT = 48 << 20
WORK = """
import mmap, os, sys
for group in sys.argv[2:]:
    with open(group + "/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
    print("at work", flush=True)
    while True:
        for place in range(0, len(pages), 4096):
            pages[place] = 1
"""


class PressedGroup:
    """The group; `pressure` is its pressure file. To be pressed with `at_work`."""

    def __init__(self) -> None:
        name = f"daydreamd-test-{os.urandom(4).hex()}"
        self._group = _mounted("cgroup2", "") / name
        self.pressure = self._group / "memory.pressure"
        self._directories = [self._group]
        self._group.mkdir()
        limit = self._group / "memory.max"
        if not limit.exists():
            older = _mounted("cgroup", "memory") / name
            older.mkdir()
            self._directories.append(older)
            limit = older / "memory.limit_in_bytes"
        limit.write_text(str(LIMIT))
        os.close(os.open(self.pressure, os.O_RDWR))

    def wait(self, times: int) -> None:
        """Until a trigger of our own has fired so often, which is every two seconds at most.

        To read the pressure file over and over would keep the kernel from telling others: whoever
        reads it takes the turn at which triggers are looked at (kernel/sched/psi.c, psi_show).
        """
        trigger = os.open(self.pressure, os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(trigger, b"some 50000 2000000\0")
            poll = select.poll()
            poll.register(trigger, select.POLLPRI)
            for _ in range(times):
                assert poll.poll(60_000), "nobody waits for memory"
        finally:
            os.close(trigger)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While inside, a process in the group wants four times what it gets."""
        file = Path(f"/var/tmp/{self._group.name}")
        with file.open("wb") as made:
            made.truncate(4 * LIMIT)
        argv = [sys.executable, "-c", WORK, file, *self._directories]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"at work\n"
            yield
        finally:
            process.kill()
            process.communicate()
            file.unlink()

    def close(self) -> None:
        for directory in self._directories:
            with suppress(FileNotFoundError):
                directory.rmdir()


@contextmanager
def pressed_group() -> Iterator[PressedGroup]:
    """Such a group, taken away at the end."""
    group = PressedGroup()
    try:
        yield group
    finally:
        group.close()


def why_not() -> str:
    """Why there can be no such group here; "" where there can."""
    try:
        with pressed_group():
            return ""
    except (OSError, LookupError) as error:
        return f"no control group whose memory can be limited: {error}"


def _mounted(kind: str, controller: str) -> Path:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, system, options, *_ = line.split()
        if system == kind and (not controller or controller in options.split(",")):
            return Path(place)
    raise LookupError(f"no {kind} {controller}".rstrip())
