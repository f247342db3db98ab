"""Claude's own files are believed only where they speak of this very process."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from daydreamd.agents.claude_files import ClaudeState, read_claude_state, resumed_session
from daydreamd.agents.registry import config_dir
from daydreamd.host.files.deletion import remove_tree

ID = "0a41c0de-0000-4000-8000-000000000001"
OTHER = "0a41c0de-0000-4000-8000-000000000002"


def put(home: Path, *, start: object = "77", **entry: object) -> None:
    (home / "sessions").mkdir(exist_ok=True)
    text = json.dumps({"pid": 5, "procStart": start, "sessionId": ID, "cwd": "/w/shop", **entry})
    (home / "sessions" / "5.json").write_text(text)


def transcript(home: Path, name: str, *, age: float, directory: str = "-w-shop") -> None:
    path = home / "projects" / directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - age,) * 2)


def ask(home: Path, argv: tuple[str, ...] = ("claude",)) -> ClaudeState:
    environ = {"CLAUDE_CONFIG_DIR": str(home)}
    return read_claude_state(5, 77, argv=argv, environ=environ, uid=os.getuid(), cwd="/w/shop")


@pytest.mark.parametrize("start", ["77", 77])
def test_an_entry_of_this_process_is_believed(tmp_path: Path, start: object):
    put(tmp_path, start=start, status="busy")
    said = ask(tmp_path)
    assert (said.session_id, said.working) == (ID, "Claude says it is busy")


def test_an_entry_of_a_former_process_with_that_pid_is_ignored(tmp_path: Path):
    put(tmp_path, start="76", status="busy")
    assert ask(tmp_path) == ClaudeState(cwd="/w/shop", own_home=str(tmp_path))


def test_idle_counts_since_claude_said_so(tmp_path: Path):
    put(tmp_path, status="idle", statusUpdatedAt=(time.time() - 500) * 1000)
    idle = ask(tmp_path).idle_seconds
    assert idle is not None
    assert 499 < idle < 560


@pytest.mark.parametrize("text", ["", "{", "[]", '{"procStart": []}', '{"pid": 5}', "\x00"])
def test_a_broken_entry_is_unknown(tmp_path: Path, text: str):
    put(tmp_path)
    (tmp_path / "sessions" / "5.json").write_text(text)
    assert "its session files" in ask(tmp_path).unknown


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_an_entry_that_is_no_file_is_unknown(tmp_path: Path, kind: str):
    entry = tmp_path / "sessions" / "5.json"
    entry.parent.mkdir()
    make = {"link": lambda: entry.symlink_to("/etc/passwd"), "directory": entry.mkdir}
    make.get(kind, lambda: os.mkfifo(entry))()
    assert "its session files" in ask(tmp_path).unknown


def test_the_transcript_of_the_session_and_its_sub_agents_count(tmp_path: Path):
    put(tmp_path)
    transcript(tmp_path, f"{ID}.jsonl", age=5000)
    transcript(tmp_path, f"{ID}/subagents/a.jsonl", age=300)
    transcript(tmp_path, f"{OTHER}.jsonl", age=10)
    said = ask(tmp_path)
    assert said.transcript_age is not None
    assert 299 < said.transcript_age < 360
    assert said.is_certain


def test_without_a_registry_a_resumed_session_may_have_gone_on_elsewhere(tmp_path: Path):
    transcript(tmp_path, f"{ID}.jsonl", age=5000)
    transcript(tmp_path, f"{OTHER}.jsonl", age=10)
    said = ask(tmp_path, ("claude", "--resume", ID))
    assert said.session_id == ID
    assert said.transcript_age is not None
    assert said.transcript_age < 60


def test_the_newest_transcript_of_the_directory_is_only_a_guess(tmp_path: Path):
    transcript(tmp_path, f"{OTHER}.jsonl", age=400)
    transcript(tmp_path, f"{ID}.jsonl", age=300)
    said = ask(tmp_path)
    assert (said.session_id, said.is_certain) == (ID, False)


def test_the_session_is_read_off_the_command_line():
    assert resumed_session(("claude", "--resume", ID)) == ID
    assert resumed_session(("claude", f"--session-id={ID}")) == ID
    assert resumed_session(("claude", "--resume", "; rm -rf /")) == ""
    assert resumed_session(("claude", "--resume")) == ""


def test_the_directory_comes_from_the_process_itself():
    assert config_dir({"CLAUDE_CONFIG_DIR": "/x"}, 0) == Path("/x")
    assert config_dir({"CLAUDE_CONFIG_DIR": "relative"}, 0) is None
    assert config_dir({"HOME": "/home/a"}, 0) == Path("/home/a/.claude")
    assert config_dir({}, 2_000_000_000) is None


@pytest.mark.parametrize(
    "text", ['{"procStart": ' + "[" * 100_000, "[" * 100_000, '{"a":' * 100_000]
)
def test_an_entry_that_is_nested_too_deep_is_unknown(tmp_path: Path, text: str):
    put(tmp_path)
    (tmp_path / "sessions" / "5.json").write_text(text)
    assert "its session files" in ask(tmp_path).unknown


def test_an_entry_without_an_end_is_unknown(tmp_path: Path):
    put(tmp_path)
    with (tmp_path / "sessions" / "5.json").open("wb") as file:
        file.truncate(4 << 30)
    assert "its session files" in ask(tmp_path).unknown


def test_transcripts_that_are_nested_too_deep_are_unknown(tmp_path: Path):
    put(tmp_path)
    handle = os.open(tmp_path, os.O_RDONLY)
    for name in ("projects", "-w-shop", ID, *["d"] * 1500):
        os.mkdir(name, dir_fd=handle)
        below = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    assert "nested too deep" in ask(tmp_path).unknown
    remove_tree(tmp_path / "projects")  # pytest would give up on it


def test_a_loop_of_links_among_the_transcripts_hides_none(tmp_path: Path):
    put(tmp_path)
    transcript(tmp_path, f"{ID}.jsonl", age=500)
    (tmp_path / "projects" / "loop").symlink_to("loop")
    (tmp_path / "projects" / "-w-shop" / ID).mkdir()
    (tmp_path / "projects" / "-w-shop" / ID / "round").symlink_to("..")
    os.mkfifo(tmp_path / "projects" / "-w-shop" / ID / "x.jsonl")
    said = ask(tmp_path)
    assert said.unknown == ""
    assert said.transcript_age is not None
    assert 499 < said.transcript_age < 560


PROMPT = '{"type": "user", "message": {"role": "user", "content": "hello"}}\n'


@pytest.mark.parametrize(
    ("text", "can"),
    [
        (PROMPT, True),
        ('{"type": "summary"}\n' + PROMPT, True),
        ("", False),
        ('{"type": "summary"}\n{"type": "user", "isMeta": true}\n', False),
        ("[" * 100_000 + "\n" + PROMPT, True),
        ("{\n\x00\n", False),
    ],
)
def test_only_a_session_with_a_prompt_can_be_resumed(tmp_path: Path, text: str, can: bool):
    put(tmp_path)
    assert not ask(tmp_path).can_be_resumed
    transcript(tmp_path, f"{ID}.jsonl", age=5)
    (tmp_path / "projects" / "-w-shop" / f"{ID}.jsonl").write_text(text)
    assert ask(tmp_path).can_be_resumed == can
