"""The real agents, as their vendors put them into the registries, and how each is started.

All of them start without an account and without a model: in a window they stop at their login or
their prompt, and without one they wait for what comes through their standard input.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.aider import AIDER

_INSTALL_SECONDS: Final = 600.0
_AIDER_OPTIONS: Final = (
    "--model", "gpt-4o", "--openai-api-key", "none", "--no-git", "--no-analytics",
    "--no-check-update", "--no-show-model-warnings", "--no-browser", "--yes-always",
)  # fmt: skip


class NotHereError(Exception):
    """An agent cannot be had on this machine; why, in one line."""


@dataclass(frozen=True)
class Agent:
    """A real agent: what starts it, which file its process executes in the end.

    `alone` are the arguments with which it needs no terminal. `remembers` gives what it has to find
    in that home, by path below it.
    """

    name: str
    command: tuple[str, ...]
    becomes: str
    alone: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    remembers: Callable[[Path], Mapping[str, str]] = lambda _: {}


def _claude(directory: Path) -> Agent:
    program = os.path.realpath(from_npm("@anthropic-ai/claude-code", directory) / ".bin/claude")
    return Agent("claude", (program,), program, ("mcp", "serve"), remembers=_answered)


def _answered(home: Path) -> Mapping[str, str]:
    """With its first questions still to ask, it ends where its vendor cannot be reached."""
    trusted = {str(home): {"hasTrustDialogAccepted": True}}
    said = {"hasCompletedOnboarding": True, "theme": "dark", "projects": trusted}
    return {".claude.json": json.dumps(said)}


def _codex(directory: Path) -> Agent:
    modules = from_npm("@openai/codex", directory)
    native = _only(modules, "@openai/codex-*/vendor/*/bin/codex")
    launcher = str(modules / "@openai/codex/bin/codex.js")
    return Agent("codex", (_node(), launcher), native, ("exec", "--skip-git-repo-check", "-"))


def _gemini(directory: Path) -> Agent:
    script = os.path.realpath(from_npm("@google/gemini-cli", directory) / ".bin/gemini")
    return Agent("gemini", (_node(), script), _node(), ("--acp",))


def _opencode(directory: Path) -> Agent:
    program = os.path.realpath(from_npm("opencode-ai", directory) / ".bin/opencode")
    return Agent("opencode", (program,), program, ("run",))


def _aider(_: Path) -> Agent:
    if not AIDER.exists():
        raise NotHereError("it is not in .venv-aider")
    python = os.path.realpath(AIDER.with_name("python"))
    packages = next(AIDER.parent.parent.glob("lib/python*/site-packages"))
    command = (python, str(AIDER), *_AIDER_OPTIONS)
    return Agent("aider", command, python, environment={"PYTHONPATH": str(packages)})


REAL: Final[Mapping[str, Callable[[Path], Agent]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
    "aider": _aider,
}
"""How each is had, given a directory of its own to install into; raises NotHereError."""


def from_npm(package: str, directory: Path) -> Path:
    """Its `node_modules`."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotHereError(f"npm, which installs {package}, is not on this machine")
    directory.mkdir(parents=True)
    options = ["--prefix", directory, "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            [npm, "install", *options, package],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotHereError(f"npm has not installed {package} in {_INSTALL_SECONDS:g} s") from None
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())[:200]
        raise NotHereError(f"npm cannot install {package}: {said or f'exit {done.returncode}'}")
    return directory / "node_modules"


def _only(modules: Path, pattern: str) -> str:
    found = next(modules.glob(pattern), None)
    if found is None:
        raise NotHereError(f"npm has brought no {pattern} for this machine")
    return os.path.realpath(found)


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise NotHereError("node, which runs it, is not on this machine")
    return os.path.realpath(node)
