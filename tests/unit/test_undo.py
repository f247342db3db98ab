"""The way back can be typed into a shell as it stands, and leads to something that is there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daydreamd.agents.claude_files import ClaudeState
from daydreamd.cleanup.undo import resume_aider, resume_claude, shell_quoted

ID = "0a41c0de-0000-4000-8000-000000000001"
HOSTILE = [
    "a b", "it's", "$(touch x)", "`x`", "a\nb", "a\tb\\", "\x1b]0;x\x07", "\u202egpj.exe",
    "é\x9b2J", "-rf", "'\n'", "\udcff",
]  # fmt: skip


def said(**facts) -> ClaudeState:
    return ClaudeState(**{"session_id": ID, "can_be_resumed": True, **facts})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shell_reads_the_very_word_and_a_terminal_sees_nothing(text: str):
    quoted = shell_quoted(text)
    assert quoted.isprintable()
    read = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)
    assert read.stdout == os.fsencode(text)


def test_a_session_is_resumed_where_it_lived(tmp_path: Path):
    there = str(tmp_path)
    assert resume_claude(said(), there) == f"cd {there} && claude --resume {ID}"
    elsewhere = resume_claude(said(own_home="/x y/claude"), there)
    assert elsewhere == f"cd {there} && CLAUDE_CONFIG_DIR='/x y/claude' claude --resume {ID}"


def test_a_directory_that_is_gone_is_made_again(tmp_path: Path):
    gone = f"{tmp_path}/gone"
    assert (resume_claude(said(cwd=gone), "/") or "").startswith(f"mkdir -p {gone} &&")


def test_nothing_is_promised_without_a_prompt_or_a_name(tmp_path: Path):
    assert resume_claude(said(can_be_resumed=False), str(tmp_path)) is None
    assert resume_claude(said(), "/x/\N{REPLACEMENT CHARACTER}") is None


def test_an_aider_comes_back_only_where_its_history_is(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    below = tmp_path / "src"
    below.mkdir()
    assert resume_aider(("aider",), {}, str(below)) is None
    (tmp_path / ".aider.chat.history.md").touch()
    assert resume_aider(("aider",), {}, str(below)) == f"cd {below} && aider --restore-chat-history"
    named = ("aider", "--chat-history-file", "my chat.md")
    assert resume_aider(named, {}, str(below)) is None
    (below / "my chat.md").touch()
    again = resume_aider(named, {}, str(below))
    assert again is not None
    assert f"--chat-history-file '{below}/my chat.md'" in again
