"""A disk that never answers: a FUSE file system whose server does not read a single request."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.world import World, serving

_MNT_DETACH = 2
LIBC = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def dead_disk(tmp_path):
    """Mounts a dead disk at a path."""
    mounted = []

    def mount(place: Path) -> Path:
        place.mkdir()
        server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={server},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        done = LIBC.mount(b"dead", os.fsencode(place), b"fuse.dead", 0, options.encode())
        assert done == 0, os.strerror(ctypes.get_errno())
        mounted.append((place, server))
        return place

    yield mount
    for place, server in mounted:
        os.close(server)  # whoever still waits is told that the disk is gone
        LIBC.umount2(os.fsencode(place), _MNT_DETACH)


def ended_in_time(process, seconds):
    try:
        return process.wait(seconds) is not None
    except subprocess.TimeoutExpired:
        process.kill()
        return False


def until(condition, seconds=30):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    assert made.marked_processes() == []


@pytest.mark.parametrize("command", ["context", "once", "prompt"])
def test_a_workspace_on_a_dead_disk_is_refused_with_one_line(world, dead_disk, tmp_path, command):
    disk = dead_disk(tmp_path / "dead")
    done = world.run(command, disk, seconds=60)
    assert done.returncode != 0
    assert "its disk does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dead_disk_within_a_workspace_costs_no_more_than_the_deadline(world, dead_disk):
    dead_disk(world.workspace / "data")
    done = world.run("context", "--json", seconds=60)
    entry = json.loads(done.stdout)
    assert entry["seconds"] < 28
    assert "not done within 25 s" in done.stderr or "took longer than" in done.stderr


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_session_that_waits_for_a_dead_disk_can_be_stopped(world, dead_disk, told):
    dead_disk(world.workspace / "data")
    with serving("ollama_server.py") as url:
        process = world.start("once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
        until(lambda: gits_of(world))
        process.send_signal(told)
        in_time = ended_in_time(process, 20)
        told_by = json.loads(process.stdout.read() or b"{}")
        process.stdout.close()
        process.stderr.close()
    assert in_time
    assert told_by["outcome"] == "interrupted"


def test_a_session_that_is_killed_leaves_no_child(world):
    program = world.home / "bin"
    program.mkdir()
    # A git that never ends, in the place of git: whatever is started, it is held the same way.
    (program / "git").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    (program / "git").chmod(0o755)
    path = f"{program}:{os.environ['PATH']}"
    with serving("ollama_server.py") as url:
        process = world.start("once", "--json", PATH=path, DAYDREAMD_MODEL__BASE_URL=url)
        until(lambda: gits_of(world))
        git = gits_of(world)[0]
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        until(lambda: not Path(f"/proc/{git}").exists() or state(git) == "Z", 5)


def gits_of(world):
    """Those of the session's children that look for a status."""
    found = []
    for process in world.marked_processes():
        with suppress(OSError):  # gone meanwhile
            words = (process / "cmdline").read_bytes().split(b"\0")
            found += [int(process.name)] if b"status" in words else []
    return found


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
