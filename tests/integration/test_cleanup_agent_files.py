"""Old files of agents go where they are dead for certain; what is somebody's stays."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daydreamd.cleanup.agent_files import clean_agent_files
from daydreamd.host.processes import read_stat
from daydreamd.settings.cleanup import Cleanup, CleanupAgentFiles, CleanupTemp
from daydreamd.units import Duration
from tests.integration.zoo.animals import NATIVE
from tests.integration.zoo.keeper import open_zoo

UID, ID = os.geteuid(), "0a41c0de-0000-4000-8000-000000000001"
RESTED_SECONDS = 0.3
DEAD = (
    ".claude/debug/0a41c0de.txt",
    ".claude/shell-snapshots/snapshot-bash-1769-ab12cd.sh",
    f".claude/file-history/{ID}/3d2a@v1",
    ".claude/paste-cache/0a41c0de11112222.txt",
    ".claude/statsig/statsig.cached.evaluations.1",
    ".cache/claude-cli-nodejs/-x/mcp-logs-github/2026-10-01.jsonl",
    ".codex/log/codex-tui.log",
    ".gemini/tmp/9f/otel/collector.log",
    ".local/share/opencode/log/2026-10-01T123456.log",
    f"tmp/claude-{UID}/-x/tasks/b1.output",
    f"tmp/claude-{UID}/-x/{ID}/tasks/b2.output",
    "tmp/playwright_chromiumdev_profile-xqXaHU/Default/Cookies",
    "tmp/playwright-artifacts-XXXXXXjnOv/trace",
    "tmp/gemini-client-error-Turn.run-2026-10-01.json",
)
SOMEBODYS = (
    f".claude/projects/-x/{ID}.jsonl",
    f".claude/todos/{ID}.json",
    ".claude/settings.json",
    ".claude/history.jsonl",
    ".claude/debug/notes.md",
    ".claude/plans/mine.md",
    ".codex/sessions/2026/10/01/rollout-1.jsonl",
    ".codex/log/letter.txt",
    ".gemini/tmp/9f/chats/session-1.json",
    ".gemini/tmp/9f/logs.json",
    ".local/share/opencode/opencode.db",
    f"tmp/claude-{UID}/-x/tasks/b1.sh",
    "tmp/claude-notes/tasks/x.output",
    "tmp/playwright_mine/x",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in (*DEAD, *SOMEBODYS):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    return home


def let_rest(home: Path) -> None:
    """Nobody can set back when an inode was changed: wait until it is long enough ago."""
    youngest = max(path.lstat().st_ctime for path in home.rglob("*"))
    time.sleep(max(0.0, youngest + RESTED_SECONDS + 0.1 - time.time()))


def clean(home: Path, *, act: bool = True):
    settings = Cleanup(
        agent_files=CleanupAgentFiles(max_age=Duration(RESTED_SECONDS)),
        temp=CleanupTemp(directories=(str(home / "tmp"),)),
    )
    files, failures = clean_agent_files(settings, {"HOME": str(home)}, act=act)
    assert failures == []
    return {os.path.relpath(file.path, home): file for file in files}


def test_all_that_is_dead_goes_and_nothing_else(home: Path):
    let_rest(home)
    shown, done = clean(home, act=False), clean(home)
    assert {file.outcome for file in shown.values()} == {"would be removed"}
    assert {file.outcome for file in done.values()} == {"removed"}
    assert shown.keys() == done.keys()
    assert [name for name in DEAD if (home / name).exists()] == []
    assert [name for name in SOMEBODYS if not (home / name).exists()] == []


def test_what_is_young_or_open_stays(home: Path):
    let_rest(home)
    (home / DEAD[1]).write_text("new")
    os.utime(home / DEAD[1], (0, 0))
    with (home / DEAD[0]).open():
        done = clean(home)
    assert done[DEAD[0]].reason == "a process has it open"
    assert DEAD[1] not in done
    assert (home / DEAD[1]).exists()


def test_nothing_goes_that_is_younger_than_a_claude_that_runs(home: Path, tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        zoo.release(zoo.put(NATIVE))
        (home / DEAD[1]).write_text("made by it")
        let_rest(home)
        done = clean(home)
    assert done[DEAD[1]].reason == "a Claude that runs is older"
    assert (home / DEAD[1]).exists()


def test_only_entries_of_dead_processes_leave_the_registry(home: Path):
    us = read_stat(os.getpid())
    assert us is not None
    entries = {
        f"{us.pid}.json": {"procStart": str(us.start_ticks)},
        "1.json": {"procStart": "-1"},
        "999999999.json": {"procStart": "5"},
        "8.json": {"no": "entry"},
    }
    (home / ".claude/sessions").mkdir()
    for name, entry in entries.items():
        (home / ".claude/sessions" / name).write_text(json.dumps(entry))
    let_rest(home)
    clean(home)
    left = sorted(path.name for path in (home / ".claude/sessions").iterdir())
    assert left == sorted([f"{us.pid}.json", "8.json"])


def test_a_daemons_directory_goes_once_its_sockets_are_dead(home: Path, monkeypatch):
    place = home / f"tmp/cc-daemon-{UID}"
    place.mkdir()
    monkeypatch.chdir(home)  # the whole path may be longer than an address has room for
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(f"tmp/{place.name}/pty.sock")
        let_rest(home)
        assert clean(home)[f"tmp/cc-daemon-{UID}"].reason == "a socket in it is bound"
    clean(home)
    assert not place.exists()


@pytest.mark.root
def test_one_that_is_bound_in_another_network_is_not_dead(home: Path):
    place = home / f"tmp/cc-daemon-{UID}"
    place.mkdir()
    program = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind('pty.sock');"
        "os.chdir('/'); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", program],
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        other.stdout.readline()
        let_rest(home)
        assert clean(home)[f"tmp/cc-daemon-{UID}"].reason == "a socket in it is bound"
        other.communicate()
    clean(home)
    assert not place.exists()


def test_a_link_on_the_way_leads_nowhere(home: Path):
    foreign = home / "foreign/-x/tasks"
    foreign.mkdir(parents=True)
    (foreign / "b1.output").write_text("precious")
    (home / f"tmp/claude-{UID}").rename(home / "tmp/claude-rest")
    (home / f"tmp/claude-{UID}").symlink_to(home / "foreign")
    let_rest(home)
    clean(home)
    assert (foreign / "b1.output").exists()
