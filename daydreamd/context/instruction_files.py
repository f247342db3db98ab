"""The files that tell agents how to work in a repository, and what in them is no longer true."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.foreign import ForeignGit
from daydreamd.context.instruction_checks import MANIFESTS, Premises, find_false
from daydreamd.context.instruction_text import Statement, find_statements
from daydreamd.context.state import in_thread
from daydreamd.context.workspaces import printable
from daydreamd.errors import CommandError, FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.instructions import InstructionFault
from daydreamd.text import one_line

_NAMES: Final = re.compile(
    r"(?:^|/)(?:AGENTS|CLAUDE|GEMINI|QWEN|CRUSH|WARP)\.md$|(?:^|/)\.(?:cursor|windsurf|cline)rules$"
    r"|(?:^|/)\.cursor/rules/.*\.mdc?$|(?:^|/)\.(?:claude|windsurf)/rules/.*\.md$"
    r"|^\.github/copilot-instructions\.md$|^\.github/instructions/.*\.md$"
    r"|^\.junie/guidelines\.md$"
)
_TESTS: Final = re.compile(
    r"(?i)(?:^|/)(?:tests?|fixtures?|testdata|examples?|templates?|samples?)/"
)
_MAX_FILES: Final = 60
_MAX_BYTES: Final = 200_000
_MAX_MANIFESTS: Final = 400
_MAX_ASKED: Final = 200
_MAX_FAULTS: Final = 100


async def check_instructions(
    root: Path, git: ForeignGit, *, excluded: Callable[[str], bool]
) -> tuple[InstructionFault, ...]:
    """What is no longer true in the instruction files of a workspace, by file and line."""
    printed = await git.run(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--",
        max_stdout=24 << 20, cut=True,
    )  # fmt: skip
    prefix = git.repository.prefix
    named = printed.rpartition(b"\0")[0].split(b"\0")
    files = [os.fsdecode(name).removeprefix(prefix) for name in named if name]
    chosen = [p for p in files if _NAMES.search(p) and not _TESTS.search(p) and not excluded(p)]
    if not chosen:
        return ()
    suspects, faults = await in_thread(_suspect, root, chosen[:_MAX_FILES], files)
    faults += await _confirmed(git, suspects)
    return tuple(sorted(faults, key=lambda one: (one.path, one.line))[:_MAX_FAULTS])


@dataclass(frozen=True)
class _Suspect:
    """A path that is not there, the file that names it, and the places that may be meant."""

    claim: Statement
    file: str
    meant: tuple[str, ...]
    now: str = ""


def _suspect(
    root: Path, chosen: Iterable[str], files: list[str]
) -> tuple[list[_Suspect], list[InstructionFault]]:
    manifests = [path for path in files if MANIFESTS.search(path)][:_MAX_MANIFESTS]
    texts = {path: text for path in manifests if (text := _read(root, path)) is not None}
    premises = Premises(
        frozenset(files), texts, is_there=lambda path: os.path.lexists(f"{root}/{path}")
    )
    suspects: list[_Suspect] = []
    faults: list[InstructionFault] = []
    seen: set[str] = set()
    for file in chosen:
        text = _read(root, file)
        if text is None or text in seen:
            continue
        seen.add(text)
        for claim, reason, meant in find_false(find_statements(text), file, premises):
            if reason:
                faults.append(_fault(file, claim, reason))
            else:
                now = _same_name(claim.what, files)
                suspects.append(_Suspect(claim, file, meant, now))
    return suspects, faults


def _same_name(path: str, files: Iterable[str]) -> str:
    """The only file of the same name, if there is one."""
    ending = f"/{path.rstrip('/').rpartition('/')[2]}"
    found = [one for one in files if f"/{one}".endswith(ending)]
    return found[0] if len(found) == 1 else ""


def _read(root: Path, path: str) -> str | None:
    try:
        return read_beneath(root, path, max_bytes=_MAX_BYTES).decode(errors="replace")
    except FileError:
        return None  # gone, a link, or too large


def _fault(file: str, claim: Statement, reason: str) -> InstructionFault:
    return InstructionFault(
        path=printable(file),
        line=claim.line,
        kind=claim.kind,
        said=one_line(printable(claim.said), limit=200),
        reason=one_line(printable(reason), limit=300),
    )


async def _confirmed(git: ForeignGit, suspects: list[_Suspect]) -> list[InstructionFault]:
    """Those of which the history shows the end."""
    prefix = git.repository.prefix
    asked = dict.fromkeys(f"{prefix}{path}" for one in suspects for path in one.meant)
    paths = [path for path in asked if not path.startswith("..")][:_MAX_ASKED]
    if not paths or git.repository.head is None:
        return []
    try:
        ignored = await _read_ignored(git, paths)
        ended = await _read_ends(git, [path for path in paths if path not in ignored])
    except CommandError:
        return []  # a history that cannot be read shows nothing
    found = []
    for one in suspects:
        for path in one.meant:
            if commit := ended.get(f"{prefix}{path}".rstrip("/")):
                now = f"; now {one.now}" if one.now else ""
                found.append(_fault(one.file, one.claim, f"gone since {commit[:7]}{now}"))
                break
    return found


async def _read_ignored(git: ForeignGit, paths: list[str]) -> frozenset[str]:
    """Those that git ignores: they may lie on another machine, or come with a build."""
    asked = "\0".join(paths).encode(errors="surrogateescape")
    printed = await git.run("check-ignore", "-z", "--stdin", "--no-index", stdin=asked, ok=(0, 1))
    return frozenset(os.fsdecode(printed).split("\0"))


async def _read_ends(git: ForeignGit, paths: list[str]) -> Mapping[str, str]:
    """The newest commit that deleted each path, or the last file below it."""
    if not paths:
        return {}
    printed = await git.run(
        "log", "--diff-filter=D", "--no-renames", "--name-only", "-z", "--format=%x01%H",
        "--no-show-signature", str(git.repository.head), "--",
        *(f":(top,literal){path.rstrip('/')}" for path in paths),
        max_stdout=16 << 20, cut=True,
    )  # fmt: skip
    wanted = {path.rstrip("/") for path in paths}
    ended: dict[str, str] = {}
    commit = ""
    for token in os.fsdecode(printed).split("\0"):
        name = token.lstrip("\n")
        if name.startswith("\x01"):
            commit, _, name = name[1:].partition("\n")
        while name:
            if name in wanted:
                ended.setdefault(name, commit)
            name = name.rpartition("/")[0]
    return ended
