"""A tidying counts what agents hold, tells it in `clean`, and remembers it for the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from daydreamd.cleanup.tidy import tidy_up
from daydreamd.history.store import open_history
from daydreamd.records.events import Emitter
from daydreamd.settings.cleanup import Cleanup, CleanupTemp
from daydreamd.settings.places import Places

HUGE = 300 << 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / ".codex/sessions/2026").mkdir(parents=True)
    with (home / ".codex/sessions/2026/rollout-1.jsonl").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, HUGE)
    return home


def clean(home: Path, *words: str) -> str:
    names = ("STATE", "RUNTIME", "CACHE", "CONFIG")
    directories = {
        f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}": f"{home}/{name}" for name in names
    }
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(home), **directories,
        "DAYDREAMD_CLEANUP__TEMP__DIRECTORIES": str(home / "tmp"),
    }  # fmt: skip
    argv = [sys.executable, "-P", "-m", "daydreamd", "--user", "clean", *words]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


def test_clean_tells_what_agents_hold_and_where(home: Path):
    said = clean(home, "--dry-run")
    assert "disk      agents hold 300 MiB in all" in said
    assert "sessions of codex: 300 MiB in 1 file" in said
    assert "~/.codex/sessions" in said
    disk = json.loads(clean(home, "--dry-run", "--json"))["disk"]
    (kind,) = disk["kinds"]
    assert kind["kind"] == "sessions of codex"
    assert kind["bytes"] >= HUGE
    assert kind["finished"]


def test_the_next_tidying_knows_the_last(home: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    for name in ("CODEX_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    settings = Cleanup(temp=CleanupTemp(directories=(str(tmp_path / "tmp"),)))
    places = Places(state=tmp_path, insights=tmp_path, runtime=tmp_path, cache=tmp_path)

    async def tidy():
        async with open_history(tmp_path / "history.db") as history:
            emitter = Emitter("", lambda _: None)
            report = await tidy_up(
                settings, emitter=emitter, history=history, places=places, disk_of=()
            )
            assert report.failures == []
            assert report.disk is not None
            (kind,) = report.disk.kinds
            return kind

    assert anyio.run(tidy).grown_bytes is None
    (home / ".codex/sessions/more.jsonl").write_bytes(b"x" * 100_000)
    grown = anyio.run(tidy).grown_bytes
    assert grown is not None
    assert 100_000 <= grown < 110_000
