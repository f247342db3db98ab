"""How the agents are installed: a path that only their own packages make.

A bare name is no kind: anybody may call a program `claude` or `amp`. What counts is the package
that the file lies in: npm's `node_modules` (pnpm, yarn, bun, volta, nvm and asdf have it, too), the
versions that an installer keeps side by side, Homebrew's Cellar and Caskroom, the store of Nix, the
directory that mise, a distribution's package or `uv tool` gives a tool. A link such as
`~/.local/bin/claude` is resolved before; what the kernel names as executable always is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Final

from daydreamd.host.files.disks import glance

_VERSION: Final = re.compile(r"v?\d+\.\d+[\w.+-]*")
_SHELVES: Final = ("Cellar", "Caskroom", "installs", "tools", "venvs")
_NIX_STORE: Final = ("/", "nix", "store")
_LONGEST_MANIFEST: Final = 1 << 20


@dataclass(frozen=True)
class Layout:
    """Where an agent lies. `packages` are npm's; a name that ends in `-` stands for platforms."""

    executables: tuple[str, ...]
    packages: tuple[str, ...]
    shelves: tuple[str, ...] = ()


# Seen in the packages of the registries, and in what the vendors' installers lay down.
LAYOUTS: Final = {
    "claude": Layout(
        ("claude", "claude.exe"),
        ("@anthropic-ai/claude-code", "@anthropic-ai/claude-code-"),
        ("claude-code", "claude"),
    ),
    "codex": Layout(("codex",), ("@openai/codex", "@openai/codex-"), ("codex",)),
    "gemini": Layout(("gemini",), ("@google/gemini-cli",), ("gemini-cli",)),
    "copilot": Layout(
        ("copilot",), ("@github/copilot", "@github/copilot-"), ("copilot-cli", "copilot")
    ),
    "opencode": Layout(("opencode", "opencode.exe"), ("opencode-ai", "opencode-"), ("opencode",)),
    "cursor-agent": Layout(("cursor-agent",), ("cursor-agent",), ("cursor-agent", "cursor-cli")),
    "qwen": Layout(("qwen",), ("@qwen-code/qwen-code",), ("qwen-code",)),
    "goose": Layout(("goose",), ("@block/goose",), ("block-goose-cli", "goose-cli")),
    "amp": Layout(
        ("amp", "amp.exe"), ("@sourcegraph/amp", "@ampcode/cli", "@ampcode/cli-"), ("ampcode",)
    ),
    "crush": Layout(("crush",), ("@charmland/crush", "@charmland/crush-"), ("crush",)),
    "droid": Layout(("droid",), ("@factory/cli", "droid"), ("factory-cli", "droid")),
}
# What an installer puts below the home directory, where no shelf bears a version.
_OWN_PLACES: Final = {
    "opencode": (".opencode", "bin", "opencode"),
    "amp": (".amp", "bin", "amp"),
    "droid": (".factory", "bin", "droid"),
    "claude": (".claude", "local", "claude"),
}
# Codex keeps its releases side by side below a home that may be anywhere; the server that its
# windows share runs from a copy of its own there.
_CODEX_RELEASE: Final = re.compile(
    r".*/packages/(?:standalone|app-server-daemon)/releases/v?\d+\.\d+[\w.+-]*/(?:bin/)?codex"
)
EXECUTABLES: Final = frozenset(name for layout in LAYOUTS.values() for name in layout.executables)


def installed_binary(exe: str) -> str | None:
    """The agent whose installed program this executable is; None where its path proves none."""
    path = PurePath(exe)
    if _VERSION.fullmatch(path.name):
        return "claude" if path.parent.parts[-2:] == ("claude", "versions") else None
    if _CODEX_RELEASE.fullmatch(exe):
        return "codex"
    for kind, layout in LAYOUTS.items():
        if path.name in layout.executables and (
            _in_package(path.parts, layout.packages)
            or _on_shelf(path.parts, layout.shelves)
            or path.parts[-3:] == _OWN_PLACES.get(kind)
        ):
            return kind
    return None


def installed_script(script: str) -> str | None:
    """The agent in whose package this script lies, by the directory or the manifest beside it."""
    path = PurePath(script)
    for kind, layout in LAYOUTS.items():
        if _in_package(path.parts, layout.packages):
            return kind
    if path.parent.parent.name == "versions" and path.parent.parent.parent.name == "cursor-agent":
        return "cursor-agent"
    if path.suffix in (".js", ".mjs", ".cjs") and path.is_absolute():
        name = _command_of(path)
        return next((kind for kind, one in LAYOUTS.items() if name in one.packages), None)
    return None


def packages(parts: Sequence[str]) -> list[str]:
    """The npm packages that a path lies in, outermost first."""
    places = [place for place, part in enumerate(parts) if part == "node_modules"]
    names = []
    for place in places:
        scoped = parts[place + 1 : place + 2] and parts[place + 1].startswith("@")
        names.append("/".join(parts[place + 1 : place + (3 if scoped else 2)]))
    return names


def _in_package(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the innermost package is one of these; a dependency of an agent is not the agent."""
    own = next(reversed(packages(parts)), "")
    return any(own == name or (name.endswith("-") and own.startswith(name)) for name in wanted)


def _on_shelf(parts: Sequence[str], names: Sequence[str]) -> bool:
    """`Cellar/codex/1.2/bin/codex`, `mise/installs/claude/2.1/claude`, `opt/claude-code/bin/…`."""
    for shelf, name in pairwise(parts):
        if shelf in _SHELVES and name in names:
            return True
    if parts[:3] == _NIX_STORE:
        return any(f"-{name}-" in parts[3] for name in names)
    # The generic names are no proof directly below /opt or /usr/lib, the package's own is.
    own = names[0] if names else ""
    return "-" in own and parts[1:3] in (("opt", own), ("usr", "lib")) and own in parts[2:4]


def _manifest(directory: Path) -> bytes:
    with (directory / "package.json").open("rb") as file:
        return file.read(_LONGEST_MANIFEST)


def _command_of(script: PurePath) -> str:
    """The npm package whose manifest names this script as a command; "" where none does."""
    for directory in list(Path(script).parents)[:3]:
        try:
            said = json.loads(glance(directory, partial(_manifest, directory), unknown=b""))
        except (OSError, ValueError, RecursionError):  # none here, or one that proves nothing
            continue
        if not isinstance(said, dict):
            continue
        commands = said.get("bin")
        named = commands.values() if isinstance(commands, dict) else [commands]
        paths = [os.path.normpath(directory / one) for one in named if isinstance(one, str)]
        return str(said.get("name", "")) if os.fspath(script) in paths else ""
    return ""
