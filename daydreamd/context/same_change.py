"""Whether one change of a file is part of another: the same lines, at the same place.

Both are differences from one earlier content, so that places can be compared by line number. Equal
text elsewhere in the file proves nothing: a line that was added to one function is not the one that
was added to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from daydreamd.context.foreign import ForeignGit

MAX_PAIRS: Final = 4_000
_TELLING: Final = 16
_HUNK: Final = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")


class Replaced(NamedTuple):
    """`removed` lines from `start` on (after it, where none) that gave way to `lines`."""

    start: int
    removed: int
    lines: tuple[bytes, ...]


class Pair(NamedTuple):
    """The ids of two contents, the earlier one first; "" for a file that was not there."""

    before: str
    after: str


Differences = Mapping[Pair, tuple[Replaced, ...]]


@dataclass
class PartsHeld:
    """Of the parts of a change: how many there are, how many are missing, and whether a line of one
    of those is nowhere to be seen in what it was held against."""

    parts: int
    missing: int
    has_new_line: bool


def hold_against(wanted: Sequence[Replaced], others: Iterable[Sequence[Replaced]]) -> PartsHeld:
    """Look for each part of a change in the other changes, made to the same earlier content."""
    elsewhere = list(others)
    parts = {part for other in elsewhere for part in other}
    missing = [one for one in wanted if one not in parts and not _lies_in(one, parts)]
    lines = {line for part in parts for line in part.lines}
    new = any(line.strip() and line not in lines for one in missing for line in one.lines)
    removed_only = any(not any(line.strip() for line in one.lines) for one in missing)
    return PartsHeld(len(wanted), len(missing), new or removed_only)


def _lies_in(one: Replaced, parts: Iterable[Replaced]) -> bool:
    """Whether telling lines stand, side by side, in a larger change of just that place."""
    if sum(len(line.strip()) for line in one.lines) < _TELLING:
        return False
    return any(_covers(part, one) and _is_within(one.lines, part.lines) for part in parts)


def _covers(part: Replaced, one: Replaced) -> bool:
    first, last = _range(part)
    from_, to = _range(one)
    return first <= from_ and to <= last


def _range(part: Replaced) -> tuple[int, int]:
    """The places between lines where a change begins and ends."""
    start = part.start - 1 if part.removed else part.start
    return start, start + part.removed


def _is_within(lines: tuple[bytes, ...], whole: tuple[bytes, ...]) -> bool:
    size = len(lines)
    return any(whole[at : at + size] == lines for at in range(len(whole) - size + 1))


async def read_differences(git: ForeignGit, place: Path, pairs: Iterable[Pair]) -> Differences:
    """The difference of each pair of contents; those without lines (binary ones) are left out.

    Both sides of all pairs are put into two trees of our own, below `place`, so that one git
    compares them all. Pairs above 4,000 are not looked at.
    """
    wanted = list(dict.fromkeys(pairs))[:MAX_PAIRS]
    if not wanted:
        return {}
    objects = place / "trees"
    objects.mkdir(exist_ok=True)
    environment = {
        **git.environment,
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(git.environment["GIT_OBJECT_DIRECTORY"]),
    }
    ours = replace(git, environment=environment)
    sides = [_listing(pair[side] for pair in wanted) for side in (0, 1)]
    made = [await ours.run("mktree", "--missing", stdin=side) for side in sides]
    printed = await ours.run(
        "diff-tree", "-r", "-p", "-U0", "--no-renames", "--no-color", "--no-ext-diff",
        "--no-textconv", "--full-index", *(tree.decode().strip() for tree in made),
        max_stdout=64 << 20,
    )  # fmt: skip
    return {wanted[at]: found for at, found in parse_differences(printed).items()}


def _listing(blobs: Iterable[str]) -> bytes:
    named = enumerate(blobs)
    return "".join(f"100644 blob {blob}\t{at:06}\n" for at, blob in named if blob).encode()


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse_differences(printed: bytes) -> dict[int, tuple[Replaced, ...]]:
    """Read `diff-tree -p -U0` of files that are named by numbers."""
    found: dict[int, list[tuple[int, int, list[bytes]]]] = {}
    at, left = -1, 0
    for line in printed.split(b"\n"):
        if left > 0 and line[:1] in (b"+", b"-"):
            left -= 1
            if line[:1] == b"+":
                found[at][-1][2].append(line[1:])
        elif line.startswith(b"diff --git "):
            at = int(line.rsplit(b"/", 1)[1].strip(b'"'))
        elif hunk := _HUNK.match(line):
            count, added = int(hunk[2] or 1), int(hunk[3] or 1)
            left = count + added
            found.setdefault(at, []).append((int(hunk[1]), count, []))
    return {
        number: tuple(Replaced(start, count, tuple(lines)) for start, count, lines in parts)
        for number, parts in found.items()
    }
