"""Which parts of which files are worth a model's reading, and their text.

What is uncommitted comes first, then what this week was about, then the hotspots. The text is that
of the work tree, opened beneath the root, and only of files that speak of code and not of secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.activity import WEEK_SECONDS, Churn
from daydreamd.context.exclusion import is_fit_to_show, is_worth_reading
from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.context.lines import CountedFile, HotFile
from daydreamd.context.patches import parse_patch
from daydreamd.context.uncommitted import Uncommitted
from daydreamd.context.workspaces import printable
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.workspace import Excerpt, Workspace
from daydreamd.units import say_count

MAX_EXCERPTS: Final = 12
MAX_LINES: Final = 120
MAX_CHARS: Final = 12_000
_MAX_FILE_BYTES: Final = 512 << 10
_AROUND: Final = 10  # lines shown before and after a change
_REGIONS_PER_FILE: Final = 2
_FIRST_OF_EACH: Final = 4
_BRANCHING: Final = re.compile(r"\b(if|elif|for|while|except|catch|case|switch|match)\b|&&|\|\|")

Region = tuple[int, int]


@dataclass(frozen=True)
class FileToRead:
    """A file worth reading, and why."""

    path: str
    why: str


def choose_candidates(
    uncommitted: Sequence[Uncommitted],
    week: Mapping[str, Churn],
    hot_files: Iterable[HotFile],
    counted: Iterable[CountedFile],
    *,
    excluded: Callable[[str], bool],
) -> list[FileToRead]:
    """Files worth reading, best first; more than will be shown, as some turn out unfit."""
    complexity = {file.path: file.complexity for file in counted}
    whole = {one.path for one in uncommitted}
    below = tuple(path for path in whole if path.endswith("/"))  # untracked directories
    pending = [path for path in complexity if path in whole or path.startswith(below)]
    pending.sort(key=lambda path: -complexity[path])
    lately = [path for path in week if path in complexity]
    lately.sort(key=lambda path: -week[path].commits * (1 + complexity[path]))
    kinds = (
        [FileToRead(path, "uncommitted changes") for path in pending],
        [FileToRead(path, f"{_commits(week[path])} this week") for path in lately],
        [FileToRead(spot.file.path, _heat(spot)) for spot in hot_files],
    )
    first = [one for kind in kinds for one in kind[:_FIRST_OF_EACH]]
    rest = [one for kind in kinds for one in kind[_FIRST_OF_EACH:]]
    chosen: dict[str, FileToRead] = {}
    for one in (*first, *rest):
        if is_worth_reading(one.path) and not excluded(one.path):
            chosen.setdefault(one.path, one)
    return list(chosen.values())[: 2 * MAX_EXCERPTS]


def _commits(churn: Churn) -> str:
    return say_count(churn.commits, "commit")


def _heat(spot: HotFile) -> str:
    said = f"complexity {spot.file.complexity}"
    return f"{said}, {_commits(spot.churn)} in 90 days" if spot.churn.commits else said


async def find_changes(
    git: ForeignGit, candidates: Iterable[FileToRead], *, now: float
) -> dict[str, list[Region]]:
    """The lines of each file, as it stands, that came this week, committed or not."""
    head, prefix = str(git.repository.head), git.repository.prefix
    paths = [f":(top,literal){prefix}{one.path}" for one in candidates]
    week_ago = f"--min-age={int(now - WEEK_SECONDS)}"
    before = await git.run("rev-list", "-1", "--first-parent", week_ago, head, "--")
    base = before.decode().strip()
    if not base or not paths:
        return {}
    printed = await git.run(
        "diff", "-U0", "--no-color", "--no-renames", *NO_PROGRAMS, base, "--", *paths
    )
    found: dict[str, list[Region]] = {}
    for hunk in parse_patch(printed, prefix=prefix):
        found.setdefault(hunk.path, []).append((hunk.start, hunk.start + len(hunk.added) - 1))
    return found


def read_excerpts(
    workspace: Workspace,
    candidates: Iterable[FileToRead],
    changes: Mapping[str, Sequence[Region]],
    *,
    commit: str,
) -> list[Excerpt]:
    """The excerpts themselves; files that are gone, links, binary or unfit are passed over."""
    found: list[Excerpt] = []
    for one in candidates:
        lines = _read_lines(Path(workspace.path), one.path)
        for first, last in _regions(lines, changes.get(one.path, ())) if lines else ():
            text = "\n".join(lines[first - 1 : last])
            found.append(
                Excerpt(
                    workspace=workspace.name,
                    path=printable(one.path),
                    text=text,
                    first_line=first,
                    commit=commit,
                    why=one.why,
                )
            )
    return found[:MAX_EXCERPTS]


def _read_lines(root: Path, path: str) -> list[str]:
    try:
        content = read_beneath(root, path, max_bytes=_MAX_FILE_BYTES + 1)
    except FileError:
        return []
    text = content.decode(errors="replace")
    if len(content) > _MAX_FILE_BYTES or not is_fit_to_show(text):
        return []
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _regions(lines: list[str], changes: Sequence[Region]) -> list[Region]:
    """Lines to show, each region at most 120 lines and 12,000 characters long."""
    if len(lines) <= MAX_LINES:
        chosen = [(1, len(lines))]
    elif changes:
        chosen = _largest(_joined(changes, len(lines)))
    else:
        chosen = [_densest(lines)]
    return [_fitting(lines, region) for region in chosen]


def _joined(changes: Sequence[Region], length: int) -> list[Region]:
    """Changes with the lines around them, near ones as one."""
    joined: list[Region] = []
    for start, end in sorted(changes):
        first, last = max(1, start - _AROUND), min(length, max(start, end) + _AROUND)
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _largest(regions: list[Region]) -> list[Region]:
    by_size = sorted(regions, key=lambda region: region[0] - region[1])
    return sorted(by_size[:_REGIONS_PER_FILE])


def _densest(lines: list[str]) -> Region:
    """The stretch with the most branches: where a complex file is complex."""
    weights = [len(_BRANCHING.findall(line)) for line in lines]
    here = best = sum(weights[:MAX_LINES])
    start = 0
    for at in range(1, len(lines) - MAX_LINES + 1):
        here += weights[at + MAX_LINES - 1] - weights[at - 1]
        if here > best:
            best, start = here, at
    return start + 1, start + MAX_LINES


def _fitting(lines: list[str], region: Region) -> Region:
    first, last = region[0], min(region[1], region[0] + MAX_LINES - 1)
    chars = 0
    for number in range(first, last + 1):
        chars += len(lines[number - 1]) + 1
        if chars > MAX_CHARS and number > first:
            return first, number - 1
    return first, last
