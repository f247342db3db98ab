"""What the shipped unit lets through and holds back, seen from inside it on a real systemd."""

from __future__ import annotations

import json

import pytest

from tests.e2e.household import LOGS, RUNTIME, STATE, UNIT, WORKSPACE, Household, until

pytestmark = pytest.mark.root

KEY = "sk-only-for-the-unit-0123456789"
# As the daemon: who is at the other end of a socket, by sock_diag.
ASK_PEERS = """
import socket
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).close()
print("peers can be asked")
"""
WISH = f"{STATE}/wish"


@pytest.fixture(scope="module")
def unit(staged):
    """A household whose unit has a key and a console, and is started."""
    with Household(staged) as house:
        house.write("/etc/daydreamd/api_key", f"{KEY}\n", mode=0o600)
        # Nodes of other devices: what counts is that the unit sees them at all.
        house.run(["sh", "-ec", "for n in 1 2; do touch /dev/tty$n; done"])
        for number in (1, 2):
            house.run(["mount", "--bind", "/dev/null", f"/dev/tty{number}"])
        house.systemctl("start", UNIT)
        yield house


def in_the_unit(house: Household, *argv: str) -> str:
    """Run a command in the mount namespace of the daemon, as root."""
    pid = house.main_pid(UNIT)
    return house.run(["nsenter", f"--target={pid}", "--mount", "--root", "--", *argv]).stdout


def test_a_console_is_seen_by_the_unit(unit):
    assert in_the_unit(unit, "stat", "-c%F", "/dev/tty1") == "character special file\n"


def test_the_units_filter_lets_peers_be_asked(unit):
    families = unit.show(UNIT, "RestrictAddressFamilies")["RestrictAddressFamilies"]
    assert "AF_NETLINK" in families.split()
    wanted = ["--property=RestrictAddressFamilies=" + families, "--property=User=alice"]
    argv = ["systemd-run", "--quiet", "--pipe", "--wait", *wanted, "/usr/bin/python3", "-c"]
    assert unit.run([*argv, ASK_PEERS]).stdout == "peers can be asked\n"


def test_memory_tasks_and_core_files_are_bounded(unit):
    shown = unit.show(UNIT, "MemoryHigh", "MemoryMax", "TasksMax", "LimitCORE")
    assert shown == {
        "MemoryHigh": str(2560 << 20),
        "MemoryMax": str(3 << 30),
        "TasksMax": "1024",
        "LimitCORE": "0",
    }


def test_the_key_of_root_reaches_the_daemon_and_nobody_else(unit):
    in_force = unit.path(f"{RUNTIME}/settings.toml")
    assert KEY in in_force.read_text()
    assert unit.run(["stat", "-c%U %a", f"{RUNTIME}/settings.toml"]).stdout == "alice 600\n"
    assert unit.run(["cat", "/etc/daydreamd/api_key"], user="alice", check=False).stdout == ""
    assert KEY not in json.dumps(unit.journal(f"--unit={UNIT}"))


def test_without_a_key_the_unit_starts_all_the_same(unit):
    unit.path("/etc/daydreamd/api_key").unlink()
    unit.systemctl("restart", UNIT)
    assert unit.status()["health"]["settings_faults"] == []


def test_a_wish_before_the_program_is_executed_survives_as_one_session(unit):
    unit.systemctl("stop", UNIT)
    before = len(unit.sessions())
    unit.change_workspace()
    unit.systemctl("start", "--no-block", UNIT)
    until(unit.host_pids, "systemd prepares the process")
    unit.kill("USR1")  # early or late: either way it is one session
    unit.wait_for_ends(before + 1)
    until(lambda: unit.status()["state"] == "waiting", "the daemon waits")
    assert len(unit.sessions()) == before + 1
    assert not unit.path(WISH).exists()


def test_a_death_by_usr1_leaves_a_note_that_the_next_start_takes_up(unit):
    """The moment before the program runs, made as long as is needed to hit it."""
    hold = "[Service]\nExecStartPre=\nExecStart=\nExecStart=/bin/sleep 60\nType=exec\n"
    unit.systemctl("stop", UNIT)
    before = len(unit.sessions())
    unit.change_workspace()
    unit.drop_in(UNIT, hold, name="zz-hold.conf")
    unit.systemctl("start", UNIT)
    unit.path(f"/etc/systemd/system/{UNIT}.d/zz-hold.conf").unlink()
    unit.systemctl("daemon-reload")
    unit.kill("USR1")
    unit.wait_for_ends(before + 1)
    assert unit.sessions()[-1]["trigger"] == "signal"
    assert not unit.path(WISH).exists()


def test_root_at_the_units_things_leaves_nothing_that_is_roots(unit):
    done = unit.run(["daydreamd", "--system", "once", WORKSPACE], check=False)
    assert done.returncode in {0, 4}, done.stderr
    places = [STATE, LOGS, "/var/cache/daydreamd"]
    foreign = unit.run(["find", *places, "!", "-user", "alice"]).stdout
    assert foreign == ""
    assert unit.trigger()["outcome"] in {"completed", "unchanged"}


def test_root_reaches_an_instance_by_its_name(unit):
    unit.systemctl("start", "daydreamd@alice.service")
    said = json.loads(unit.run(["daydreamd", "--instance", "alice", "status", "--json"]).stdout)
    assert said["places"]["state"] == "/var/lib/daydreamd@alice"
    refused = unit.run(["daydreamd", "--instance", "../x", "status"], check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    unit.systemctl("stop", "daydreamd@alice.service")
