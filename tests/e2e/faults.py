"""The fault matrix: what is done to the daemon on a real systemd, where, and what then holds.

`FAULTS` is struck once each by the tests, and many times by `make faults`, which prints the table:
`python -m tests.e2e.faults [--times N] [--only WORD]`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.e2e import disks, neighbours, scarcity, strikes, surroundings
from tests.e2e.household import PHASES, STATE, UNIT, Household
from tests.e2e.machine import MachineError
from tests.e2e.stage import make_stage, make_wheels

READY_SECONDS = 1.0  # after RestartSec; judged where it is measured often, by `make faults`


@dataclass(frozen=True)
class Fault:
    """`strike` does it to a household whose daemon runs, and is idle again behind it."""

    name: str
    where: str
    strike: Callable[[Household], None]
    times: int = 20

    def __str__(self) -> str:
        return f"{self.name}, {self.where}"


def _faults() -> Iterator[Fault]:
    yield from _deaths()
    yield from _signals_and_jobs()
    yield from _surroundings()
    yield from _neighbours()
    yield from _hanging_disks()
    yield from _scarcity()


def _deaths() -> Iterator[Fault]:
    for phase in PHASES:
        for number in range(strikes.POINTS):
            strike = partial(strikes.kill_daemon, phase=phase, number=number)
            yield Fault("daemon killed", f"{phase} {number + 1}/{strikes.POINTS}", strike)
    yield Fault("daemon killed", "start", strikes.kill_starting_daemon)
    for phase in PHASES:
        yield Fault("session killed", phase, partial(strikes.kill_session, phase=phase))
    for where in (None, "ai_analysis"):
        yield Fault(
            "loop blocked", where or "idle", partial(strikes.block_loop, phase=where), times=5
        )


def _signals_and_jobs() -> Iterator[Fault]:
    yield Fault("SIGUSR1", "start", strikes.signal_starting)
    yield Fault("SIGUSR1", "idle", strikes.signal_idle)
    yield Fault("stopped", "idle", partial(strikes.stop, phase=None))
    for phase in PHASES:
        yield Fault("SIGUSR1", phase, partial(strikes.signal_in_session, phase=phase))
        yield Fault("stopped", phase, partial(strikes.stop, phase=phase))
    for where in (None, "ai_analysis"):
        yield Fault("good reload", where or "idle", partial(strikes.reload, phase=where, good=True))
        yield Fault("bad reload", where or "idle", partial(strikes.reload, phase=where, good=False))


def _surroundings() -> Iterator[Fault]:
    full = partial(
        surroundings.break_state,
        break_it=f"dd if=/dev/zero of={STATE}/filler bs=4k",
        mend_it=f"rm {STATE}/filler",
    )
    read_only = partial(
        surroundings.break_state,
        break_it=f"chmod -R a-w {STATE}",
        mend_it=f"chmod -R u+w {STATE}",
    )
    foreign = partial(
        surroundings.refuse_to_start,
        break_it=f"chown root {STATE}/history.db",
        mend_it=f"chown alice {STATE}/history.db",
        named="history.db",
    )
    yield Fault("disk full", "session", full, times=5)
    yield Fault("state read-only", "session", read_only, times=5)
    yield Fault("wrong owner", "start", foreign, times=5)
    yield Fault("history corrupt", "start", surroundings.corrupt_history, times=5)
    yield Fault("descriptors used up", "session", surroundings.exhaust_descriptors, times=5)
    yield Fault("second daemon", "start", surroundings.start_second_daemon, times=5)
    yield Fault("clock +1 day", "idle", partial(surroundings.set_clock, by="+86400"), times=5)
    yield Fault("clock -1 day", "idle", partial(surroundings.set_clock, by="-86400"), times=5)
    for sign in "+-":
        year = partial(surroundings.set_clock, by=f"{sign}31536000")
        yield Fault(f"clock {sign}1 year", "idle", year, times=5)


def _neighbours() -> Iterator[Fault]:
    yield Fault("container beside", "session", neighbours.stand_beside_container, times=5)
    for hiding in (1, 2):
        hide = partial(neighbours.hide_processes, hiding=hiding)
        yield Fault(f"hidepid={hiding}", "session", hide, times=5)
    for phase in PHASES:
        yield Fault("logs full", phase, partial(neighbours.fill_logs, phase=phase), times=5)
    for number in range(neighbours.POINTS):
        kill = partial(neighbours.kill_in_rotation, number=number)
        yield Fault("killed", f"rotation {number + 1}/{neighbours.POINTS}", kill, times=5)
    yield Fault("log of 2 GiB", "session", neighbours.rotate_large_log, times=2)


def _hanging_disks() -> Iterator[Fault]:
    for phase in (None, *PHASES):
        hang = partial(disks.hang_workspace, phase=phase)
        yield Fault("workspace hangs", phase or "before a session", hang, times=5)
    for phase in (None, *PHASES):
        hang = partial(disks.hang_agents_home, phase=phase)
        yield Fault("~/.claude hangs", phase or "before a session", hang, times=5)


def _scarcity() -> Iterator[Fault]:
    for most in (20, 40, 64, 128):
        limit = partial(scarcity.limit_descriptors, most=most)
        yield Fault(f"{most} descriptors", "start and session", limit, times=5)
    for phase in PHASES:
        yield Fault("state full", phase, partial(scarcity.fill_state, phase=phase), times=5)


FAULTS = tuple(_faults())


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    chosen = [fault for fault in FAULTS if options.only in str(fault)]
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        staged = make_stage(Path(scratch, "stage"), make_wheels(Path(scratch, "wheels")))
        print(f"{'fault':<22}{'where':<24}{'times':>6}{'passed':>8}  READY after RestartSec, worst")
        for fault in chosen:
            times = min(options.times or fault.times, fault.times)
            failed, worst = strike_often(staged, fault, times)
            failures += failed
            ready = f"{worst:.2f} s" if worst is not None else ""
            passed = times - len(failed)
            print(f"{fault.name:<22}{fault.where:<24}{times:>6}{passed:>8}  {ready}", flush=True)
    print("\n".join([*failures, f"{len(chosen)} faults, {len(failures)} failures"]))
    return 1 if failures else 0


def strike_often(staged: Path, fault: Fault, times: int) -> tuple[list[str], float | None]:
    """What went wrong, and the longest that READY took. After a failure the house is a new one."""
    failed: list[str] = []
    ready: list[float] = []
    left = times
    while left:
        with Household(staged, aider="escapes") as house:
            house.systemctl("start", UNIT)
            try:
                while left:
                    left -= 1
                    fault.strike(house)
            except (MachineError, subprocess.SubprocessError) as error:
                failed.append(f"{fault}: {error}")
                print(failed[-1], file=sys.stderr, flush=True)
            ready += house.ready_seconds
    failed += [
        f"{fault}: READY {late:.2f} s after RestartSec" for late in ready if late > READY_SECONDS
    ]
    return failed, max(ready, default=None)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--times", type=int, help="at most so often each")
    parser.add_argument("--only", default="", help="faults with this word in them")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
