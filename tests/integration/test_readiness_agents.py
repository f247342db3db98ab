"""Agents at work: real processes, and what their registry says of them, true or not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from daydreamd.agents.registry import agents_at_work
from daydreamd.host.processes import read_stat
from daydreamd.readiness.gates import blank_gates, judge_agents
from daydreamd.settings.schema import Readiness


@pytest.fixture
def process() -> Iterator[int]:
    with Popen(["cat"], stdin=PIPE) as running:
        yield running.pid
        running.communicate()


def register(home: Path, pid: int, text: str | None = None, **facts: object) -> dict[str, str]:
    stat = read_stat(pid)
    assert stat
    entry = {"pid": pid, "procStart": str(stat.start_ticks), "status": "busy", "cwd": "/w/shop"}
    (home / "sessions").mkdir(exist_ok=True)
    (home / "sessions" / f"{pid}.json").write_text(text or json.dumps(entry | facts))
    return {"CLAUDE_CONFIG_DIR": str(home), "HOME": "/nonexistent"}


def mine(environ: dict[str, str], pid: int) -> list[str]:
    """What is said of `pid`: as root, other people's agents are seen as well."""
    return [words for words in agents_at_work(environ) if f"(pid {pid})" in words]


def test_a_session_that_says_it_is_busy_is_at_work(tmp_path: Path, process: int) -> None:
    said = [f"Claude is at work in /w/shop (pid {process})"]
    assert mine(register(tmp_path, process), process) == said
    assert mine(register(tmp_path, process, status="shell"), process) == said
    assert mine(register(tmp_path, process, status="Busy"), process) == said


@pytest.mark.parametrize("status", ["idle", "waiting", "", "new in the next version"])
def test_any_other_word_is_not_work(tmp_path: Path, process: int, status: str) -> None:
    assert mine(register(tmp_path, process, status=status), process) == []


def test_an_entry_about_a_process_that_had_the_pid_before_is_not_believed(
    tmp_path: Path, process: int
) -> None:
    assert mine(register(tmp_path, process, procStart="1"), process) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"status": "busy"}', '{"procStart": []}', '{"procStart": ' + "[" * 100_000],
)
def test_rubbish_in_the_registry_hurts_nobody(tmp_path: Path, process: int, text: str) -> None:
    environ = register(tmp_path, process, text or " ")
    (tmp_path / "sessions" / "x.json").write_text("{}")
    (tmp_path / "sessions" / "99999999.json").write_text("{}")
    os.mkfifo(tmp_path / "sessions" / f"{os.getpid()}.json")
    assert mine(environ, process) == []


def test_agents_close_the_gate_unless_the_settings_do_not_mind() -> None:
    gate = blank_gates(Readiness(), [])["agents"]
    assert judge_agents(gate, Readiness(), []).state == "open"
    closed = judge_agents(gate, Readiness(), ["Claude is at work in a", "b", "c"])
    assert (closed.state, closed.value) == ("closed", "Claude is at work in a and 2 more")
    lenient = Readiness(wait_for_agents=False)
    assert judge_agents(gate, lenient, ["Claude is at work in a"]).state == "open"
