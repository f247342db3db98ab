"""What is done to the daemon of a household that runs, and what holds of it afterwards."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.household import PHASES, RESTART_SECONDS, UNIT, Household, until
from tests.e2e.machine import MachineError
from tests.e2e.stepping import Parked, parked

POINTS = 4
# About how long a phase of the fast fakes takes: the points are spread over this.
_TYPICAL_SECONDS = {"readiness_check": 0.2, "context_gathering": 0.12, "ai_analysis": 0.8}
_SHORT_SECONDS = 0.012


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
        before = house.status()["next"]["interval"]
        interval = "1h" if good else "soon"
        house.set({"schedule": {"interval": interval, "jitter": "0s"}})
        done = house.systemctl("reload", UNIT, check=False)
        after = house.status()["next"]["interval"]
        expect((done.returncode == 0) == good, f"systemctl reload ended with {done.returncode}")
        expect(after == (interval if good else before), f"the interval is {after}")
    if not good:
        house.wait_for(lambda entry: "schedule.interval" in entry["MESSAGE"], after=here)
    house.set({})
    house.systemctl("reload", UNIT)
