"""Where lines come from: the function that they stand in, and the commit that wrote them last.

Asked of a handful of places when a report is written. What cannot be found out is left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.discovery import find_repository
from daydreamd.context.exclusion import is_fit_to_show
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.workspaces import printable
from daydreamd.errors import DaydreamError, FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.insight import InsightItem
from daydreamd.records.origin import Origin
from daydreamd.records.workspace import Workspace
from daydreamd.text import visible
from daydreamd.text.functions import Definition, function_around

_SECONDS: Final = 6.0
_MAX_BYTES: Final = 1 << 20
_MOST_LINES: Final = 24
_AROUND: Final = 6


async def find_origins(
    items: Sequence[InsightItem], workspaces: Sequence[Workspace], *, scratch: Path
) -> dict[str, Origin]:
    """The origin of each insight, by its id, as far as it could be found out in a few seconds."""
    found: dict[str, Origin] = {}
    for workspace in workspaces:
        here = [one for one in items if one.workspace == workspace.name and one.evidence]
        if not here:
            continue
        with anyio.move_on_after(_SECONDS):
            try:
                await _look(workspace, here, scratch, found)
            except (DaydreamError, OSError, ValueError):
                continue  # the report is written without
    return found


async def _look(
    workspace: Workspace, items: Sequence[InsightItem], scratch: Path, found: dict[str, Origin]
) -> None:
    root = Path(workspace.path)
    for item in items:
        found[item.id] = await in_spare_thread(partial(_around, root, item))
    repository = await in_spare_thread(lambda: find_repository(root))
    if repository is None or repository.bare or not repository.head:
        return
    with tempfile.TemporaryDirectory(prefix="origins-", dir=scratch) as place:
        git = await open_foreign(repository, Path(place), deadline=_SECONDS)
        for item in items:
            found[item.id] = await _blamed(git, item, found[item.id])


def _around(root: Path, item: InsightItem) -> Origin:
    evidence = item.evidence[0]
    try:
        text = visible(
            read_beneath(root, evidence.path, max_bytes=_MAX_BYTES).decode(errors="replace")
        )
    except FileError:
        return Origin()
    if not is_fit_to_show(text):
        return Origin()
    lines = text.split("\n")
    function = function_around(text, evidence.line, evidence.path)
    first, last = _window(function, evidence.line, evidence.end_line, len(lines))
    return Origin(
        function=function.name if function else "",
        first_line=first,
        text="\n".join(lines[first - 1 : last]),
    )


def _window(function: Definition | None, line: int, end_line: int, length: int) -> tuple[int, int]:
    """The whole function where it is short, else the lines around those that are meant."""
    if function and function.last_line - function.first_line < _MOST_LINES:
        return function.first_line, max(function.last_line, min(end_line, length))
    first, last = max(1, line - _AROUND), min(length, end_line + _AROUND)
    if function:
        first, last = max(first, function.first_line), min(last, function.last_line)
    return first, max(first, min(last, first + _MOST_LINES))


async def _blamed(git: ForeignGit, item: InsightItem, origin: Origin) -> Origin:
    """The youngest commit among those of the insight's lines."""
    evidence = item.evidence[0]
    lines = f"-L{evidence.line},{evidence.end_line}"
    path = f"{git.repository.prefix}{evidence.path}"
    printed = await git.run("blame", "--line-porcelain", lines, "--", path, ok=(0, 128))
    return parse_blame(printed, origin)


def parse_blame(printed: bytes, origin: Origin) -> Origin:
    """`origin` with the youngest commit that `git blame --line-porcelain` names."""
    best = origin
    youngest = -1
    commit, at = "", 0
    for line in printed.decode(errors="replace").split("\n"):
        word, _, rest = line.partition(" ")
        if len(word) in (40, 64) and not line.startswith("\t"):
            commit = word
        elif word == "author-time":
            at = int(rest) if rest.isdigit() else 0
        elif word == "summary" and at > youngest:
            youngest = at
            is_committed = bool(commit.strip("0"))
            best = Origin(
                function=origin.function,
                first_line=origin.first_line,
                text=origin.text,
                commit=commit if is_committed else "",
                subject=printable(rest) if is_committed else "",
                at=datetime.fromtimestamp(at, UTC),
                is_committed=is_committed,
            )
    return best
