"""A workspace that tries to run code: it does under plain git, and does not under ours."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

FAKE = Path(__file__).parents[2] / "fakes" / "hostile_workspace.py"
DAYDREAMD = Path(sys.executable).parent / "daydreamd"


@pytest.fixture
def hostile(tmp_path):
    """The workspace, and the directory where every trap that was sprung leaves a file."""
    workspace, markers = tmp_path / "ws", tmp_path / "markers"
    subprocess.run([sys.executable, str(FAKE), str(workspace), str(markers)], check=True)
    assert list(markers.iterdir()) == []
    return workspace, markers


# The plain command that springs each trap.
VECTORS = {
    "fsmonitor": ["git", "status"],
    "submodule-fsmonitor": ["git", "status"],
    "clean": ["git", "status"],
    "hook-post-index-change": ["git", "update-index", "--really-refresh"],
    "external-diff": ["git", "--no-pager", "diff"],
    "textconv": ["git", "--no-pager", "diff", "--no-ext-diff"],
    "gpg": ["git", "--no-pager", "log", "-1"],
    "ssh": ["sh", "-c", "git cat-file -p $(cat .git/missing-blob)"],
    "pager": ["git", "--paginate", "log", "-1"],
    "include": ["git", "included"],
    "alias": ["git", "mine"],
    "credential": ["git", "credential", "fill"],
    "git-in-the-workspace": ["sh", "-c", "PATH=.:$PATH; git status"],
    "import-anyio": [sys.executable, "-c", "import anyio"],
    "import-sitecustomize": ["env", "PYTHONPATH=.", sys.executable, "-c", ""],
}


@pytest.mark.parametrize("vector", VECTORS)
def test_the_trap_springs_under_a_plain_command(hostile, vector):
    workspace, markers = hostile
    terminal, screen = pty.openpty()  # a pager is only started for a terminal
    try:
        subprocess.run(
            VECTORS[vector],
            cwd=workspace,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_WORK_TREE": "."},
            input=b"protocol=https\nhost=example.invalid\n\n" if vector == "credential" else b"",
            stdout=screen,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=30,
        )
    finally:
        os.close(screen)
        os.close(terminal)
    assert (markers / vector).exists()


async def test_no_trap_springs_and_not_a_byte_changes(hostile, gather, photograph):
    workspace, markers = hostile
    before = photograph(workspace)
    report = await gather(workspace)
    again = await gather(workspace)
    assert list(markers.iterdir()) == []
    assert photograph(workspace) == before
    assert report.workspaces["ws"]["git"]["head"]
    assert again.workspaces["ws"]["fingerprint"] == report.workspaces["ws"]["fingerprint"]


async def test_its_facts_are_true_all_the_same(hostile, gather):
    workspace, _ = hostile
    report = await gather(workspace)
    entry = report.workspaces["ws"]
    assert report.failures == ()
    assert entry["git"]["branch"] == "main"
    dirty = entry["git"]["dirty"]
    # lib/module.py is gone; app.py and notes.txt lie behind a filter, which is not run
    assert (dirty["unstaged"], dirty["unknown"], dirty["files"]) == (1, 2, 12)
    assert entry["markers"]["fixme"] == 1
    assert entry["activity"]["commits_7d"] == 3
    assert entry["languages"]["Python"]["files"] >= 3  # in spite of its .sccconfig


async def test_nothing_outside_and_no_secret_is_told(hostile, gather):
    workspace, _ = hostile
    report = await gather(workspace)
    told = repr((report.workspaces, report.excerpts, report.recent_activity))
    assert "return 2" in told
    for secret in ("outside-secret", "dont-show-me", "PRIVATE KEY", "leak.py"):
        assert secret not in told
    assert report.workspaces["ws"]["markers"]["todo"] == 0  # the one in lib/ lies outside now


def test_the_command_run_in_it_springs_nothing(hostile, photograph, tmp_path):
    workspace, markers = hostile
    before = photograph(workspace)
    done = subprocess.run(
        [str(DAYDREAMD), "context", "--json"],
        cwd=workspace,
        env={"PATH": f".:{os.environ['PATH']}", "HOME": str(tmp_path / "home")},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["git"]["branch"] == "main"
    assert list(markers.iterdir()) == []
    assert photograph(workspace) == before
