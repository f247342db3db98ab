"""The units as files: how exposed they are, and that the two for the system stay one."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.machine import REPOSITORY, Machine

pytestmark = pytest.mark.root

MOST_EXPOSED = 1.6
SYSTEM_UNITS = ("daydreamd.service", "daydreamd@.service")


@pytest.mark.parametrize("unit", SYSTEM_UNITS)
def test_a_system_unit_is_hardly_exposed(staged, unit):
    path = staged / "usr/local/lib/systemd/system" / unit
    argv = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(path)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert float(said.rstrip().splitlines()[-1].split(": ")[1].split()[0]) <= MOST_EXPOSED


def test_the_template_is_the_system_unit_but_for_its_instance():
    one, many = (
        (REPOSITORY / "systemd" / unit).read_text().partition("\n[Unit]\n")[2].splitlines()
        for unit in SYSTEM_UNITS
    )
    differing = [(a, b) for a, b in zip(one, many, strict=True) if a != b]
    assert {b.split("=")[0] for _, b in differing} == {
        "Description",
        "User",
        "StateDirectory",
        "LogsDirectory",
        "RuntimeDirectory",
        "CacheDirectory",
    }
    assert all("%i" in b for _, b in differing)


def test_systemd_finds_nothing_wrong_with_any_unit(staged):
    with Machine(layers=[staged]) as machine:
        for manager, units in (("system", SYSTEM_UNITS), ("user", SYSTEM_UNITS[:1])):
            paths = [f"/usr/local/lib/systemd/{manager}/{unit}" for unit in units]
            argv = ["systemd-analyze", "verify", "--man=no", f"--{manager}", *paths]
            said = machine.run(argv, env={"XDG_RUNTIME_DIR": "/run"}).stderr
            assert "daydreamd" not in said
