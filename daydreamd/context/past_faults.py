"""The faults of a repository's own history, and the night after each came.

A commit whose subject speaks of a fix mends lines; the commit that wrote those lines within two
weeks before brought the fault in. Such faults a look at the night's changes could have found.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

from daydreamd.context.candidates.changed_files import is_test_path
from daydreamd.context.candidates.definitions import family_of, is_comment
from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.errors import CommandError
from daydreamd.records.trial_results import PastFault
from daydreamd.text import one_line

_FIX: Final = re.compile(
    r"(?i)\b(?:fix(?:e[sd]|ing)?|bug|bugfix|regression|crash(?:es|ed)?|broken|leak(?:s|ed)?"
    r"|deadlock|race|wrong(?:ly)?|incorrect(?:ly)?|missing|mistake|panic|oops)\b"
)
_NO_FAULT: Final = re.compile(
    r"(?i)\b(?:typos?|docs?|documentation|readme|comments?|lint|style|format(?:ting)?|tests?|ci"
    r"|changelog|bump|version|release|merge|warnings?|spelling|whitespace|grammar|mypy|types?|"
    r"typing|build|deps?|ruff|script)\b"
)
_YOUNG_SECONDS: Final = 14 * 86_400
_NIGHT: Final = 3 * 3_600
_DAY: Final = 86_400
_MOST_COMMITS: Final = 20_000
_MOST_LINES: Final = 30
_HUNK: Final = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
_FORMAT: Final = "--format=%H%x00%P%x00%ct%x00%s"


class _Fix(NamedTuple):
    oid: str
    parent: str
    at: int
    subject: str


class _Mended(NamedTuple):
    """Lines of a file as the commit before the fix has them."""

    path: str
    first: int
    length: int


async def find_faults(git: ForeignGit, *, most: int) -> AsyncIterator[PastFault]:
    """The youngest faults first, at most `most`; those whose lines cannot be found are left out."""
    found = 0
    for fix in await _fixes(git):
        if found >= most:
            return
        try:
            fault = await _fault_of(git, fix)
        except (CommandError, ValueError):
            continue  # a line that git cannot blame, an object that is not here
        if fault is not None:
            found += 1
            yield fault


async def _fixes(git: ForeignGit) -> list[_Fix]:
    printed = await git.run(
        "log", "-z", "--no-merges", _FORMAT, f"--max-count={_MOST_COMMITS}",
        str(git.repository.head), "--", max_stdout=32 << 20, cut=True,
    )  # fmt: skip
    fields = printed.decode(errors="replace").split("\0")
    found = []
    for oid, parents, at, subject in zip(*(fields[number::4] for number in range(4)), strict=False):
        is_fix = _FIX.search(subject) and not _NO_FAULT.search(subject)
        if is_fix and at.isdigit() and len(parents.split()) == 1:
            found.append(_Fix(oid.strip(), parents, int(at), subject))
    return found


async def _fault_of(git: ForeignGit, fix: _Fix) -> PastFault | None:
    """The fault that the fix mends, if all its lines are young and of one commit."""
    for mended in await _mended(git, fix):
        came = await _blame(git, fix.parent, mended)
        young = [(oid, at) for oid, at in came.values() if 0 < fix.at - at <= _YOUNG_SECONDS]
        if not young:
            continue
        oid, at = max(young, key=lambda one: one[1])
        night = (at + _DAY - _NIGHT) // _DAY * _DAY + _NIGHT
        if night <= at:
            night += _DAY
        if night >= fix.at:
            night = fix.at - 1
        commit = await _standing_at(git, fix.parent, night, oid)
        texts = {number for number, (one, _) in came.items() if one == oid}
        lines = await _found_again(git, commit, fix.parent, mended.path, texts) if commit else ()
        if commit and lines:
            return PastFault(
                came=oid,
                fixed=fix.oid,
                night=commit,
                at=night,
                path=mended.path.removeprefix(git.repository.prefix),
                lines=lines,
                subject=one_line(fix.subject, limit=100),
            )
    return None


async def _mended(git: ForeignGit, fix: _Fix) -> list[_Mended]:
    """What the fix changed of source files: small changes only."""
    printed = await git.run(
        "diff", "-U0", "--no-color", "--no-renames", *NO_PROGRAMS, fix.parent, fix.oid, "--",
        max_stdout=4 << 20, cut=True,
    )  # fmt: skip
    found: list[_Mended] = []
    path = ""
    for line in printed.decode(errors="surrogateescape").split("\n"):
        if line.startswith("--- "):
            path = line[6:] if line.startswith("--- a/") else ""
        elif (hunk := _HUNK.match(line)) and _is_source(path):
            count = int(hunk[2]) if hunk[2] else 1
            # Where lines only came, the fault is that they were missing after the one before.
            found.append(_Mended(path, max(1, int(hunk[1])), max(1, count)))
    lines = sum(one.length for one in found)
    return found if found and lines <= _MOST_LINES and len({one.path for one in found}) <= 3 else []


def _is_source(path: str) -> bool:
    ending = f".{path.rpartition('.')[2]}"
    known = family_of(ending) is not None
    return bool(path) and known and is_worth_reading(path) and not is_test_path(path)


async def _blame(git: ForeignGit, commit: str, mended: _Mended) -> dict[int, tuple[str, int]]:
    """Which commit wrote each line, and when; comments and blanks are left out."""
    where = f"-L{mended.first},+{mended.length}"
    printed = await git.run("blame", "--line-porcelain", where, commit, "--", mended.path)
    found: dict[int, tuple[str, int]] = {}
    oid, number, at = "", 0, 0
    for line in printed.decode(errors="replace").split("\n"):
        fields = line.split(" ")
        if line.startswith("\t"):
            if line.strip() and not is_comment(line[1:]):
                found[number] = (oid, at)
        elif len(fields) >= 3 and len(fields[0]) in (40, 64) and fields[2].isdigit():
            oid, number = fields[0], int(fields[2])
        elif fields[0] == "committer-time":
            at = int(fields[1])
    return found


async def _standing_at(git: ForeignGit, head: str, night: int, came: str) -> str | None:
    """The newest commit before the night that holds the fault; the faulty one at least."""
    printed = await git.run("rev-list", "-1", f"--min-age={night}", "--ancestry-path",
                            f"{came}..{head}")  # fmt: skip
    return printed.decode().strip() or came


async def _found_again(
    git: ForeignGit, commit: str, parent: str, path: str, numbers: Iterable[int]
) -> tuple[int, ...]:
    """Where the lines `numbers` of `parent` stand in `commit`, told by their text."""
    before = await _lines(git, parent, path)
    there = await _lines(git, commit, path)
    places: dict[str, list[int]] = {}
    for number, line in enumerate(there, 1):
        places.setdefault(line.strip(), []).append(number)
    at = set()
    for number in numbers:
        same = places.get(before[number - 1].strip(), []) if number <= len(before) else []
        if same:  # the nearest, as a line like `return None` stands in many places
            at.add(min(same, key=lambda one: abs(one - number)))
    return tuple(sorted(at))


async def _lines(git: ForeignGit, commit: str, path: str) -> list[str]:
    printed = await git.run("cat-file", "blob", f"{commit}:{path}", ok=(0, 128), max_stdout=4 << 20)
    return printed.decode(errors="replace").split("\n")


async def stand_unchanged(git: ForeignGit, path: str, quote: str, *, until: int, head: str) -> bool:
    """Whether the lines of `quote` still stand in `path` at the time `until`."""
    printed = await git.run("rev-list", "-1", "--first-parent", f"--min-age={until}", head)
    commit = printed.decode().strip()
    if not commit:
        return False
    there = {line.strip() for line in await _lines(git, commit, f"{git.repository.prefix}{path}")}
    return all(line.strip() in there for line in quote.split("\n") if line.strip())
