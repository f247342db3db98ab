"""The zoo that is inspected by hand elsewhere, behind the filters of the shipped units."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.household import SETTINGS, STATE, UNIT, Household
from tests.e2e.machine import REPOSITORY
from tests.e2e.moved_clock import bring_clock, look_at

pytestmark = pytest.mark.root

ZOO = "/home/alice/zoo"
HOME = f"{ZOO}/home"
PYTHON = "/usr/local/lib/daydreamd/venv/bin/python"
CODE = "tests/integration/zoo"
MOMENTS = {"max_age": "1s", "idle_for": "500ms"}
QUICK = {
    "cleanup": {"observe": "1s", "grace": "2s"},
    "cleanup.claude": {**MOMENTS, "max_count": 1000, "protect": ["*--keep-me*"]},
    "cleanup.aider": MOMENTS,
    "cleanup.mcp": MOMENTS,
    "cleanup.other_agents": MOMENTS,
    "cleanup.temp": {"enabled": False},
    "analysis": {"engine": "direct"},
}
SHIPPED = {
    "schedule": {"interval": "7d"},
    "cleanup.claude": {"protect": ["*--keep-me*"]},
    "cleanup.temp": {"enabled": False},
    "analysis": {"engine": "direct"},
}
# Who waited for somebody, or said that it was busy, is not believed for longer than a day.
OUTWEIGHED = {"says it is busy", "waits for an answer", "with a status that nobody knows"}
Animals = list[dict[str, Any]]


class Loose:
    """The zoo as it runs inside, in a scope that nobody named."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.animals: Animals = self._read()

    def who_lives(self) -> dict[str, bool]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        alive: list[bool] = self._read()
        return dict(zip((animal["name"] for animal in self.animals), alive, strict=True))

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the zoo has ended"
        return json.loads(line)


@contextmanager
def let_loose(house: Household) -> Iterator[Loose]:
    shutil.copytree(REPOSITORY / CODE, house.path(f"/opt/zoo/{CODE}"))
    env = {"PYTHONPATH": "/opt/zoo", "PYTHONDONTWRITEBYTECODE": "1"}
    scope = ["systemd-run", "--quiet", "--scope", "--uid=alice", "--gid=alice"]
    argv = [*scope, PYTHON, "-m", CODE.replace("/", ".") + ".loose", ZOO]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(house.command(argv, env=env), text=True, **pipes) as process:
        try:
            yield Loose(process)
        finally:
            process.kill()


class Unit:
    """The unit of a manager, with the zoo's home for its own."""

    def __init__(self, house: Household, manager: str, settings: Mapping[str, Any]) -> None:
        self.house, self.manager = house, manager
        uid = house.run(["id", "--user", "alice"]).stdout.strip()
        self.bus = {"XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        self.state = STATE if manager == "system" else f"{HOME}/.local/state/daydreamd"
        drop_in = f"/etc/systemd/{manager}/{UNIT}.d/home.conf"
        house.write(drop_in, f"[Service]\nEnvironment=HOME={HOME}\n")
        house.set(settings)
        if manager == "user":
            own = f"{HOME}/.config/daydreamd/daydreamd.toml"
            house.write(own, house.path(SETTINGS).read_text())
            house.run(["chown", "-R", "alice:", HOME])
            house.systemctl("start", f"user@{uid}.service")
        self.systemctl("daemon-reload")

    def systemctl(self, *words: str) -> None:
        argv = ["systemctl", f"--{self.manager}", *words]
        who = {"user": "alice", "env": self.bus} if self.manager == "user" else {}
        self.house.run(argv, **who)

    def hold_session(self) -> None:
        argv = ["daydreamd", f"--{self.manager}", "trigger", "--wait", "--json"]
        held = self.house.run(argv, user="alice", env=self.bus, check=False)
        assert json.loads(held.stdout)["outcome"] == "completed", held.stderr

    def look_at(self, hours: float) -> None:
        look_at(self.house, hours, manager=self.manager, state=self.state, systemctl=self.systemctl)


@pytest.mark.parametrize("manager", ["system", "user"])
def test_in_its_unit_it_ends_the_same_as_by_hand(staged, manager):
    with Household(staged) as house, let_loose(house) as zoo:
        unit = Unit(house, manager, QUICK)
        unit.systemctl("start", UNIT)
        unit.hold_session()
        expected = {one["name"]: one["decision"] != "kill" for one in zoo.animals}
        assert zoo.who_lives() == expected
        assert len(expected) > 100


@pytest.mark.parametrize("manager", ["system", "user"])
def test_in_its_unit_a_day_later_the_shipped_rules_end_the_same(staged, manager):
    with Household(staged) as house, let_loose(house) as zoo:
        bring_clock(house)
        unit = Unit(house, manager, SHIPPED | {"cleanup": {"dry_run": True}})
        for hours in (0, 26):
            unit.look_at(hours)
        unit.hold_session()
        assert all(zoo.who_lives().values()), "somebody was ended in a dry run"
        house.set(SHIPPED)
        if manager == "user":
            own = f"{HOME}/.config/daydreamd/daydreamd.toml"
            house.write(own, house.path(SETTINGS).read_text())
        unit.systemctl("reload", UNIT)
        house.change_workspace()
        unit.hold_session()
        assert zoo.who_lives() == {
            one["name"]: one["decision"] != "kill" and one["name"] not in OUTWEIGHED
            for one in zoo.animals
        }
