"""Which processes are coding agents: told by the executable and what it was asked to run.

Text somewhere in a command line proves nothing: an editor with "claude code" in a file name and a
`tail -f aider.log` are not agents. So a process counts by the file it executes or, where that is an
interpreter, by the script or module that the interpreter was given. Whether it is abandoned is
another question, asked elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Final

from daydreamd.settings.model import UserKind

CLAUDE: Final = "claude"
AIDER: Final = "aider"
MCP: Final = "mcp"
# Agents that are recognised and shown, and never ended unless the user adds a kind for them.
ONLY_REPORTED: Final = {
    "codex": ("codex", "@openai/codex"),
    "gemini": ("gemini", "@google/gemini-cli"),
    "cursor-agent": ("cursor-agent", "cursor-agent"),
    "opencode": ("opencode", "opencode-ai"),
    "goose": ("goose", "@block/goose"),
    "amp": ("amp", "@sourcegraph/amp"),
    "copilot": ("copilot", "@github/copilot"),
    "qwen": ("qwen", "@qwen-code/qwen-code"),
    "crush": ("crush", "@charmland/crush"),
    "droid": ("droid", "@factory/cli"),
}

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(?:[-+.]\w+)*")
_JAVASCRIPT: Final = re.compile(r"node(?:js)?(?:-?\d+)?|bun|deno")
_PYTHON: Final = re.compile(r"python(?:\d+(?:\.\d+)?)?|pypy\d?")
_MCP_WORD: Final = re.compile(r"(?:^|[^a-z0-9])mcp(?:[^a-z0-9]|$)", re.IGNORECASE)
_MCP_PACKAGE: Final = re.compile(
    r"@modelcontextprotocol/|(?:^|[@/._-])mcp(?:[/._@-]|$)", re.IGNORECASE
)
_OPTIONS_WITH_VALUE: Final = {
    "javascript": {
        "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--env-file",
    },
    "python": {"-X", "-W", "--check-hash-based-pycs"},
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """What a process executes: the executable's path, its arguments, and its working directory."""

    exe: str
    argv: tuple[str, ...]
    cwd: str = ""

    @property
    def name(self) -> str:
        return os.path.basename(self.exe)  # noqa: PTH119 - called for every process there is


@dataclass(frozen=True)
class Run:
    """What an interpreter was told to run: a script's path, or a module. Either may be empty."""

    script: str = ""
    module: str = ""
    arguments: tuple[str, ...] = ()


def recognise(program: Program, kinds: Sequence[UserKind] = ()) -> str | None:
    """The name of the kind, or None for everything that is no agent. Users' kinds come first."""
    run = what_is_run(program)
    for kind in kinds:
        if _matches(program.exe, kind.exe) or (run and _matches(run.script, kind.script)):
            return kind.name
    if _is_claude(program, run):
        return CLAUDE
    if _is_aider(program, run):
        return AIDER
    if _is_mcp_server(program, run):
        return MCP
    return _other_agent(program, run)


def may_be_an_agent(exe: str, kinds: Sequence[UserKind] = ()) -> bool:
    """Whether the executable alone leaves it open; a cheap first look at every process."""
    name = os.path.basename(exe)  # noqa: PTH119 - called for every process there is
    return bool(
        _interpreter(name)
        or name in ("claude", "claude.exe", "aider", "uv", "uvx")
        or name in ONLY_REPORTED
        or _VERSION.fullmatch(name)
        or "mcp" in name.lower()
        or any(_matches(exe, kind.exe) or kind.script for kind in kinds)
    )


def what_is_run(program: Program) -> Run | None:
    """What an interpreter was given to run; None where the program is no interpreter."""
    language = _interpreter(program.name)
    if language is None:
        return None
    rest = iter(program.argv[1:])
    for word in rest:
        if word == "-m" and language == "python":
            return Run(module=next(rest, ""), arguments=tuple(rest))
        if word in ("-c", "-e", "-p", "--eval", "--print", "-"):
            return Run()
        if word in _OPTIONS_WITH_VALUE[language]:
            next(rest, "")
        elif word in ("run", "x") and program.name in ("bun", "deno"):
            continue
        elif word and not word.startswith("-"):
            return Run(script=_resolved(word, program.cwd), arguments=tuple(rest))
    return Run()


def _interpreter(name: str) -> str | None:
    if _JAVASCRIPT.fullmatch(name):
        return "javascript"
    return "python" if _PYTHON.fullmatch(name) else None


def _resolved(script: str, cwd: str) -> str:
    """The script's own path: `/usr/local/bin/claude` is a link to some `cli.js`."""
    path = os.path.join(cwd, script) if cwd else script  # noqa: PTH118 - absolute scripts win
    return os.path.realpath(path) if path.startswith("/") else script


def _is_claude(program: Program, run: Run | None) -> bool:
    if run is not None:
        parts = PurePath(run.script).parts
        if "claude-code" in parts and parts[-1] in ("cli.js", "cli.mjs"):
            return True
        # Node lets a program overwrite its own command line: older versions called themselves so.
        return program.argv[:1] == ("claude",) and not any(program.argv[1:])
    path = PurePath(program.exe)
    if _VERSION.fullmatch(path.name):
        return path.parent.parts[-2:] == ("claude", "versions")
    if path.name == "claude.exe":
        return "claude-code" in str(path)
    return path.name == "claude" and not _is_desktop_program(program)


def _is_desktop_program(program: Program) -> bool:
    """Electron's own marks: helper processes say their type, and the bundle lies beside it."""
    beside = Path(program.exe).parent / "resources" / "app.asar"
    return any(word.startswith("--type=") for word in program.argv) or beside.exists()


def _is_aider(program: Program, run: Run | None) -> bool:
    if run is None:
        return program.name == "aider"
    if run.module:
        return run.module in ("aider", "aider.main", "aider.__main__")
    script = PurePath(run.script)
    if script.name in ("__main__.py", "main.py"):
        return script.parent.name == "aider" and "site-packages" in script.parts
    return script.name == "aider" and (
        script.parent.name in ("bin", "Scripts") or _imports_aider(run.script)
    )


def _imports_aider(script: str) -> bool:
    try:
        with open(script, "rb") as file:  # noqa: PTH123 - a script that runs already
            return b"from aider." in file.read(4096)
    except OSError:  # gone or unreadable: then its name alone does not make it Aider
        return False


def _is_mcp_server(program: Program, run: Run | None) -> bool:
    if run is None:
        of_uv = program.name in ("uv", "uvx")
        return _has_mcp_word(_asked_of_uv(program.argv) if of_uv else program.name)
    if run.module:
        return _has_mcp_word(run.module)
    if run.script:
        return _is_mcp_script(PurePath(run.script), run.arguments)
    # npm writes what it executes into its own command line, as one word
    title = " ".join(program.argv).split()
    return title[:2] == ["npm", "exec"] and _names_mcp_package(title[2:])


def _is_mcp_script(path: PurePath, arguments: Sequence[str]) -> bool:
    if path.name in ("npx-cli.js", "npm-cli.js", "npx", "npm"):
        return _names_mcp_package([word for word in arguments if word != "exec"])
    return (
        _has_mcp_word(path.stem)
        or (".claude" in path.parts and "plugins" in path.parts)
        or any(_MCP_PACKAGE.search(name) for name in _packages(path))
    )


def _has_mcp_word(name: str) -> bool:
    return _MCP_WORD.search(name) is not None


def _packages(path: PurePath) -> list[str]:
    """The npm packages that a script lies in: what follows each `node_modules`."""
    parts = path.parts
    places = [place for place, part in enumerate(parts) if part == "node_modules"]
    return ["/".join(parts[place + 1 : place + 3]) for place in places]


def _names_mcp_package(words: Sequence[str]) -> bool:
    first = next((word for word in words if not word.startswith("-")), "")
    return _MCP_PACKAGE.search(first) is not None


def _asked_of_uv(argv: Sequence[str]) -> str:
    words = [
        word for word in argv[1:] if not word.startswith("-") and word not in ("tool", "run", "x")
    ]
    return words[0] if words else ""


def _other_agent(program: Program, run: Run | None) -> str | None:
    for kind, (name, package) in ONLY_REPORTED.items():
        if run is None and program.name == name:
            return kind
        if run and f"/node_modules/{package}/" in run.script:
            return kind
    return None


def _matches(path: str, globs: Sequence[str]) -> bool:
    expanded = [os.path.expanduser(glob) for glob in globs]  # noqa: PTH111 - globs are no paths
    return bool(path) and any(fnmatchcase(path, glob) for glob in expanded)
