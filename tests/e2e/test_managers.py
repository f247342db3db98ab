"""The two other ways to run it: one daemon for each person, and a person's own manager."""

from __future__ import annotations

import json

import pytest

from tests.e2e.household import SETTINGS, Household, until

pytestmark = pytest.mark.root

INSTANCE = "daydreamd@alice.service"


def completed(house, *options: str) -> list[str]:
    said = house.daydreamd(*options, "sessions", "list", "--json", check=False)
    return [row["session_id"] for row in json.loads(said or "[]") if row["outcome"] == "completed"]


@pytest.fixture(scope="module")
def plain_house(staged):
    """A household in which no daemon runs yet."""
    with Household(staged) as booted:
        yield booted


def test_an_instance_is_the_person_it_is_named_for(plain_house):
    house = plain_house
    house.systemctl("start", INSTANCE)
    house.systemctl("kill", "--signal=USR1", "--kill-whom=main", INSTANCE)
    until(lambda: completed(house), "a session completes")
    assert house.run(["stat", "-c%U %a", "/var/lib/daydreamd@alice"]).stdout == "alice 700\n"
    assert "waiting" in house.daydreamd("status")
    assert house.path("/var/log/daydreamd@alice/daydream_insights.md").exists()
    house.systemctl("stop", INSTANCE)
    assert house.show(INSTANCE, "Result") == {"Result": "success"}


def test_it_runs_in_a_persons_own_manager(plain_house):
    house = plain_house
    uid = house.run(["id", "-u", "alice"]).stdout.strip()
    house.systemctl("start", f"user@{uid}.service")
    bus = {"XDG_RUNTIME_DIR": f"/run/user/{uid}"}

    def systemctl(*arguments: str) -> str:
        return house.run(["systemctl", "--user", *arguments], user="alice", env=bus).stdout

    settings = house.path(SETTINGS).read_text()
    house.write("/home/alice/.config/daydreamd/daydreamd.toml", settings)
    house.run(["chown", "-R", "alice:", "/home/alice/.config"])
    systemctl("start", "daydreamd")
    systemctl("kill", "--signal=USR1", "--kill-whom=main", "daydreamd")
    history = "/home/alice/.local/state/daydreamd/history.db"
    until(house.path(history).exists, "it keeps its history at home")
    house.change_workspace()
    ask = ["daydreamd", "trigger", "--wait", "--json"]
    ended = json.loads(house.run(ask, user="alice", env=bus, check=False).stdout)
    assert ended["outcome"] in {"completed", "unchanged"}
    systemctl("reload", "daydreamd")
    systemctl("stop", "daydreamd")
    shown = systemctl("show", "--property=Result,NRestarts", "daydreamd")
    assert set(shown.split()) == {"Result=success", "NRestarts=0"}
    # The user's daemon keeps nothing in the places of the system's.
    assert not house.path(f"/run/user/{uid}/daydreamd/control.sock").exists()
