"""A day under the shipped rules: whoever rests through it goes, whoever works in it stays."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.household import UNIT, Household, until
from tests.e2e.menagerie import AIDER, CLAUDE, SERVER, Menagerie

pytestmark = pytest.mark.root

CLOCK = Path(__file__).with_name("later.c")
HOUR = 3600
LEFT = "setsid --fork"
VOID = "</dev/null >/dev/null 2>&1"
AGENTS = {"claude": CLAUDE, "aider": AIDER, "worker": AIDER, "mcp": SERVER}


class Day:
    """The daemon in its unit, which looks when it is told what time it is."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.zoo = Menagerie(house)
        library = house.door / "later.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, CLOCK], check=True)
        house.set({"schedule": {"interval": "7d"}, "cleanup": {}})
        for name, path in AGENTS.items():
            self.zoo.in_scope(f"{LEFT} {self.zoo.put(name, path)} {VOID}")
        house.run(["chown", "-R", "alice:", "/home/alice/zoo"])
        self.zoo.await_all(set(AGENTS))

    def look_at(self, hours: float) -> None:
        """So many hours after they began, the daemon starts, and has looked at everybody."""
        seconds = int(hours * HOUR)
        clock = f"Environment=LD_PRELOAD=/run/door/later.so LATER_SECONDS={seconds}"
        before = self._last_look()
        self.house.drop_in(UNIT, f"[Service]\n{clock}\n", name="later.conf")
        self.house.systemctl("restart", UNIT)
        until(lambda: self._last_look() > before, "the daemon has looked")

    def _last_look(self) -> float:
        seen = self.house.state / "agents.json"
        agents = json.loads(seen.read_text())["agents"] if seen.exists() else []
        return max((agent["seen_at"] for agent in agents), default=0.0)

    def work(self, name: str) -> None:
        """Let an agent use the processor for half a second."""
        pid = self.zoo.pids()[name]
        spent = _processor_ticks(self.house, pid)
        self.house.run(["kill", "-USR1", str(pid)])
        until(lambda: _processor_ticks(self.house, pid) >= spent + 45, f"{name} has worked")


def _processor_ticks(house: Household, pid: int) -> int:
    fields = house.path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.fixture(scope="module")
def day(staged):
    with Household(staged) as house:
        yield Day(house)


def test_who_rests_a_day_goes_and_who_works_in_it_stays(day):
    for hours in (0, 7, 14):
        day.look_at(hours)
    day.work("worker")
    day.look_at(20)
    day.house.trigger()
    assert set(day.zoo.pids()) == {"claude", "aider", "worker"}
    day.look_at(25)
    day.house.trigger()
    assert set(day.zoo.pids()) == {"worker"}
    day.look_at(27)
    day.house.trigger()
    assert set(day.zoo.pids()) == set()
