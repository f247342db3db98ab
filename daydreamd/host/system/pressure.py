"""Memory pressure as something to await: the kernel wakes us, nobody polls (PSI triggers).

A trigger is a descriptor of a pressure file into which a limit was written; the kernel marks it
with POLLPRI when the limit is passed. asyncio waits for readable descriptors only, so the trigger
lies in an epoll of its own, which becomes readable. Linux, Documentation/accounting/psi.rst.

Whoever reads the file many times a second takes the turn at which the kernel looks at triggers of
users without privileges (psi_show in kernel/sched/psi.c): so nothing here reads it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from daydreamd.errors import HostError
from daydreamd.host.processes.open_files import file_system

MACHINE: Final = Path("/proc/pressure/memory")
_TELLING: Final = (0x9FA0, 0x63677270)  # the file systems /proc and cgroup2
_WINDOW_MICROSECONDS: Final = 2_000_000
"""Without CAP_SYS_RESOURCE a window has to be a multiple of two seconds."""


class PressureTrigger:
    """An armed trigger, which calls `tell` in the running loop. To be closed."""

    def __init__(self, file: Path, stall_seconds: float, tell: Callable[[], None]) -> None:
        self._file, self._tell, self._told = file, tell, False
        self._trigger = _arm(file, stall_seconds)
        self._epoll = select.epoll(1)
        self._epoll.register(self._trigger, select.EPOLLPRI)

    def listen(self) -> None:
        """Have the running loop wait for it."""
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._hear)

    def has_fired(self) -> bool:
        """Whether the limit was passed since. HostError where the pressure file is gone."""
        # Asking the kernel once more tells of the error alone: it has forgotten what it told.
        if any(events & select.EPOLLERR for _, events in self._epoll.poll(0)):
            raise HostError(f"cannot watch {self._file}: its control group is gone")
        return self._told

    def close(self) -> None:
        """Take the trigger out of the kernel, and out of the loop if it is there."""
        with suppress(RuntimeError):  # no loop runs
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
        os.close(self._trigger)

    def _hear(self) -> None:
        self._told = True
        self._tell()


@contextmanager
def pressure_trigger(
    file: Path, stall_seconds: float, tell: Callable[[], None]
) -> Iterator[PressureTrigger]:
    """Call `tell` when somebody waits for memory for more than `stall_seconds` of two.

    HostError with the reason where there is no such file, or it may not be written.
    """
    trigger = PressureTrigger(file, stall_seconds, tell)
    try:
        trigger.listen()
        yield trigger
    finally:
        trigger.close()


def why_not_watched(file: Path = MACHINE) -> str:
    """Why no trigger can be set there; "" where one can."""
    try:
        os.close(_arm(file, 1.0))
    except HostError as error:
        return str(error)
    return ""


def _arm(file: Path, stall_seconds: float) -> int:
    stall = max(1_000, min(round(stall_seconds * 1e6), _WINDOW_MICROSECONDS))
    try:
        trigger = os.open(file, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            _refuse_files_of_people(trigger)
            os.write(trigger, f"some {stall} {_WINDOW_MICROSECONDS}\0".encode())
        except OSError:
            os.close(trigger)
            raise
    except OSError as error:
        raise HostError(f"cannot watch {file}: {error.strerror}") from error
    return trigger


def _refuse_files_of_people(trigger: int) -> None:
    """A setting may name any file, and a trigger is set by writing."""
    if file_system(f"/proc/self/fd/{trigger}") not in _TELLING:
        raise OSError(errno.EINVAL, "not a pressure file")
