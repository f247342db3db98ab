"""What is installed beside the program says what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest

from daydreamd import __version__
from daydreamd.host.children.libraries import engine_library_path

ROOT = Path(__file__).parents[2]
COMPLETIONS = {"bash": "daydreamd", "zsh": "_daydreamd", "fish": "daydreamd.fish"}
UNITS = ("daydreamd.service", "daydreamd@.service", "user/daydreamd.service")


def test_the_man_page_is_what_the_commands_say() -> None:
    # In a process of its own: click keeps the options of commands that ran here before.
    argv = [sys.executable, "-m", "daydreamd.cli.manual"]  # >etc/daydreamd.1 writes it anew
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert (ROOT / "etc/daydreamd.1").read_text() == done.stdout


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_a_completion_is_what_the_program_makes(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daydreamd"],
        env={"_DAYDREAMD_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ROOT / "etc/completions" / COMPLETIONS[shell]).read_text() == done.stdout


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    places = [
        path
        for path in (*ROOT.glob("daydreamd/**/*.py"), ROOT / "pyproject.toml", ROOT / "Makefile")
        if re.search(rf'"{re.escape(__version__)}"', path.read_text())
    ]
    assert places == [ROOT / "daydreamd/__init__.py"]


def test_everything_that_the_wheel_shares_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert all((ROOT / source).is_file() for source in shared)
    assert {f"systemd/{unit}" for unit in UNITS} <= set(shared)


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_sees_its_peers_and_has_bounds(unit: str) -> None:
    lines = (ROOT / "systemd" / unit).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and line[0].isupper())
    assert "AF_NETLINK" in settings["RestrictAddressFamilies"].split()
    assert {"MemoryHigh", "MemoryMax", "TasksMax"} <= settings.keys()
    assert settings["LimitCORE"] == "0"


def test_the_machines_own_openmp_comes_before_the_wheels(tmp_path: Path) -> None:
    brought = tmp_path / "cmeel.prefix/lib/libnobody-has.so.1"
    brought.parent.mkdir(parents=True)
    brought.touch()
    found = partial(engine_library_path, [tmp_path])
    assert found(library="libc.so.6") == {}
    assert found(library="libnobody-has.so.1") == {"LD_LIBRARY_PATH": str(brought.parent)}
    assert engine_library_path([tmp_path / "empty"], library="libnobody-has.so.1") == {}


def test_without_a_python_for_aider_make_goes_on_without_and_says_so(tmp_path):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    done = subprocess.run(
        ["make", ".venv-aider/.run", "AIDER_PYTHON="],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.startswith("make: without Aider, as it needs Python 3.10 to 3.12 ")


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 2)])
def test_tests_without_aider_are_said_to_be_skipped_and_fail_under_ci(tmp_path, ci, code):
    lines = (ROOT / "Makefile").read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("test: "))
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/bin/true")
    stubs = "needs .venv/.dev .venv-aider/.run:\n"
    (tmp_path / "Makefile").write_text(stubs + "".join(lines[at : at + 3]))
    done = subprocess.run(
        ["make", "test"],
        cwd=tmp_path, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert "make: skipped are the tests of a real Aider" in done.stderr
