"""Stops a running session just where a test wants it.

The session process runs in slices of a millisecond, by SIGSTOP and SIGCONT from outside; at every
stop the history says which phase it is in. So even a phase of ten milliseconds can be met anywhere,
without a word of the program being changed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.household import PHASES, Household, until

SLICE_SECONDS = 0.001
_FAR_SECONDS = 0.01


@dataclass
class Parked:
    """A session process that is stopped, seen from outside."""

    pid: int
    phase: str

    def go_on(self) -> None:
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        _signal(self.pid, number)


@contextlib.contextmanager
def parked(
    house: Household, phase: str, *, after: float = 0.0, once: Callable[[], bool] = lambda: True
) -> Iterator[Parked]:
    """The session that is about to begin, stopped `after` so many seconds of its `phase`.

    And not before `once` says so, which is asked at every stop from then on. If the phase is over
    earlier, it is stopped right behind it; behind the last there is nothing left to stop, and the
    phase is "over". It goes on at the end, if it lives.
    """
    pid = until(house.session_pid, "a session process begins")
    session = _run_until(house, pid, phase, after, once)
    try:
        yield session
    finally:
        session.go_on()


def _run_until(
    house: Household, pid: int, phase: str, after: float, once: Callable[[], bool]
) -> Parked:
    wanted, spent = PHASES.index(phase), 0.0
    while _state(pid) not in "ZX":
        near = _phase_index(house) >= wanted - 1
        if near:
            _signal(pid, signal.SIGSTOP)
            if not _has_stopped(pid):
                break
            here = _phase_index(house)
            if here > wanted or (here == wanted and spent >= after and once()):
                return Parked(pid, PHASES[here])
            spent += SLICE_SECONDS if here == wanted else 0.0
            _signal(pid, signal.SIGCONT)
        time.sleep(SLICE_SECONDS if near else _FAR_SECONDS)
    return Parked(pid, "over")


def _phase_index(house: Household) -> int:
    """Which phase the session that runs is in; -1 before the first."""
    running = [row for row in house.sessions() if not row["outcome"]]
    return PHASES.index(running[-1]["phase"]) if running else -1


def _has_stopped(pid: int) -> bool:
    """Wait until it has; False if it has ended instead."""
    while (state := _state(pid)) not in "TZX":
        time.sleep(0)
    return state == "T"


def _state(pid: int) -> str:
    """As in proc(5); X for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(pid, number)
