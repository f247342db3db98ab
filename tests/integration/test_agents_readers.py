"""The same session in the transcripts of every agent, read as one kind of record."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from daydreamd.agents.work.reading import read_transcripts
from daydreamd.agents.work.stories import as_session, join
from daydreamd.agents.work.transcript_cache import Memory
from daydreamd.agents.work.transcript_places import find_transcripts
from daydreamd.agents.work.verdicts import judge_claims
from daydreamd.settings.agent_sources import Agents
from tests.unit import agent_transcripts as made


async def sessions_in(home: Path, memory: Memory | None = None, **options):
    places = find_transcripts({"HOME": str(home)}, options.pop("settings", Agents()))
    readings = await read_transcripts(places, memory or Memory(), **options)
    return [as_session(story, judge_claims(story, {})) for story in join(readings.traces)]


WRITTEN = {
    "claude": made.claude,
    "codex": made.codex,
    "gemini": made.gemini,
    "gemini, of old": partial(made.gemini, old=True),
    "opencode": made.opencode,
    "opencode, second layout": partial(made.opencode, layout="v2"),
    "opencode, a tree of JSON": partial(made.opencode, layout="tree"),
}


@pytest.mark.parametrize("name", WRITTEN)
async def test_a_session_is_read_whoever_wrote_it(name: str, tmp_path: Path) -> None:
    WRITTEN[name](tmp_path)
    (session,) = await sessions_in(tmp_path)
    assert session.agent == name.split(",", maxsplit=1)[0]
    assert session.workspace == made.CWD
    assert session.prompts == 1
    assert session.files_edited == (f"{made.CWD}/shop.py",)
    ran = [(one.command, one.exit_code) for one in session.commands if "Patch" not in one.command]
    assert ran == [(made.TEST, 1), ("ls", 0)]
    assert session.tokens == 480
    assert session.start is not None
    assert {claim.kind: claim.verdict for claim in session.claims} == {
        "tests": "contradicted",
        "done": "held",
    }


async def test_aiders_history_is_read_in_its_workspace(tmp_path: Path) -> None:
    made.aider(tmp_path)
    (session,) = await sessions_in(tmp_path / "home", workspaces=[tmp_path])
    assert (session.agent, session.workspace, session.prompts) == ("aider", str(tmp_path), 2)
    assert session.files_edited == (f"{tmp_path}/shop.py",)
    assert session.commands[-1].exit_code == 1
    assert session.tokens == 3_650
    (claim,) = [one for one in session.claims if one.kind == "tests"]
    assert claim.verdict == "contradicted"
    assert f"{tmp_path}/.aider.chat.history.md:12" in claim.against


async def test_a_message_on_several_lines_counts_once(tmp_path: Path) -> None:
    records = made.claude_records()
    again = json.loads(json.dumps(records[8]))
    again["message"]["content"][0]["text"] = made.WORDS + " It is merged."
    again["message"]["usage"]["output_tokens"] = 30
    made.jsonl(tmp_path / ".claude/projects/p/0a1b.jsonl", [*records[:9], again])
    (session,) = await sessions_in(tmp_path)
    assert session.tokens == 490
    assert [claim.line for claim in session.claims] == [10, 10]


async def test_what_a_sub_agent_did_belongs_to_its_session(tmp_path: Path) -> None:
    project = tmp_path / ".claude/projects/p"
    helped = made.claude_records(sidechain=True, session="0a1b")
    plain = [one for number, one in enumerate(made.claude_records()) if number not in (4, 5)]
    made.jsonl(project / "0a1b.jsonl", plain)
    made.jsonl(project / "0a1b/subagents/agent-1.jsonl", helped[:6])
    (session,) = await sessions_in(tmp_path)
    assert session.prompts == 1
    assert (made.TEST, 1) in [(one.command, one.exit_code) for one in session.commands]
    (claim,) = [one for one in session.claims if one.kind == "tests"]
    assert "agent-1.jsonl:5" in claim.against


async def test_a_fork_repeats_nothing_of_its_parent(tmp_path: Path) -> None:
    parent = made.codex(tmp_path)
    own = made.codex_records("Pushed.", session="fork", forked_from="01a2")
    copied = [json.loads(line) for line in parent.read_text().splitlines()]
    head, *_, last = own
    head["timestamp"] = "2026-11-24T18:00:00.000Z"
    for record in copied:
        record["timestamp"] = "2026-11-24T18:00:00.200Z"
    last["timestamp"] = "2026-11-24T18:05:00.000Z"
    made.jsonl(parent.with_name("rollout-2026-11-24T18-00-00-fork.jsonl"), [head, *copied, last])
    fork, first = await sessions_in(tmp_path)
    assert (fork.id, fork.prompts, fork.commands, fork.files_edited) == ("fork", 0, (), ())
    assert (first.id, first.prompts, len(first.commands)) == ("01a2", 1, 3)


async def test_what_gemini_took_back_did_not_happen(tmp_path: Path) -> None:
    path = made.gemini(tmp_path)
    more = [{"$rewindTo": "m2"}, {"id": "m4", "type": "gemini", "content": "I stopped."}]
    with path.open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in more)
    (session,) = await sessions_in(tmp_path)
    assert session.commands == ()
    assert session.claims == ()


async def test_a_secret_is_taken_out_on_reading(tmp_path: Path) -> None:
    key = "ghp_" + "A1b2C3d4E5" * 4
    records = made.claude_records(f"Done with {key}.")
    records[4]["message"]["content"][0]["input"]["command"] = (
        f"curl -H 'Authorization: Bearer {key}'"
    )
    made.jsonl(tmp_path / ".claude/projects/p/0a1b.jsonl", records)
    memory = Memory()
    (session,) = await sessions_in(tmp_path, memory)
    assert key not in repr(session) + repr(memory)
    assert "[redacted]" in session.commands[0].command


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "opencode"])
async def test_a_source_that_is_switched_off_is_not_read(agent: str, tmp_path: Path) -> None:
    WRITTEN[agent](tmp_path)
    assert await sessions_in(tmp_path, settings=Agents(**{agent: False})) == []


async def test_a_background_command_ends_when_its_end_is_told(tmp_path: Path) -> None:
    records = made.claude_records()
    records[4]["message"]["content"][0]["input"]["run_in_background"] = True
    records[5]["message"]["content"][0] |= {
        "content": "Command running in background with ID: bash_1", "is_error": False,
    }  # fmt: skip
    note = json.loads(json.dumps(records[1]))
    note["message"]["content"] = (
        "<task-notification>\n<task-id>bash_1</task-id>\n<status>completed</status>\n"
        f"<summary>{made.TEST} completed (exit code 0)</summary>\n</task-notification>"
    )
    made.jsonl(tmp_path / ".claude/projects/p/0a1b.jsonl", [*records[:8], note, records[8]])
    (session,) = await sessions_in(tmp_path)
    assert session.prompts == 1
    assert session.commands[0].exit_code == 0
