"""The shell command that resumes an ended agent's conversation, where there is one to resume.

Everything in it is quoted for a shell, and nothing in it moves a terminal.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daydreamd.agents.claude_files import ClaudeState

_AIDER_HISTORY: Final = ".aider.chat.history.md"
_HISTORY_OPTION: Final = "--chat-history-file"
_DEEPEST: Final = 64


def resume_claude(said: ClaudeState, cwd: str) -> str | None:
    """How to take up a session of Claude Code; None without a transcript that holds a prompt."""
    directory = said.cwd or cwd
    if not said.can_be_resumed or not _can_be_named(directory):
        return None
    go = f"cd {shell_quoted(directory)}"
    if not Path(directory).is_dir():  # a conversation belongs to the path, whatever lies there
        go = f"mkdir -p {shell_quoted(directory)} && {go}"
    where = f"CLAUDE_CONFIG_DIR={shell_quoted(said.own_home)} " if said.own_home else ""
    return f"{go} && {where}claude --resume {said.session_id}"


def resume_aider(argv: tuple[str, ...], environ: Mapping[str, str], cwd: str) -> str | None:
    """How to take up an Aider's chat; None where its history file is not there."""
    if not cwd.startswith("/") or not _can_be_named(cwd):
        return None
    named = _option(argv, _HISTORY_OPTION) or environ.get("AIDER_CHAT_HISTORY_FILE", "")
    history = Path(cwd, named) if named else _repository(Path(cwd)) / _AIDER_HISTORY
    if not _can_be_named(str(history)) or not _is_file(history):
        return None
    option = f" {_HISTORY_OPTION} {shell_quoted(str(history))}" if named else ""
    return f"cd {shell_quoted(cwd)} && aider{option} --restore-chat-history"


def shell_quoted(text: str) -> str:
    """One word of a shell's command line, without a character that cannot be seen."""
    if text.isprintable():
        return shlex.quote(text)
    plain = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in text.encode(errors="surrogateescape")
    )
    return f"$'{plain}'"


def _can_be_named(path: str) -> bool:
    """Whether the text is the path itself: bytes that are no text are lost when it is read."""
    return bool(path) and "\N{REPLACEMENT CHARACTER}" not in path


def _option(argv: tuple[str, ...], name: str) -> str:
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _repository(directory: Path) -> Path:
    """The work tree that a directory lies in, as Aider looks for it; the directory itself else."""
    above = [directory, *directory.parents][:_DEEPEST]
    return next((place for place in above if os.path.lexists(place / ".git")), directory)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a loop of links, or closed to us: then nothing is promised
        return False
