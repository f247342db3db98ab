"""The fault matrix: what is done to the daemon on a real systemd, where, and what then holds.

`FAULTS` is struck once each by the tests, and many times by `make faults`, which prints the table:
`python -m tests.e2e.faults [--times N] [--only WORD]`.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.e2e.household import (
    CACHE,
    LOGS,
    PHASES,
    RESTART_SECONDS,
    RUNTIME,
    STATE,
    UNIT,
    Household,
    until,
)
from tests.e2e.machine import MachineError
from tests.e2e.stage import make_stage, make_wheels
from tests.e2e.stepping import Parked, parked

POINTS = 4
READY_SECONDS = 1.0  # after RestartSec; judged where it is measured often, by `make faults`
# About how long a phase of the fast fakes takes: the points are spread over this.
_TYPICAL_SECONDS = {"readiness_check": 0.2, "context_gathering": 0.12, "ai_analysis": 0.8}
_SHORT_SECONDS = 0.012


@dataclass(frozen=True)
class Fault:
    """`strike` does it to a household whose daemon runs, and is idle again behind it."""

    name: str
    where: str
    strike: Callable[[Household], None]
    times: int = 20

    def __str__(self) -> str:
        return f"{self.name}, {self.where}"


def point(phase: str, number: int) -> float:
    """Seconds from the beginning of a phase to its first, second, … point."""
    return _TYPICAL_SECONDS.get(phase, _SHORT_SECONDS) * number / POINTS


@contextmanager
def unharmed(house: Household, *, sessions: int, restarts: int = 0) -> Iterator[None]:
    """After this block so many sessions more have ended, each once, and nothing of them is left."""
    before, here = len(house.sessions()), house.cursor()
    yield
    rows = house.wait_for_ends(before + sessions)
    house.wait_until_waiting()
    expect(len(rows) == before + sessions, f"{len(rows) - before} sessions, not {sessions}")
    expect(all(row["end_time"] for row in rows), "a session without an end")
    expect(house.restarts(here) == restarts, f"{house.restarts(here)} restarts, not {restarts}")
    expect(not (left := house.leftovers()), f"left: {left}")


def expect(holds: object, complaint: str) -> None:
    if not holds:
        raise MachineError(f"cannot call the house well: {complaint}")


def outcome(house: Household) -> str:
    return str(house.sessions()[-1]["outcome"])


# The daemon or its session dies


def kill_daemon(house: Household, phase: str, number: int) -> None:
    here = house.cursor()
    with unharmed(house, sessions=1, restarts=1):
        house.ask()
        with parked(house, phase, after=point(phase, number)) as session:
            house.kill("KILL")
            house.wait_for_restart(here)
    expect(outcome(house) == "interrupted" or has_recorded_itself(house, session), outcome(house))
    _note_ready(house, here)


def kill_starting_daemon(house: Household) -> None:
    here = house.cursor()
    with unharmed(house, sessions=0, restarts=1):
        house.systemctl("stop", UNIT)
        house.systemctl("start", "--no-block", UNIT)
        until(lambda: house.main_pid(UNIT), "the daemon has a pid")
        house.kill("KILL")
        house.wait_for_restart(here)


def kill_session(house: Household, phase: str) -> None:
    with unharmed(house, sessions=1):
        house.ask()
        with parked(house, phase) as session:
            session.send(signal.SIGKILL)
    expect(outcome(house) == "failed" or has_recorded_itself(house, session), outcome(house))


def has_recorded_itself(house: Household, session: Parked) -> bool:
    """Whether it had completed: a session's last act is its record, in its last phase."""
    return session.phase in (PHASES[-1], "over") and outcome(house) == "completed"


def block_loop(house: Household, phase: str | None) -> None:
    here = house.cursor()
    with ExitStack() as stack:
        stack.enter_context(unharmed(house, sessions=1 if phase else 0, restarts=1))
        if phase:
            house.ask()
            stack.enter_context(parked(house, phase))
        house.kill("USR2")
        house.wait_for_restart(here)
    said = "\n".join(house.messages(f"--after-cursor={here}", f"--unit={UNIT}"))
    expect("Watchdog timeout" in said, "no word of the watchdog")
    expect("Fatal Python error: Aborted" in said, "no stack in the journal")
    expect('File "<string>", line 1 in <lambda>' in said, f"not the stack that blocked: {said}")
    _note_ready(house, here)


def _note_ready(house: Household, cursor: str) -> None:
    house.ready_seconds.append(house.ready_after_death(cursor) - RESTART_SECONDS)


# Signals and jobs


def stop(house: Household, phase: str | None) -> None:
    with unharmed(house, sessions=1 if phase else 0):
        if phase:
            house.ask()
            with parked(house, phase) as session:
                stopping = _begin_to_stop(house)
                session.go_on()
        else:
            stopping = _begin_to_stop(house)
        expect(stopping.wait(40) == 0, "systemctl stop failed")
        result = house.show(UNIT, "Result", "ExecMainStatus")
        expect(result == {"Result": "success", "ExecMainStatus": "0"}, f"it ended with {result}")
        if phase in PHASES[:4]:
            expect(outcome(house) == "interrupted", outcome(house))
        house.systemctl("start", UNIT)


def _begin_to_stop(house: Household) -> subprocess.Popen[bytes]:
    stopping = subprocess.Popen(house.command(["systemctl", "stop", UNIT]))
    until(lambda: house.show(UNIT, "ActiveState")["ActiveState"] != "active", "systemd stops it")
    return stopping


def signal_in_session(house: Household, phase: str) -> None:
    with unharmed(house, sessions=2):
        house.ask()
        with parked(house, phase):
            house.kill("USR1")


def signal_idle(house: Household) -> None:
    with unharmed(house, sessions=1):
        house.kill("USR1")


def signal_starting(house: Household) -> None:
    with unharmed(house, sessions=1):
        house.systemctl("stop", UNIT)
        house.systemctl("start", "--no-block", UNIT)
        until(house.is_executed, "the daemon is executed")
        house.kill("USR1")


def reload(house: Household, phase: str | None, *, good: bool) -> None:
    here = house.cursor()
    with ExitStack() as stack:
        stack.enter_context(unharmed(house, sessions=1 if phase else 0))
        if phase:
            house.ask()
            stack.enter_context(parked(house, phase))
        interval = "1h" if good else "soon"
        house.set({"schedule": {"interval": interval, "jitter": "0s"}})
        house.systemctl("reload", UNIT)
    said = "\n".join(house.messages(f"--after-cursor={here}", f"--unit={UNIT}"))
    wanted = "settings reloaded" if good else "schedule.interval"
    house.set({})
    house.systemctl("reload", UNIT)
    expect(wanted in said, f"{wanted!r} was not said")


# What lies around the daemon


@contextmanager
def state_of_its_own(house: Household) -> Iterator[None]:
    """Its state on a disk of 2 MiB, which is full or broken sooner."""
    house.systemctl("stop", UNIT)
    house.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", STATE])
    house.run(["chown", "alice:", STATE])
    try:
        house.systemctl("start", UNIT)
        yield
    finally:
        house.systemctl("stop", UNIT)
        house.run(["umount", STATE])
        house.systemctl("start", UNIT)


def break_state(house: Household, break_it: str, mend_it: str) -> None:
    """A session fails and says so, the daemon stays; once it is mended, the next completes."""
    with state_of_its_own(house):
        main = house.main_pid(UNIT)
        house.run(["sh", "-c", break_it], check=False)
        broken = house.trigger()
        house.run(["sh", "-ec", mend_it])
        whole = house.trigger()
        expect(broken["outcome"] == "failed", f"it was said to have {broken['outcome']}")
        expect(broken["reasons"], "it failed without a reason")
        expect(whole["outcome"] == "completed", f"the next one {whole}")
        expect(house.main_pid(UNIT) == main, "the daemon did not survive it")
        ends = json.loads(house.daydreamd("sessions", "list", "--json"))
        expect(all(end["outcome"] for end in ends), f"a session without an end: {ends}")
        half_written = list(house.path(STATE).glob(".*.tmp"))
        expect(not half_written, f"left: {half_written}")


def refuse_to_start(house: Household, break_it: str, mend_it: str, named: str) -> None:
    """It does not start, and says in one line what it cannot do; once mended, it starts."""
    here = house.cursor()
    house.systemctl("stop", UNIT)
    house.run(["sh", "-ec", break_it])
    refused = house.systemctl("start", UNIT, check=False).returncode
    house.systemctl("stop", UNIT)
    house.run(["sh", "-ec", mend_it])
    house.systemctl("start", UNIT)
    lines = house.messages(f"--after-cursor={here}", f"--unit={UNIT}")
    expect(refused != 0, "it started")
    expect([line for line in lines if "cannot" in line and named in line], f"unsaid: {lines}")
    expect(not [line for line in lines if "Traceback" in line], "it left a traceback")
    expect(house.trigger()["outcome"] == "completed", "no session completes again")


def corrupt_history(house: Household) -> None:
    here = house.cursor()
    house.systemctl("stop", UNIT)
    for path in house.state.glob("history.db*"):
        path.unlink() if path.name != "history.db" else path.write_bytes(b"not a database" * 1000)
    house.systemctl("start", UNIT)
    said = "\n".join(house.messages(f"--after-cursor={here}", f"--unit={UNIT}"))
    expect("history was corrupt" in said, f"unsaid: {said}")
    expect(list(house.state.glob("history.db.corrupt*")), "it was not put aside")
    expect(house.trigger()["outcome"] == "completed", "no session completes with the new one")


def exhaust_descriptors(house: Household) -> None:
    """Clients take all the descriptors it may have: a session fails, the daemon stays."""
    house.drop_in(UNIT, "[Service]\nLimitNOFILE=44\n", name="few.conf")
    house.systemctl("restart", UNIT)
    main, here = house.main_pid(UNIT), house.cursor()
    argv = house.command(["/usr/bin/python3", "-c", _CROWD], user="alice")
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdout is not None
        crowd.stdout.readline()
        house.ask()
        house.wait_for(lambda entry: "open files" in entry["MESSAGE"].lower(), after=here)
        crowd.kill()
    expect(house.trigger()["outcome"] == "completed", "no session completes again")
    expect(house.main_pid(UNIT) == main, "the daemon did not survive it")
    house.run(["rm", f"/etc/systemd/system/{UNIT}.d/few.conf"])
    house.systemctl("daemon-reload")
    house.systemctl("restart", UNIT)


_CROWD = f"""
import signal, socket
crowd = []
for _ in range(32):
    one = socket.socket(socket.AF_UNIX)
    one.connect("{RUNTIME}/control.sock")
    one.sendall(b'{{"do": "watch"}}\\n')
    crowd.append(one)
crowd[0].recv(1)
print("all here", flush=True)
signal.pause()
"""


def start_second_daemon(house: Household) -> None:
    """The one that comes second ends at once with code 1, and says who the first is."""
    main = house.main_pid(UNIT)
    names = {"STATE": STATE, "LOGS": LOGS, "RUNTIME": RUNTIME, "CACHE": CACHE}
    env = {f"{name}_DIRECTORY": path for name, path in names.items()}
    second = house.run(["daydreamd", "run"], user="alice", env=env, check=False)
    expect(second.returncode == 1, f"it ended with {second.returncode}")
    expect(str(main) in second.stderr, f"it says nothing of process {main}: {second.stderr}")
    expect(house.trigger()["outcome"] == "completed", "no session completes beside it")


def set_clock(house: Household, by: str) -> None:
    """People's time jumps: once while the daemon runs and once while it does not; no burst."""
    clock = house.door / "clock"
    clock.write_text("+0")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    fake = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": "/run/clock", "FAKETIME_NO_CACHE": 1}
    fake |= {"DONT_FAKE_MONOTONIC": 1}
    pairs = " ".join(f"{name}={value}" for name, value in fake.items())
    house.run(["sh", "-c", "touch /run/clock; mount --bind /run/door/clock /run/clock"])
    house.drop_in(UNIT, f"[Service]\nEnvironment={pairs}\n", name="clock.conf")
    house.systemctl("restart", UNIT)
    before, here = len(house.sessions()), house.cursor()
    clock.write_text(by)
    house.systemctl("reload", UNIT)
    house.wait_for(lambda entry: entry["MESSAGE"].startswith("clock was set"), after=here)
    expect(len(house.sessions()) == before, "it began a session because the clock was set")
    house.systemctl("stop", UNIT)
    clock.write_text("+0")
    house.systemctl("start", UNIT)
    house.wait_until_waiting()
    begun = len(house.sessions()) - before
    expect(begun <= 1, f"{begun} sessions because the clock was set back")
    house.run(["sh", "-c", f"rm /etc/systemd/system/{UNIT}.d/clock.conf; umount /run/clock"])
    house.systemctl("daemon-reload")
    house.systemctl("restart", UNIT)


def _faults() -> Iterator[Fault]:
    yield from _deaths()
    yield from _signals_and_jobs()
    yield from _surroundings()


def _deaths() -> Iterator[Fault]:
    for phase in PHASES:
        for number in range(POINTS):
            strike = partial(kill_daemon, phase=phase, number=number)
            yield Fault("daemon killed", f"{phase} {number + 1}/{POINTS}", strike)
    yield Fault("daemon killed", "start", kill_starting_daemon)
    for phase in PHASES:
        yield Fault("session killed", phase, partial(kill_session, phase=phase))
    for where in (None, "ai_analysis"):
        yield Fault("loop blocked", where or "idle", partial(block_loop, phase=where), times=5)


def _signals_and_jobs() -> Iterator[Fault]:
    yield Fault("SIGUSR1", "start", signal_starting)
    yield Fault("SIGUSR1", "idle", signal_idle)
    yield Fault("stopped", "idle", partial(stop, phase=None))
    for phase in PHASES:
        yield Fault("SIGUSR1", phase, partial(signal_in_session, phase=phase))
        yield Fault("stopped", phase, partial(stop, phase=phase))
    for where in (None, "ai_analysis"):
        yield Fault("good reload", where or "idle", partial(reload, phase=where, good=True))
        yield Fault("bad reload", where or "idle", partial(reload, phase=where, good=False))


def _surroundings() -> Iterator[Fault]:
    full = partial(
        break_state,
        break_it=f"dd if=/dev/zero of={STATE}/filler bs=4k",
        mend_it=f"rm {STATE}/filler",
    )
    read_only = partial(
        break_state,
        break_it=f"chmod -R a-w {STATE}",
        mend_it=f"chmod -R u+w {STATE}",
    )
    foreign = partial(
        refuse_to_start,
        break_it=f"chown root {STATE}/history.db",
        mend_it=f"chown alice {STATE}/history.db",
        named="history.db",
    )
    yield Fault("disk full", "session", full, times=5)
    yield Fault("state read-only", "session", read_only, times=5)
    yield Fault("wrong owner", "start", foreign, times=5)
    yield Fault("history corrupt", "start", corrupt_history, times=5)
    yield Fault("descriptors used up", "session", exhaust_descriptors, times=5)
    yield Fault("second daemon", "start", start_second_daemon, times=5)
    yield Fault("clock +1 day", "idle", partial(set_clock, by="+86400"), times=5)
    yield Fault("clock -1 day", "idle", partial(set_clock, by="-86400"), times=5)


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
