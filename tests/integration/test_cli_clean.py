"""`daydreamd clean`: its screen, its JSON, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.host.boots import read_boot_id, read_machine_id
from daydreamd.host.files.locks import hold_lock
from daydreamd.host.processes import read_stat
from tests.integration.zoo.animals import NATIVE, SESSION_ID, conversation, registry
from tests.integration.zoo.keeper import open_zoo

SETTINGS = """
[cleanup]
observe = "200ms"
[cleanup.claude]
max_age = "100ms"
idle_for = "100ms"
max_count = 1000
[cleanup.temp]
directories = ["{temp}"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "temp").mkdir()
    (tmp_path / "settings.toml").write_text(SETTINGS.format(temp=tmp_path / "temp"))
    return tmp_path


def clean(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [
        sys.executable,
        "-m",
        "daydreamd",
        "--config",
        home / "settings.toml",
        "--user",
        "clean",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "COLUMNS": "80", "LANG": "C.UTF-8"}
    return subprocess.run([*argv, *options], env=env, check=False, capture_output=True, text=True)


def test_a_dry_run_shows_what_it_would_do_within_80_columns(home: Path):
    with open_zoo(home / "zoo") as zoo:
        conversation(zoo, SESSION_ID)
        pid = zoo.release(zoo.put(NATIVE), "--resume", SESSION_ID)
        done = clean(home, "--dry-run")
        assert done.returncode == 0
        assert len(zoo.animals()) == 1
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("Would end ")
    row = next(number for number, line in enumerate(lines) if f" {pid} " in line)
    assert lines[row].startswith(" end ")
    assert "nobody owns it" in lines[row + 1]
    assert f"claude --resume {SESSION_ID}" in " ".join(done.stdout.split())
    assert lines[-1] == "Nothing was touched. Run without --dry-run to do it."


def test_what_was_ended_can_be_read_later(home: Path):
    with open_zoo(home / "zoo") as zoo:
        conversation(zoo, SESSION_ID)
        pid = zoo.release(zoo.put(NATIVE), "--resume", SESSION_ID)
        assert clean(home).returncode == 0
        assert zoo.animals() == []
    told = clean(home, "--undo-info").stdout
    assert f"(pid {pid}) · ended" in told
    assert f"&& claude --resume {SESSION_ID}" in told
    (kill,) = json.loads(clean(home, "--undo-info", "--json").stdout)
    assert (kill["boot_id"], kill["machine_id"]) == (read_boot_id(), read_machine_id())


def test_one_that_was_quiet_at_the_last_tidying_is_known_to_be_idle_since(home: Path):
    text = SETTINGS.replace('idle_for = "100ms"', 'idle_for = "1h"')
    (home / "settings.toml").write_text(text.format(temp=home / "temp"))
    with open_zoo(home / "zoo") as zoo:
        pid = zoo.release(zoo.put(NATIVE), do="burst")
        stat = read_stat(pid)
        while stat and stat.cpu_ticks < 59:
            stat = read_stat(pid)
        clean(home)
        document = json.loads(clean(home, "--dry-run", "--json").stdout)
    (one,) = [one for one in document["candidates"] if one["pid"] == pid]
    assert one["decision"] == "watch"
    assert "no CPU, input or output seen" in one["reasons"][1]


HOSTILE = "ev\x1b]0;forged\x07il\nhouse\u202egpj\x9b2J"


def test_what_others_have_named_never_moves_the_terminal(home: Path):
    directory = home / HOSTILE
    directory.mkdir()
    (home / "temp" / "claude-8c89-cwd").touch()
    with open_zoo(home / "zoo") as zoo:
        conversation(zoo, SESSION_ID)
        pid = zoo.release(zoo.put(NATIVE), HOSTILE, cwd=directory)
        registry(zoo, pid, cwd=str(directory), sessionId=SESSION_ID, status="idle")
        said = [clean(home, *options) for options in OPTIONS]
    for done in said:
        assert "forged" in done.stdout
        assert done.stdout.replace("\n", "").isprintable()
        assert "\nhouse" not in done.stdout


OPTIONS = (
    ("--dry-run",), ("--dry-run", "--json"), (), ("--undo-info",), ("--undo-info", "--json"),
)  # fmt: skip


def test_one_bad_source_costs_one_process_its_certainty_and_not_the_run(home: Path):
    with open_zoo(home / "zoo") as zoo:
        program = zoo.put(NATIVE)
        good, deep, endless = (zoo.release(program) for _ in range(3))
        registry(zoo, deep, text='{"procStart": ' + "[" * 100_000)
        with (zoo.home / f".claude/sessions/{endless}.json").open("wb") as file:
            file.truncate(1 << 32)
        document = json.loads(clean(home, "--json").stdout)
        left = {animal.pid for animal in zoo.animals()}
    said = {one["pid"]: one for one in document["candidates"]}
    assert said[good]["outcome"] == "ended"
    assert left == {deep, endless}
    assert all("cannot tell" in said[pid]["reasons"][0] for pid in left)


def test_the_json_has_the_shape_that_is_promised(home: Path):
    with open_zoo(home / "zoo") as zoo:
        pid = zoo.release(zoo.put(NATIVE))
        document = json.loads(clean(home, "--dry-run", "--json").stdout)
    assert {"dry_run", "candidates", "temp_files", "logs", "seconds"} <= document.keys()
    (one,) = [one for one in document["candidates"] if one["pid"] == pid]
    assert one.keys() == {
        "pid", "start_time", "rule", "command", "age_seconds", "idle_seconds", "rss_bytes",
        "frees_bytes", "decision", "reasons", "resume", "outcome",
    }  # fmt: skip


def test_it_refuses_while_a_session_runs_but_shows_a_dry_run(home: Path):
    state = home / ".local" / "state" / "daydreamd"
    state.mkdir(parents=True)
    with hold_lock(state / "lock"):
        refused = clean(home)
        shown = clean(home, "--dry-run")
    assert refused.returncode == 1
    assert f"held by pid {os.getpid()}" in refused.stderr
    assert shown.returncode == 0


def test_a_failure_is_said_and_the_exit_code_tells(home: Path):
    (home / "temp").rmdir()
    (home / "temp").touch()
    done = clean(home)
    assert done.returncode == 1
    assert f"cannot look into {home / 'temp'}: Not a directory" in " ".join(done.stdout.split())


def test_a_wrong_value_turns_its_rule_into_a_report(home: Path):
    text = SETTINGS.replace('idle_for = "100ms"', 'idle_for = "soon"')
    (home / "settings.toml").write_text(text.format(temp=home / "temp"))
    with open_zoo(home / "zoo") as zoo:
        pid = zoo.release(zoo.put(NATIVE))
        done = clean(home, "--json")
        assert len(zoo.animals()) == 1
    (one,) = [one for one in json.loads(done.stdout)["candidates"] if one["pid"] == pid]
    assert one["decision"] != "kill"
    assert "cleanup.claude.idle_for" in done.stderr
