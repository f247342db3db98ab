"""A day under the shipped rules: whoever rests through it goes, whoever works in it stays."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.household import SETTINGS, STATE, UNIT, Household, until
from tests.e2e.menagerie import AIDER, CLAUDE, SERVER, Menagerie
from tests.e2e.moved_clock import bring_clock, later, look_at

pytestmark = pytest.mark.root

OWN_STATE = "/home/alice/.local/state/daydreamd"
OWN_SETTINGS = "/home/alice/.config/daydreamd/daydreamd.toml"
LEFT = "setsid --fork"
VOID = "</dev/null >/dev/null 2>&1"
AGENTS = {"claude": CLAUDE, "aider": AIDER, "worker": AIDER, "mcp": SERVER}


class Day(ABC):
    """Agents that were left, and a daydreamd that is told what time it is."""

    def __init__(self, house: Household, zoo: Menagerie) -> None:
        self.house, self.zoo = house, zoo
        for name, path in AGENTS.items():
            zoo.in_scope(f"{LEFT} {zoo.put(name, path)} {VOID}")
        house.run(["chown", "-R", "alice:", "/home/alice/zoo"])
        zoo.await_all(set(AGENTS))

    @abstractmethod
    def look_at(self, hours: float) -> None:
        """Look at everybody so many hours after they began."""

    @abstractmethod
    def tidy(self) -> None:
        """End whom it takes for abandoned by then."""

    def close(self) -> None:
        """End whoever is left, and go."""
        if left := self.zoo.pids().values():
            self.house.run(["kill", "-KILL", *map(str, left)], check=False)

    def work(self, name: str) -> None:
        """Let an agent use the processor for half a second."""
        pid = self.zoo.pids()[name]
        spent = _processor_ticks(self.house, pid)
        self.house.run(["kill", "-USR1", str(pid)])
        until(lambda: _processor_ticks(self.house, pid) >= spent + 45, f"{name} has worked")


class InUnit(Day):
    """The daemon in its unit looks soon after it has started, and at once when it is to reload."""

    manager, state = "system", STATE

    def look_at(self, hours: float) -> None:
        systemctl = partial(self.zoo.systemctl, self.manager)
        look_at(self.house, hours, manager=self.manager, state=self.state, systemctl=systemctl)

    def tidy(self) -> None:
        self.house.change_workspace()
        argv = ["daydreamd", f"--{self.manager}", "trigger", "--wait", "--json"]
        held = self.house.run(argv, user="alice", env=self.zoo.bus, check=False)
        assert json.loads(held.stdout)["outcome"] == "completed", held.stderr

    def close(self) -> None:
        self.zoo.systemctl(self.manager, "stop", UNIT)
        super().close()


class InUserUnit(InUnit):
    manager, state = "user", OWN_STATE


class ByHand(Day):
    """Every run looks, and ends whom it may; it remembers what it saw for the next."""

    def look_at(self, hours: float) -> None:
        self._later = later(hours)
        self.tidy()

    def tidy(self) -> None:
        argv = ["daydreamd", "--user", "clean", "--json"]
        said = self.house.run(argv, user="alice", env=self._later).stdout
        assert json.loads(said)["dry_run"] is False


def _processor_ticks(house: Household, pid: int) -> int:
    fields = house.path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.fixture(scope="module")
def zoo(staged: Path) -> Iterator[Menagerie]:
    with Household(staged) as house:
        bring_clock(house)
        house.set({"schedule": {"interval": "7d"}, "cleanup": {}})
        house.write(OWN_SETTINGS, house.path(SETTINGS).read_text())
        house.run(["chown", "-R", "alice:", "/home/alice/.config"])
        yield Menagerie(house)


# The system's comes first: that its state is hers must not lead her own unit there.
@pytest.fixture(params=[InUnit, InUserUnit, ByHand])
def day(zoo: Menagerie, request: pytest.FixtureRequest) -> Iterator[Day]:
    zoo.house.run(["rm", "-rf", OWN_STATE])  # what was seen on another day
    day: Day = request.param(zoo.house, zoo)
    yield day
    day.close()


def test_who_rests_a_day_goes_and_who_works_in_it_stays(day: Day):
    for hours in (0, 7, 14):
        day.look_at(hours)
    day.work("worker")
    day.look_at(20)
    day.tidy()
    assert set(day.zoo.pids()) == {"claude", "aider", "worker"}
    day.look_at(25)
    day.tidy()
    assert set(day.zoo.pids()) == {"worker"}
    day.look_at(27)
    day.tidy()
    assert set(day.zoo.pids()) == set()
