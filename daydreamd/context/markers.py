"""TODO, FIXME and HACK: how many there are, which came last, how many came and went this week."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from daydreamd.context.activity import WEEK_SECONDS
from daydreamd.context.branches import iso
from daydreamd.context.exclusion import is_fit_to_show, is_worth_reading
from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.context.patches import PATCH_FORMAT, Hunk, parse_patch
from daydreamd.context.workspaces import printable
from daydreamd.errors import FileError, WorkspaceError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.facts import Marker, MarkerFacts

KINDS: Final = ("TODO", "FIXME", "HACK")
_WORD: Final = re.compile(rb"\b(TODO|FIXME|HACK)\b")
_RECENT_SECONDS: Final = 5 * WEEK_SECONDS
_MAX_NEWEST: Final = 5
_MAX_LINE: Final = 200
_MAX_OUTPUT: Final = 16 << 20
_MAX_FILES: Final = 5_000
_MAX_LEFT_OUT: Final = 500_000


@dataclass(frozen=True)
class Growth:
    """Marker lines that came or went, newest first; `at` is None where not committed yet."""

    path: str
    at: int | None
    text: str
    came: bool


async def find_markers(git: ForeignGit, *, without: Sequence[str] = ()) -> list[Marker]:
    """All markers in tracked text files, as they stand in the work tree.

    Git would read each file as a whole; those `without` are left out, and so are never read.
    """
    prefix = git.repository.prefix
    if sum(len(path) for path in without) > _MAX_LEFT_OUT:
        raise WorkspaceError("cannot search for markers: too many files are too large")
    left_out = [f":(top,exclude,literal){prefix}{path}" for path in without]
    printed = await git.run(
        "grep", "-I", "-n", "-z", "-w", "-o", "--no-recurse-submodules", "--no-textconv",
        *(word for kind in KINDS for word in ("-e", kind)), "--", *git.within, *left_out,
        max_stdout=_MAX_OUTPUT, cut=True, ok=(0, 1),
    )  # fmt: skip
    found = await in_spare_thread(lambda: list(_beneath(git.repository.top, parse_grep(printed))))
    return [replace(one, path=one.path.removeprefix(prefix)) for one in found]


def _beneath(top: Path, markers: Iterable[Marker]) -> Iterator[Marker]:
    """Those whose directory is no link that somebody put in its place: git grep would follow it."""
    honest: dict[Path, bool] = {}
    for one in markers:
        directory = (top / one.path).parent
        if directory not in honest:
            honest[directory] = directory.resolve() == directory
        if honest[directory]:
            yield one


def parse_grep(printed: bytes) -> Iterator[Marker]:
    """Read `git grep -n -z -o`; a record that was cut off is left out."""
    for record in re.finditer(rb"([^\0]+)\0(\d+)\0(TODO|FIXME|HACK)\n", printed):
        path, kind = os.fsdecode(record[1]), record[3].decode()
        yield Marker(path=path, line=int(record[2]), kind=kind)


def search_files(root: Path, paths: Sequence[str]) -> list[Marker]:
    """The same without git: markers in `paths`, of which at most 5,000 are read."""
    found = []
    for path in paths[:_MAX_FILES]:
        try:
            content = read_beneath(root, path)
        except FileError:
            continue  # gone since it was listed, or a link: it is not ours to read
        for number, line in enumerate(content.split(b"\n"), 1):
            found += [
                Marker(path=path, line=number, kind=word.decode()) for word in _WORD.findall(line)
            ]
    return found


async def read_growth(git: ForeignGit, *, now: float) -> list[Growth]:
    """Marker lines that came or went in the last five weeks, uncommitted ones first."""
    look = ("-p", "-U0", "--no-color", "-M", "-G", r"(TODO|FIXME|HACK)", *NO_PROGRAMS)
    prefix = git.repository.prefix
    standing = await git.run("diff", *look, str(git.repository.head), "--", max_stdout=_MAX_OUTPUT)
    history = await git.run(
        "log", *look, PATCH_FORMAT, "--no-mailmap", "--no-show-signature",
        f"--max-age={int(now) - _RECENT_SECONDS}", str(git.repository.head), "--",
        max_stdout=_MAX_OUTPUT, cut=True,
    )  # fmt: skip
    uncommitted = _growth(parse_patch(standing, prefix=prefix))
    ends = git.repository.shallow_ends  # without their parents all that is in them looks new
    hunks = (one for one in parse_patch(history, prefix=prefix) if one.commit not in ends)
    return [*uncommitted, *_growth(hunks)]


def _growth(hunks: Iterable[Hunk]) -> Iterator[Growth]:
    for hunk in hunks:
        at = hunk.at if hunk.commit else None
        for came, lines in ((True, hunk.added), (False, hunk.removed)):
            for line in filter(_WORD.search, lines):
                yield Growth(hunk.path, at, _shown(line), came)


def _shown(line: bytes) -> str:
    return line.decode(errors="replace").strip()[:_MAX_LINE]


def marker_facts(
    markers: Iterable[Marker],
    growth: Sequence[Growth] | None,
    *,
    root: Path,
    now: float,
    excluded: Callable[[str], bool],
) -> MarkerFacts:
    """How many there are, and the newest, which still stand where they say."""
    kept = [one for one in markers if not excluded(one.path)]
    counts = Counter(one.kind for one in kept)
    week = [
        one
        for one in growth or ()
        if (one.at is None or one.at > now - WEEK_SECONDS) and not excluded(one.path)
    ]
    return MarkerFacts(
        todo=counts["TODO"],
        fixme=counts["FIXME"],
        hack=counts["HACK"],
        newest=tuple(_newest(kept, growth or (), root)),
        added_7d=None if growth is None else sum(one.came for one in week),
        removed_7d=None if growth is None else sum(not one.came for one in week),
    )


def _newest(markers: list[Marker], growth: Sequence[Growth], root: Path) -> Iterator[Marker]:
    """The markers whose lines came last, where they stand now; none beside a secret."""
    ranks: dict[tuple[str, str], int] = {}
    for rank, new in enumerate(growth):
        if new.came and is_worth_reading(new.path) and is_fit_to_show(new.text):
            ranks.setdefault((new.path, new.text), rank)
    grown = {path for path, _ in ranks}
    texts = {path: _lines(root, path) for path in grown & {one.path for one in markers}}
    found: dict[tuple[str, int], tuple[int, Marker, str]] = {}  # a line may hold two markers
    for one in markers:
        lines = texts.get(one.path, [])
        text = _shown(lines[one.line - 1]) if one.line <= len(lines) else ""
        if (one.path, text) in ranks:
            found.setdefault((one.path, one.line), (ranks[one.path, text], one, text))
    for rank, one, text in sorted(found.values(), key=lambda item: item[0])[:_MAX_NEWEST]:
        at = growth[rank].at
        yield replace(one, path=printable(one.path), text=text, at=iso(at) if at else None)


def _lines(root: Path, path: str) -> list[bytes]:
    try:
        return read_beneath(root, path, max_bytes=4 << 20).split(b"\n")
    except FileError:
        return []  # gone since the search, or reached through a link
