"""The zoo that is inspected by hand elsewhere, behind the filters of the shipped units."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.household import SETTINGS, UNIT, Household
from tests.e2e.machine import REPOSITORY

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


def start(house: Household, manager: str) -> dict[str, str]:
    """Start the unit of that manager with the zoo's home for its own; what reaches its daemon."""
    uid = house.run(["id", "--user", "alice"]).stdout.strip()
    bus = {"XDG_RUNTIME_DIR": f"/run/user/{uid}"}
    drop_in = f"/etc/systemd/{manager}/{UNIT}.d/home.conf"
    house.write(drop_in, f"[Service]\nEnvironment=HOME={HOME}\n")
    house.set(QUICK)
    if manager == "system":
        house.systemctl("daemon-reload")
        house.systemctl("start", UNIT)
    else:
        house.write(f"{HOME}/.config/daydreamd/daydreamd.toml", house.path(SETTINGS).read_text())
        house.run(["chown", "-R", "alice:", HOME])
        house.systemctl("start", f"user@{uid}.service")
        house.run(["systemctl", "--user", "start", UNIT], user="alice", env=bus)
    return bus


@pytest.mark.parametrize("manager", ["system", "user"])
def test_in_its_unit_it_ends_the_same_as_by_hand(staged, manager):
    with Household(staged) as house, let_loose(house) as zoo:
        bus = start(house, manager)
        trigger = ["daydreamd", f"--{manager}", "trigger", "--wait", "--json"]
        held = house.run(trigger, user="alice", env=bus, check=False)
        assert json.loads(held.stdout)["outcome"] == "completed", held.stderr
        expected = {one["name"]: one["decision"] != "kill" for one in zoo.animals}
        assert zoo.who_lives() == expected
        assert len(expected) > 100
