"""Where coding agents keep what they write, by kind: for counting, and for nothing else."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.agents.registry import config_dir
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.counting import entries_of

OUTPUTS: Final = "task outputs of claude"
TRANSCRIPTS: Final = "transcripts of claude"
WORKTREES: Final = "worktrees"
_CLAUDE: Final = {
    "debug": "debug logs of claude",
    "projects": TRANSCRIPTS,
    "file-history": "former versions of files of claude",
    **dict.fromkeys(
        ("cache", "paste-cache", "shell-snapshots", "statsig", "telemetry", "image-cache"),
        "caches of claude",
    ),
}
_CODEX: Final = {
    "sessions": "sessions of codex",
    "archived_sessions": "sessions of codex",
    "log": "logs of codex",
}
_OPENCODE: Final = {"log": "logs of opencode", "storage": "database of opencode"}
_MOST_WORKTREES: Final = 1_000


@dataclass(frozen=True)
class HeldPlace:
    """A file or directory of one kind."""

    kind: str
    path: Path


def places_held(
    environ: Mapping[str, str], uid: int, *, temp: Sequence[Path], workspaces: Sequence[Path]
) -> list[HeldPlace]:
    """All that there is; none lies below another. It asks disks that may hang."""
    found = [*_in_home(environ, uid), *_in_temp(temp, uid)]
    for workspace in workspaces:
        found += _of_workspace(workspace)
    kept: dict[Path, HeldPlace] = {}
    for held in sorted(found, key=lambda one: len(one.path.parts)):
        if not any(above in kept for above in (held.path, *held.path.parents)):
            kept[held.path] = held
    return list(kept.values())


def _in_home(environ: Mapping[str, str], uid: int) -> Iterator[HeldPlace]:
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    claude = config_dir(environ, uid)
    if claude is not None:
        yield from _sorted_out(claude, _CLAUDE, "the rest of claude")
    yield HeldPlace("caches of claude", cache / "claude-cli-nodejs")
    yield HeldPlace("program versions of claude", data / "claude/versions")
    yield from _sorted_out(
        Path(environ.get("CODEX_HOME") or home / ".codex"), _CODEX, "the rest of codex"
    )
    for path, _ in entries_of(data / "opencode"):
        is_database = path.name.startswith("opencode.db")
        kind = "database of opencode" if is_database else _OPENCODE.get(path.name)
        yield HeldPlace(kind or "the rest of opencode", path)
    yield HeldPlace("caches of opencode", cache / "opencode")
    yield HeldPlace("sessions of gemini", home / ".gemini/tmp")
    yield HeldPlace("caches of aider", home / ".aider")


def _sorted_out(directory: Path, kinds: Mapping[str, str], rest: str) -> Iterator[HeldPlace]:
    for path, _ in entries_of(directory):
        yield HeldPlace(kinds.get(path.name, rest), path)


def _in_temp(temp: Sequence[Path], uid: int) -> Iterator[HeldPlace]:
    for directory in temp:
        yield HeldPlace(OUTPUTS, directory / f"claude-{uid}")


def _of_workspace(workspace: Path) -> Iterator[HeldPlace]:
    for path, _ in entries_of(workspace):
        if path.name.startswith(".aider"):
            yield HeldPlace("caches of aider", path)
    for tree in linked_worktrees(workspace):
        yield HeldPlace(WORKTREES, tree)


def linked_worktrees(workspace: Path) -> Iterator[Path]:
    """The worktrees that Git has linked to the one at `workspace`, each of which says so itself."""
    linked = workspace / ".git/worktrees"
    for entry, facts in entries_of(linked, most=_MOST_WORKTREES):
        if not stat.S_ISDIR(facts.st_mode):
            continue
        try:
            named = Path(read_beneath(entry, "gitdir", max_bytes=4096).decode().rstrip("\n"))
            said = read_beneath(named.parent, ".git", max_bytes=4096).decode().rstrip("\n")
        except (FileError, OSError, ValueError):  # removed by hand, or not ours to read
            continue
        back = Path(said.removeprefix("gitdir: "))
        if named.name == ".git" and named.is_absolute() and back in (entry, entry.resolve()):
            yield named.parent
