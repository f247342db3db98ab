"""Where things live: a unit's directories, the caller's own, and what reading commands look at."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.errors import FileError
from daydreamd.settings.places import find_places, find_places_to_read

UNIT = {
    "STATE_DIRECTORY": "/s/d",
    "LOGS_DIRECTORY": "/l/d:/l/other",
    "RUNTIME_DIRECTORY": "/r/d",
    "CACHE_DIRECTORY": "/c/d",
}


def test_a_system_unit_keeps_to_the_directories_it_is_given() -> None:
    places = find_places(UNIT | {"HOME": "/home/me"})
    assert [str(p) for p in (places.state, places.insights, places.runtime, places.cache)] == [
        "/s/d", "/l/d", "/r/d", "/c/d",
    ]  # fmt: skip
    assert str(places.history_db) == "/s/d/history.db"
    assert str(places.control_socket) == "/r/d/control.sock"
    assert str(places.session_dir("20261122-184601-7f3a")) == "/r/d/session/20261122-184601-7f3a"
    assert str(places.report) == "/l/d/daydream_insights.md"
    assert str(places.archive) == "/l/d/archive"
    assert places.lock != places.daemon_lock


def test_a_user_unit_keeps_its_things_where_commands_by_hand_look() -> None:
    by_hand = {"HOME": "/home/me"}
    assert find_places(UNIT | by_hand | {"MANAGERPID": "7"}) == find_places(by_hand)
    assert find_places(UNIT | by_hand, scope="user") == find_places(by_hand)


def test_the_system_scope_needs_no_environment() -> None:
    places = find_places({}, scope="system")
    assert str(places.state) == "/var/lib/daydreamd"
    assert str(places.insights) == "/var/log/daydreamd"
    assert str(places.runtime) == "/run/daydreamd"
    assert str(places.cache) == "/var/cache/daydreamd"


def test_the_callers_own_directories_are_xdgs(tmp_path: Path) -> None:
    home = find_places({"HOME": "/home/me", "XDG_STATE_HOME": "not/absolute"})
    assert str(home.state) == "/home/me/.local/state/daydreamd"
    assert home.insights == home.state / "logs"
    assert home.runtime == home.state / "run", "without XDG_RUNTIME_DIR"
    assert str(home.cache) == "/home/me/.cache/daydreamd"
    set_up = find_places({
        "XDG_STATE_HOME": "/x/state", "XDG_CACHE_HOME": "/x/cache",
        "XDG_RUNTIME_DIR": str(tmp_path), "HOME": "/h",
    })  # fmt: skip
    assert str(set_up.state) == "/x/state/daydreamd"
    assert set_up.runtime == tmp_path / "daydreamd"


def test_a_runtime_directory_that_sudo_left_behind_is_not_used() -> None:
    somebody_elses = "/proc/self/nothing"
    places = find_places({"HOME": "/h", "XDG_RUNTIME_DIR": somebody_elses})
    assert places.runtime == places.state / "run"


def test_an_empty_home_is_looked_up() -> None:
    assert find_places({"HOME": ""}).state.is_absolute()


def test_the_insights_may_lie_elsewhere() -> None:
    environ = {"HOME": "/home/me"}
    assert str(find_places(environ, insights="/var/reports").insights) == "/var/reports"
    assert str(find_places(environ, insights="~/reports").insights) == "/home/me/reports"
    assert str(find_places(environ, insights="/var/reports").state).startswith("/home/me")


def test_what_is_made_is_for_the_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        places = find_places({"HOME": str(tmp_path / "deep" / "home")})
        places.create()
        places.create()
    finally:
        os.umask(before)
    made = [d for d in tmp_path.rglob("*") if d.is_dir()]
    assert len(made) > 6
    assert {stat.S_IMODE(d.stat().st_mode) for d in made} == {0o700}


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("")
    with pytest.raises(FileError, match=r"cannot create .*/\.local/state/daydreamd"):
        find_places({"HOME": str(tmp_path)}).create()


def test_a_reading_command_looks_at_the_callers_own_without_a_system_daemon(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert find_places_to_read(environ, scope="user") == find_places(environ)
    assert find_places_to_read(environ, scope="system") == find_places({}, scope="system")
    assert find_places_to_read(UNIT) == find_places(UNIT)


ASK = """
import os, subprocess, sys
import daydreamd.settings.loading
from daydreamd.cli.invocation import Invocation
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/lib"], check=True)
os.mkdir("/var/lib/daydreamd", 0o700)
os.chown("/var/lib/daydreamd", 65534, 65534)
open("/var/lib/daydreamd/history.db", "w").close()
os.setgid(65534)
os.setuid(65534)
print(Invocation().places.state, Invocation().program)
"""


def ask_as_nobody(**environ: str) -> str:
    """Where the owner of the system's state directory keeps things; home is /nonexistent."""
    command = ["unshare", "--mount", sys.executable, "-c", ASK]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.root
def test_whom_the_daemon_runs_as_has_one_history_with_it() -> None:
    path = os.environ["PATH"]
    home = "/nonexistent"
    assert ask_as_nobody(PATH=path, HOME=home) == "/var/lib/daydreamd daydreamd"
    assert ask_as_nobody(PATH=path, HOME="/h") == "/h/.local/state/daydreamd daydreamd --user"
    chosen = ask_as_nobody(PATH=path, HOME=home, XDG_STATE_HOME="/x")
    assert chosen == "/x/daydreamd daydreamd --user"
