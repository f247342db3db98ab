"""What Aider is given: its flags, its files, its environment and its walls.

Under these flags a workspace stays byte-identical and the one connection is to the model server; a
repository's own settings (`.aider.conf.yml`, `.env`) are never found, as neither cwd nor HOME lies
in one. Running it, and believing it, is left to `aider`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiofiles

from daydreamd.host.children.commands import SESSION_MARK, clean_environment
from daydreamd.host.children.confinement import confined, landlock_abi, program_paths
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.composition import TASK, Prompt
from daydreamd.reflection.direct import TEMPERATURE, response_format
from daydreamd.settings.schema import Analysis

_LANGUAGE: Final = "JSON, in the form that is asked for"
"""Aider says in two places which language to reply in; left to itself, it says English."""
_FLAGS: Final = (
    "--chat-language", _LANGUAGE,
    "--chat-mode", "ask", "--stream", "--map-tokens", "0",
    "--no-git", "--no-gitignore", "--no-add-gitignore-files",
    "--no-auto-commits", "--no-dirty-commits", "--no-auto-lint", "--no-auto-test",
    "--no-analytics", "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings",
    "--no-suggest-shell-commands", "--no-detect-urls", "--disable-playwright",
    "--no-watch-files", "--no-notifications", "--no-restore-chat-history",
    "--no-pretty", "--no-fancy-input",
    "--input-history-file", "/dev/null", "--chat-history-file", "/dev/null",
)  # fmt: skip

_NICE: Final = 10
"""Besides what the session yields: where a model runs on the same processors, Aider only waits for
it, and must not be in its way."""


@dataclass(frozen=True)
class Question:
    """What Aider is to ask, of whom, and within which limits."""

    prompt: Prompt
    choice: ModelChoice
    settings: Analysis
    max_answer_tokens: int
    scratch: Path
    session_id: str


async def write_files(question: Question) -> None:
    """Make the scratch directory with all that `command_line` names, for ourselves alone."""
    for name in ("cwd", "home", "tmp"):
        (question.scratch / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = _model_name(question.choice)
    material, task, form = parts_of(question.prompt.text)
    files = {
        "material.md": material,
        "answer.json": form,
        "task.md": task,
        # JSON is YAML too
        "model-settings.yml": json.dumps([_model_settings(name, question)]),
        "model-metadata.json": json.dumps({name: _metadata(question)}),
    }
    for file, text in files.items():
        path = question.scratch / file
        async with aiofiles.open(path, "w", encoding="utf-8", opener=_privately) as opened:
            await opened.write(text)


def parts_of(text: str) -> tuple[str, str, str]:
    """A prompt as Aider is given it: what to read, what to do, and the form of the answer.

    Without a file that is shared whole Aider tells the model that there is none, whatever it is
    given to read: so the form goes as one.
    """
    material, heading, task = text.rpartition(TASK)
    form = task.rstrip().rpartition("\n")[2]
    return material, heading.lstrip("\n") + task, f"{form}\n"


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _model_name(choice: ModelChoice) -> str:
    return f"{'ollama_chat' if choice.provider == 'ollama' else 'openai'}/{choice.name}"


def command_line(aider: Path, question: Question) -> list[str]:
    """The argument list, confined where that is wanted."""
    scratch, choice = question.scratch, question.choice
    argv = [
        *(str(aider), "--model", _model_name(choice), *_FLAGS),
        *("--read", str(scratch / "material.md")),
        *("--file", str(scratch / "answer.json")),
        *("--message-file", str(scratch / "task.md")),
        *("--model-settings-file", str(scratch / "model-settings.yml")),
        *("--model-metadata-file", str(scratch / "model-metadata.json")),
    ]
    return confined(
        argv,
        read=[*program_paths(aider), *_interpreter_paths(aider)],
        write=[scratch],
        connect_ports=[_port(choice.base_url)],
        landlock=question.settings.confine and landlock_abi() > 0,
        nice=_NICE,
    )


def environment_of(question: Question) -> dict[str, str]:
    """Aider's environment, made from nothing."""
    scratch, choice = question.scratch, question.choice
    base_url, key = choice.base_url, choice.api_key or "none"
    return clean_environment(
        **{SESSION_MARK: question.session_id},
        HOME=str(scratch / "home"),
        TMPDIR=str(scratch / "tmp"),
        # Even with --no-git, Aider looks for a repository from its cwd upwards and obeys settings
        # found there; told to begin at the root, it finds none.
        GIT_DIR="/",
        BROWSER="true",  # it opens help pages when a question of its own goes unanswered
        NO_PROXY="*",
        COLUMNS="400",
        TERM="dumb",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        OPENAI_API_BASE=f"{base_url}/v1",
        OPENAI_API_KEY=key,
        OLLAMA_API_BASE=base_url,
        OLLAMA_API_KEY=key,
    )


def _model_settings(name: str, question: Question) -> dict[str, object]:
    extra: dict[str, object] = {"max_tokens": question.max_answer_tokens}
    if question.choice.provider == "ollama":
        extra |= {
            "num_ctx": question.choice.context_tokens,
            "response_format": response_format(question.prompt),
        }
    else:
        extra["extra_body"] = {"response_format": response_format(question.prompt)}
    return {
        "name": name,
        "weak_model_name": name,
        "edit_format": "ask",
        "use_repo_map": False,
        "use_temperature": TEMPERATURE,
        "streaming": True,
        "extra_params": extra,
    }


def _metadata(question: Question) -> dict[str, object]:
    """What Aider would else fetch from the network: sizes, and that nothing costs anything."""
    ollama = question.choice.provider == "ollama"
    return {
        "max_input_tokens": question.choice.context_tokens,
        "max_output_tokens": question.max_answer_tokens,
        "max_tokens": question.max_answer_tokens,
        "input_cost_per_token": 0,
        "output_cost_per_token": 0,
        "litellm_provider": "ollama_chat" if ollama else "openai",
        "mode": "chat",
    }


def _interpreter_paths(program: Path) -> list[Path]:
    """Where the interpreter lies that a script's first line names."""
    try:
        with program.open("rb") as file:
            first = file.readline(4096)
    except OSError:  # it may be run, but not be read: then it is no script
        return []
    words = first.removeprefix(b"#!").split() if first.startswith(b"#!") else []
    return program_paths(words[0].decode(errors="surrogateescape")) if words else []


def _port(base_url: str) -> int:
    parts = urlsplit(base_url)
    return parts.port or (443 if parts.scheme == "https" else 80)
