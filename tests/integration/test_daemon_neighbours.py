"""A second daemon for the same user, in directories of its own: nobody is doubled unwarned."""

import json
import os
import re
import subprocess
import sys

import pytest

from daydreamd.daemon.neighbours import find_daemons
from tests.integration.daemons import running

WARNING = "another daemon runs as the same user"
BY_HAND = {"XDG_STATE_HOME": "", "XDG_RUNTIME_DIR": "", "XDG_CACHE_HOME": ""}


@pytest.fixture
def homes(tmp_path):
    """Directories of two daemons, of which the first one's is the HOME of both."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    return first, second


def warnings(daemon):
    """What was said of the daemons of this test; the machine may have one of its own."""
    here = str(daemon.directory.parent)
    return [said for said in daemon.said(WARNING) if said["other_socket"].startswith(here)]


def doctor(daemon):
    """State, and the daemons of this test that are named."""
    done = subprocess.run(
        [sys.executable, "-m", "daydreamd", "doctor", "--json"],
        env=daemon.environment() | {"DAYDREAMD_MODEL__BASE_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = next(found for found in json.loads(done.stdout) if found["name"] == "daemon")
    here = str(daemon.directory.parent)
    return found["state"], {
        told for told in re.findall(r"pid \d+ at [^;]+", found["value"]) if here in told
    }


def test_a_second_daemon_of_the_same_user_warns_and_doctor_names_both(homes):
    first, second = homes
    with running(first, env=BY_HAND) as one, running(second, env={"HOME": str(first)}) as other:
        assert warnings(one) == []
        [warning] = warnings(other)
        assert (warning["level"], warning["other_pid"]) == ("warning", one.process.pid)
        by_hand = first / ".local/state/daydreamd/run/control.sock"
        assert doctor(other) == (
            "optional",
            {f"pid {one.process.pid} at {by_hand}", f"pid {other.process.pid} at {other.socket}"},
        )


def test_a_daemon_alone_warns_of_nobody_and_doctor_names_it(homes):
    first, second = homes
    with running(first, env=BY_HAND) as gone:
        gone.kill()  # its socket stays
    with running(second, env={"HOME": str(first)}) as alone:
        assert warnings(alone) == []
        assert doctor(alone)[1] == {f"pid {alone.process.pid} at {alone.socket}"}


def test_a_daemon_of_another_user_is_no_second_one(homes):
    first, _ = homes
    with running(first, env=BY_HAND) as one:
        sought = {"HOME": str(first)}
        ours = [found.pid for found in find_daemons(sought, os.geteuid())]
        # everybody here is the same user: so another is asked for
        another = [found.pid for found in find_daemons(sought, os.geteuid() + 1)]
    assert one.process.pid in ours
    assert one.process.pid not in another
