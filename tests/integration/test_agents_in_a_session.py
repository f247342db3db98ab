"""A session gathers what agents did beside its other sources, and tells it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.world import World, serving
from tests.unit import agent_transcripts as made


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home in which Claude said that its tests pass, an hour before now."""
    world = World(tmp_path)
    records = made.claude_records(cwd=str(world.workspace))
    for record in records:
        record["timestamp"] = datetime.now(UTC).isoformat()
    home = Path(world.home)
    made.jsonl(home / ".claude/projects/p/0a1b.jsonl", records)
    return world


def test_the_report_and_the_record_tell_what_the_agents_did(world: World) -> None:
    with serving("ollama_server.py") as url:
        done = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
    assert done.returncode == 0, done.stderr
    (agent,) = json.loads(done.stdout)["recent_activity"]["agents"]
    assert (agent["id"], agent["files"], agent["failed"]) == ("0a1b", 1, 1)
    assert [claim["verdict"] for claim in agent["told"]] == ["contradicted"]
    report = world.report.read_text()
    assert "## Your agents" in report
    assert "said **“Done. All tests pass.”**" in report or "“All tests pass.”" in report


def test_once_tells_it_in_the_end(world: World) -> None:
    with serving("ollama_server.py") as url:
        done = world.run("once", DAYDREAMD_MODEL__BASE_URL=url)
    assert "Your agents" in done.stdout
    assert "said “All tests pass.”, contradicted" in done.stdout


def test_a_source_that_is_off_is_told_nowhere(world: World) -> None:
    with serving("ollama_server.py") as url:
        done = world.run(
            "once", "--json", DAYDREAMD_MODEL__BASE_URL=url, DAYDREAMD_AGENTS__CLAUDE="false"
        )
    assert "agents" not in json.loads(done.stdout)["recent_activity"]
    assert "Your agents" not in world.report.read_text()


def test_a_prompt_holds_what_was_worked_on(world: World) -> None:
    with serving("ollama_server.py") as url:
        shown = world.run("prompt", DAYDREAMD_MODEL__BASE_URL=url)
    assert "claude edited 1 file in a session lately" in shown.stdout
