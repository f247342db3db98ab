"""Locks, ports, outputs and disks are told once, stand in the status, and are told when over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daydreamd.cleanup.git_locks import stale_locks
from daydreamd.daemon.lookout import Lookout
from daydreamd.records.daydream_session import Phase
from daydreamd.records.events import HazardSeen, PhaseStarted
from daydreamd.records.hazard import Hazard
from daydreamd.settings.cleanup import Cleanup, CleanupTemp
from daydreamd.settings.places import Places
from daydreamd.settings.schema import Readiness, Settings, WorkspaceSetting
from daydreamd.units import Size
from tests.integration.daemons import running
from tests.integration.test_daemon_control import daydreamd

UID = os.geteuid()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", path], check=True)
    return path


def locked(workspace: Path, *, age: float = 3_600.0) -> Path:
    lock = workspace / ".git/index.lock"
    lock.touch()
    os.utime(lock, (time.time() - age,) * 2)
    return lock


class Watched:
    """A lookout, and what it has said."""

    def __init__(self, tmp_path: Path, *, least: int = 0, workspaces: tuple[Path, ...] = ()):
        self.settings = Settings(
            readiness=Readiness(min_free_disk=Size(least)),
            workspaces=tuple(WorkspaceSetting(path=str(one)) for one in workspaces),
            cleanup=Cleanup(temp=CleanupTemp(directories=(str(tmp_path / "tmp"),))),
        )
        places = Places(state=tmp_path, insights=tmp_path, runtime=tmp_path, cache=tmp_path)
        self.said: list[tuple[str, bool]] = []
        environ = {"HOME": str(tmp_path)}
        self.lookout = Lookout(lambda: self.settings, places, environ, self.hear)

    def hear(self, event):
        assert isinstance(event, HazardSeen)
        self.said.append((event.hazard.kind, event.over))


async def test_a_stale_lock_is_told_once_and_when_it_is_gone(tmp_path: Path, workspace: Path):
    lock, watched = locked(workspace), Watched(tmp_path, workspaces=(workspace,))
    await watched.lookout.look()
    await watched.lookout.look()
    (hazard,) = watched.lookout.hazards
    assert hazard.subject == str(lock)
    assert watched.said == [("lock", False)]
    assert lock.exists(), "told, never removed"
    lock.unlink()
    await watched.lookout.look()
    assert watched.said == [("lock", False), ("lock", True)]
    assert watched.lookout.hazards == ()


def test_a_young_lock_is_somebodys(workspace: Path):
    locked(workspace, age=5)
    assert stale_locks(workspace, older_than=60) == []


def test_a_lock_that_is_open_is_somebodys(workspace: Path):
    code = "import sys; file = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    argv = [sys.executable, "-c", code, locked(workspace)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert stale_locks(workspace, older_than=60) == []
        process.communicate()


def test_a_lock_is_not_stale_while_git_waits_for_an_editor(workspace: Path):
    editor = "sh -c 'echo >&2 open; read x' #"
    argv = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", f"core.editor={editor}"]
    with subprocess.Popen(
        [*argv, "commit", "--allow-empty"], cwd=workspace, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as git:  # fmt: skip
        assert git.stderr is not None
        while b"open" not in git.stderr.readline():
            pass
        locked(workspace)
        assert stale_locks(workspace, older_than=60) == []
        git.communicate(b"\n")
    locked(workspace)
    assert [path.name for path, _ in stale_locks(workspace, older_than=60)] == ["index.lock"]


async def test_a_disk_with_little_left_is_told(tmp_path: Path):
    watched = Watched(tmp_path, least=1 << 60)
    await watched.lookout.look()
    assert {hazard.kind for hazard in watched.lookout.hazards} == {"disk"}
    assert " left" in watched.lookout.hazards[0].what


async def test_an_output_that_grows_is_told_while_it_grows(tmp_path: Path):
    tasks = tmp_path / f"tmp/claude-{UID}/-x/tasks"
    tasks.mkdir(parents=True)
    watched = Watched(tmp_path)
    with (tasks / "b1.output").open("wb") as output:
        os.posix_fallocate(output.fileno(), 0, 1100 << 20)
        await watched.lookout.look()
        assert watched.said == [], "how it was before is not known"
        os.posix_fallocate(output.fileno(), 0, 1200 << 20)
        await watched.lookout.look()
        assert watched.said == [("output", False)]
    (tasks / "b1.output").unlink()
    await watched.lookout.look()
    assert watched.said[-1] == ("output", True)


async def test_a_port_that_a_session_saw_stands_until_the_next_one_looks(tmp_path: Path):
    port = Hazard(
        kind="port", subject="port 3000", what="held", advice="kill 7", since=datetime.now(UTC)
    )
    lookout = Watched(tmp_path).lookout
    lookout.note(HazardSeen(session_id="a", hazard=port))
    assert lookout.hazards == (port,)
    await lookout.look()
    assert lookout.hazards == (port,)
    lookout.note(PhaseStarted(session_id="b", phase=Phase.PRE_CLEANUP, budget_seconds=30))
    assert lookout.hazards == ()


def test_the_status_and_the_log_of_a_daemon_tell_it(tmp_path: Path, workspace: Path):
    locked(workspace)
    text = f'observe.watch_agents = "1s"\n[[workspaces]]\npath = "{workspace}"'
    with running(tmp_path, settings=text) as daemon:
        daemon.until(lambda: daemon.said("hazard seen", hazard="lock"), "told")
        document = json.loads(daydreamd(daemon, "status", "--json").stdout)
        assert [one["kind"] for one in document["hazards"]] == ["lock"]
        lines = daydreamd(daemon, "status").stdout.splitlines()
        assert any(line.startswith("lock ") and "index.lock" in line for line in lines)
