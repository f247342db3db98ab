"""What the machine says of itself, read from files laid out as the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.host.system import machine


@pytest.fixture
def supplies(tmp_path: Path):
    def lay(**kinds: dict[str, str]) -> Path:
        for name, facts in kinds.items():
            (tmp_path / name).mkdir()
            for fact, value in facts.items():
                (tmp_path / name / fact).write_text(value + "\n")
        return tmp_path

    return lay


BATTERY = {"type": "Battery", "scope": "System", "capacity": "63"}


def test_a_machine_without_a_battery_counts_as_mains(supplies, tmp_path: Path) -> None:
    assert machine.power(supplies(AC={"type": "Mains", "online": "0"})).on_battery is False
    assert machine.power(tmp_path / "missing") == (False, "no battery found, counted as mains")


def test_a_mouses_battery_is_not_the_machines(supplies) -> None:
    mouse = {"type": "Battery", "scope": "Device", "status": "Discharging"}
    assert machine.power(supplies(mouse=mouse)).on_battery is False


def test_mains_decide_where_there_are_any(supplies) -> None:
    where = supplies(AC={"type": "Mains", "online": "0"}, BAT0=BATTERY | {"status": "Not charging"})
    assert machine.power(where) == (True, "on battery, 63 % charged")
    (where / "AC" / "online").write_text("1\n")
    assert machine.power(where) == (False, "on mains, 63 % charged")


@pytest.mark.parametrize(
    ("status", "on_battery"),
    [("Discharging", True), ("Charging", False), ("Full", False), ("Unknown", None), ("", None)],
)
def test_without_mains_the_battery_itself_tells(
    supplies, status: str, on_battery: bool | None
) -> None:
    assert machine.power(supplies(BAT0=BATTERY | {"status": status})).on_battery is on_battery


def test_pressure_is_the_share_of_the_last_ten_seconds(tmp_path: Path) -> None:
    file = tmp_path / "memory"
    file.write_text(
        "some avg10=12.50 avg60=0.00 avg300=0.00 total=1\n"
        "full avg10=1.00 avg60=0.00 avg300=0.00 total=0\n"
    )
    assert machine.memory_pressure(file) == 12.5
    assert machine.memory_pressure(tmp_path / "missing") is None


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    assert machine.available_memory() > 1 << 20
    assert machine.free_disk(tmp_path / "not" / "there" / "yet") > 0
    assert machine.load_by_others() >= 0
    assert machine.power().says
