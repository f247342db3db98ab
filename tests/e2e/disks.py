"""What is done to the disks around the daemon: one hangs, and answers again later."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.household import FAKES, PHASES, UNIT, WORKSPACE, Household, until
from tests.e2e.machine import MachineError
from tests.e2e.neighbours import (
    AS_ALICE,
    CLAUDE,
    LOG,
    QUICK,
    agents,
    install_claude,
    leave_behind,
)
from tests.e2e.stepping import parked
from tests.e2e.strikes import expect, unharmed

AGENTS_HOME = "/home/alice/.claude"
_LEFTOVER = "/tmp/claude-0123abcd-cwd"
_LEFT = "/opt/left-behind"
_DISK = "disk.service"
_LONGEST_SECONDS = 38.0
_UNTIL_IT_TIDIES = (None, *PHASES[: PHASES.index("pre_cleanup") + 1])
_TIDYING: dict[str, dict[str, object]] = {
    "cleanup.claude": QUICK,
    "cleanup.temp": {"max_age": "1s"},
    "[cleanup.logs]": {"path": LOG, "max_size": "1KiB"},
    "[cleanup.kinds]": {"name": "left", "exe": [_LEFT], "end": True}
    | {"max_age": "1s", "idle_for": "100ms"},
}


class Disk:
    """A disk of its own at a directory of the household."""

    def __init__(self, house: Household) -> None:
        self._house = house

    def hang(self) -> None:
        """From now on it does not answer."""
        self._house.systemctl("kill", "--signal=STOP", _DISK)

    def answer(self) -> None:
        """It answers again, what has been asked meanwhile too."""
        self._house.systemctl("kill", "--signal=CONT", _DISK)


@contextmanager
def disk_of_its_own(house: Household, directory: str) -> Iterator[Disk]:
    house.systemctl("stop", UNIT)
    server = ["/usr/bin/python3", str(FAKES / "passthrough_disk.py"), directory]
    house.run(["systemd-run", "--quiet", f"--unit={_DISK}", *server])
    mounted = ["mountpoint", "--quiet", directory]
    until(lambda: house.run(mounted, check=False).returncode == 0, "the disk is there")
    disk = Disk(house)
    try:
        house.systemctl("start", UNIT)
        yield disk
    finally:
        disk.answer()
        house.systemctl("stop", UNIT)
        house.run(["umount", "--lazy", directory])
        house.systemctl("stop", _DISK, check=False)  # it ends when nobody uses the disk any more
        house.systemctl("start", UNIT)


@contextmanager
def work_for_tidying(house: Household) -> Iterator[None]:
    """An abandoned process, an old temp file and a log that is due: a session deals with all."""
    house.run(["install", "-D", "/usr/bin/sleep", _LEFT])
    house.run(["sh", "-ec", f"seq 1000 >{LOG}; chown alice: {LOG}; chmod 600 {LOG}"])
    house.run(["sh", "-ec", f"echo x >{_LEFTOVER}"], user="alice")
    house.set(_TIDYING)
    house.systemctl("reload", UNIT)
    leave_behind(house, f"{AS_ALICE} {_LEFT} 7003")
    # The file, which was there before, is then as old as it has to be, too.
    until(lambda: agents(house, 7003, _LEFT, age=1), "the abandoned process is of age")
    try:
        yield
    finally:
        house.run(["pkill", "-f", f"^{_LEFT}"], check=False)
        house.run(["sh", "-c", f"rm -f {LOG}* {_LEFTOVER}"])
        house.set({})
        house.systemctl("reload", UNIT)


def hang_workspace(house: Household, phase: str | None) -> None:
    """Nothing is said of a workspace that cannot be looked at; everything else is tidied."""
    with disk_of_its_own(house, WORKSPACE) as disk, work_for_tidying(house):
        ended = _session_meanwhile(house, disk, phase)
        if phase is None:
            expect(ended["outcome"] != "completed", f"without its workspace it {ended['outcome']}")
            expect("does not answer" in ended["reasons"], f"unsaid: {ended['reasons']}")
        expect_tidied(house)
        disk.answer()
        expect(house.trigger()["outcome"] == "completed", "no session completes again")


def hang_agents_home(house: Household, phase: str | None) -> None:
    """A Claude whose home cannot be read is spared until it can; everything else is tidied.

    In the phases behind `pre_cleanup` it has gone already, as it could be looked at there.
    """
    install_claude(house)
    house.run(["mkdir", "-p", f"{AGENTS_HOME}/sessions", f"{AGENTS_HOME}/debug"], user="alice")
    with disk_of_its_own(house, AGENTS_HOME) as disk, work_for_tidying(house):
        leave_behind(house, f"{AS_ALICE} env HOME=/home/alice {CLAUDE} 7004")
        until(lambda: agents(house, 7004, age=1), "the agent is of age")
        try:
            ended = _session_meanwhile(house, disk, phase)
            expect(ended["outcome"] == "completed", f"it {ended['outcome']}: {ended['reasons']}")
            if phase in _UNTIL_IT_TIDIES:
                expect(agents(house, 7004), "one whose home cannot be read was ended")
            expect_tidied(house)
            disk.answer()
            expect(house.trigger()["outcome"] == "completed", "no session completes again")
            expect(not agents(house, 7004), "the abandoned one is left though its disk answers")
        finally:
            house.run(["pkill", "-f", f"^{CLAUDE} 7004"], check=False)


def _session_meanwhile(house: Household, disk: Disk, phase: str | None) -> dict[str, object]:
    """How a session ended for which the disk hung from `phase` on, or from before it began."""
    main, began = house.main_pid(UNIT), time.monotonic()
    house.change_workspace()
    with unharmed(house, sessions=1):
        if phase is None:
            disk.hang()
        house.kill("USR1")
        if phase is not None:
            with parked(house, phase):
                disk.hang()
    seconds = time.monotonic() - began
    expect(seconds < _LONGEST_SECONDS, f"it took {seconds:.0f} s")
    expect(house.main_pid(UNIT) == main, "the daemon did not survive it")
    return house.sessions()[-1]


def expect_tidied(house: Household) -> None:
    if left := agents(house, 7003, _LEFT):
        again = house.daydreamd("clean", "--dry-run", "--json")
        raise MachineError(f"the abandoned process {left} is left; now it is said: {again}")
    expect(not house.path(_LEFTOVER).exists(), "the old temp file is left")
    expect(house.path(f"{LOG}.1.gz").exists(), "the log was not rotated")
