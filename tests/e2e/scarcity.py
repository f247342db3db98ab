"""What is done to the daemon by giving it too little: few descriptors, a disk that fills up."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.disks import expect_tidied, work_for_tidying
from tests.e2e.household import STATE, UNIT, Household, Row, until
from tests.e2e.stepping import parked
from tests.e2e.strikes import expect
from tests.e2e.surroundings import state_of_its_own

_ENOUGH = 40
_FILLER = f"{STATE}/filler"
_DROP_IN = "descriptors.conf"


def limit_descriptors(house: Household, most: int) -> None:
    """With few it does all its work; with too few it says so, once, and is started no more."""
    before = house.sessions()
    house.drop_in(UNIT, f"[Service]\nLimitNOFILE={most}\n", name=_DROP_IN)
    try:
        if most < _ENOUGH:
            _expect_refusal(house, most)
        else:
            house.systemctl("restart", UNIT)
            with work_for_tidying(house):
                ended = house.trigger()
                expect(ended["outcome"] == "completed", f"it {ended['outcome']}: {ended}")
                expect_tidied(house)
    finally:
        house.run(["rm", f"/etc/systemd/system/{UNIT}.d/{_DROP_IN}"])
        house.systemctl("daemon-reload")
        house.systemctl("restart", UNIT)
    expect(house.trigger()["outcome"] == "completed", "no session completes again")
    expect(house.sessions()[: len(before)] == before, "sessions of before have changed")


def _expect_refusal(house: Household, most: int) -> None:
    here = house.cursor()
    expect(house.systemctl("restart", UNIT, check=False).returncode != 0, "it started")
    lines = house.messages(f"--after-cursor={here}", f"--unit={UNIT}")
    said = [line for line in lines if "open files" in line]
    expect(len(said) == 1 and f"{most} open files" in said[0], f"it said {lines}")
    expect(not [line for line in lines if "Traceback" in line], "it left a traceback")
    expect(house.restarts(here) == 0, "it is started again and again")
    expect(house.show(UNIT, "ActiveState")["ActiveState"] == "failed", "it has not failed")


def fill_state(house: Household, phase: str) -> None:
    """The disk of the history is full from a phase on: with room again, all is in order."""
    with state_of_its_own(house), _history_told_inside(house):
        expect(house.trigger()["outcome"] == "completed", "no session completes before")
        main, before = house.main_pid(UNIT), house.sessions()
        house.ask()
        with parked(house, phase):
            house.run(["dd", "if=/dev/zero", f"of={_FILLER}", "bs=4k"], check=False)
        until(lambda: house.session_pid() is None, "the session ends")
        house.wait_until_waiting()
        expect(house.daydreamd("sessions", "list"), "what was recorded cannot be read")
        house.run(["rm", _FILLER])
        expect(house.trigger()["outcome"] == "completed", "no session completes again")
        house.wait_until_waiting()
        rows = house.sessions()
        expect(len(rows) == len(before) + 2, f"{len(rows)} sessions, not {len(before) + 2}")
        expect(rows[: len(before)] == before, "the session of before is not as it was")
        expect(all(row["outcome"] for row in rows), f"a session without an end: {rows}")
        expect(not (left := house.leftovers()), f"left: {left}")
        expect(house.main_pid(UNIT) == main, "the daemon did not survive it")


@contextmanager
def _history_told_inside(house: Household) -> Iterator[None]:
    """Ask for rows of the history where it lies, on a disk that is mounted inside."""
    argv = house.command(["/usr/bin/python3", "-c", _TELLER])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as told:

        def tell(sql: str) -> list[Row]:
            assert told.stdin is not None
            assert told.stdout is not None
            print(json.dumps(sql), file=told.stdin, flush=True)
            answer: list[Row] | None = json.loads(told.stdout.readline())
            if answer is None:
                raise sqlite3.OperationalError("the history cannot be read just now")
            return answer

        house.teller = tell
        try:
            yield
        finally:
            house.teller = None
            told.kill()


_TELLER = f"""
import contextlib, json, sqlite3, sys
for line in sys.stdin:
    rows = None
    with contextlib.suppress(sqlite3.OperationalError):
        uri = "file:{STATE}/history.db?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(json.loads(line))]
    print(json.dumps(rows), flush=True)
"""
