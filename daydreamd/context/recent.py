"""What is new in a workspace: which lines came lately, when, by which commit, and what went.

Lines are those of the work tree as it stands. That they are new, the difference to an earlier
commit says; when they came, the newest commit since that wrote such a line into that file. What no
commit wrote is not committed yet, and came now.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path, PurePosixPath
from typing import Final

from daydreamd.context.activity import WEEK_SECONDS
from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.context.patches import PATCH_FORMAT, Hunk, parse_patch

_MAX_UNTRACKED: Final = 200
_MAX_DIFF: Final = 16 << 20
_MAX_LOG: Final = 16 << 20
_MAX_FILES: Final = 2_000
_MAX_COMMITS: Final = 4_000
_LEFT_OUT: Final = tuple(
    f":(exclude,top,glob)**/{name}"
    for name in ("node_modules/**", "vendor/**", "*.lock", "*.min.js", "*.map", "*.svg", "*.po")
)


@dataclass(frozen=True)
class Arrival:
    """When a line came (seconds since 1970) and by which commit; without one it is uncommitted."""

    at: int
    commit: str = ""
    subject: str = ""


@dataclass
class News:
    """What is new in a file: `came` by line number, and the lines that went, by the number of the
    line before which they stood. Where `everything` is new, no line is named."""

    path: str
    everything: Arrival | None = None
    came: dict[int, Arrival] = field(default_factory=dict)
    went: dict[int, list[str]] = field(default_factory=dict)
    went_by: dict[int, Arrival] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """When the newest of it came."""
        arrivals = (*self.came.values(), *self.went_by.values())
        return self.everything.at if self.everything else max(one.at for one in arrivals)

    def of(self, length: int) -> News:
        """The same, with all lines named that the file has."""
        if self.everything is None:
            return self
        return News(self.path, came=dict.fromkeys(range(1, length + 1), self.everything))


class _Writers:
    """Who wrote a line last, or took one away, by file and text.

    A file that was renamed since is found by its last name.
    """

    def __init__(self, hunks: Iterable[Hunk], *, now: int) -> None:
        self._by_path: dict[tuple[str, bool, bytes], Arrival] = {}
        self._by_name: dict[tuple[str, bool, bytes], Arrival] = {}
        for hunk in hunks:
            arrival = Arrival(min(hunk.committed_at, now), hunk.commit, hunk.subject)
            name = PurePosixPath(hunk.path).name
            for came, lines in ((True, hunk.added), (False, hunk.removed)):
                for line in lines:
                    for known, where in ((self._by_path, hunk.path), (self._by_name, name)):
                        before = known.get((where, came, line))
                        if before is None or before.at < arrival.at:
                            known[where, came, line] = arrival

    def find(self, path: str, line: bytes, *, came: bool) -> Arrival | None:
        """The newest commit that wrote `line` into the file (or took it from there)."""
        known = self._by_path.get((path, came, line))
        return known or self._by_name.get((PurePosixPath(path).name, came, line))


async def find_news(
    git: ForeignGit,
    *,
    since: float,
    now: float,
    uncommitted: Collection[str] = (),
    excluded: Callable[[str], bool] = lambda _: False,
) -> list[News]:
    """What came after `since`, by file; where nothing did, what came last.

    Files that are not worth reading are left out, and so are those git does not track.
    """
    base = await _base(git, since)
    if base is None:
        return []
    look = ("-U0", "--no-color", "-M", "--diff-filter=AMRCT", *NO_PROGRAMS)
    where = git.within or (":(top)",)
    changed = await git.run(
        "diff", *look, base, "--", *where, *_LEFT_OUT, max_stdout=_MAX_DIFF, cut=True
    )
    written = await git.run(
        "log", "-p", *look, PATCH_FORMAT, "--no-mailmap", "--no-show-signature",
        f"--max-count={_MAX_COMMITS}", *_range(git, base), "--", *where, *_LEFT_OUT,
        max_stdout=_MAX_LOG, cut=True,
    )  # fmt: skip
    prefix = git.repository.prefix
    writers = _Writers(parse_patch(written, prefix=prefix), now=int(now))
    # What no commit of its own wrote, a merge did, at a time that is not known.
    merged, pending = Arrival(int(since) + 1, str(git.repository.head)), Arrival(int(now))
    return _news(
        parse_patch(changed, prefix=prefix),
        writers,
        lambda path: pending if path in uncommitted else merged,
        excluded=excluded,
    )


def _news(
    hunks: Iterable[Hunk],
    writers: _Writers,
    otherwise: Callable[[str], Arrival],
    *,
    excluded: Callable[[str], bool],
) -> list[News]:
    found: dict[str, News] = {}
    unfit: dict[str, bool] = {}
    for hunk in hunks:
        if hunk.path not in unfit:
            unfit[hunk.path] = excluded(hunk.path) or not is_worth_reading(hunk.path)
        if unfit[hunk.path] or (hunk.path not in found and len(found) >= _MAX_FILES):
            continue
        news = found.setdefault(hunk.path, News(hunk.path))
        _date(hunk, news, writers, otherwise(hunk.path))
    return [one for one in found.values() if one.came or one.went_by]


def _date(hunk: Hunk, news: News, writers: _Writers, otherwise: Arrival) -> None:
    """Enter the lines of a hunk. One that says nothing by itself came with its neighbours."""
    known = [
        writers.find(hunk.path, line, came=True) if _is_telling(line) else None
        for line in hunk.added
    ]
    last = next((one for one in known if one), None)
    for number, (line, arrival) in enumerate(zip(hunk.added, known, strict=True), hunk.start):
        if _is_telling(line) or last is None:
            last = arrival or otherwise
        news.came[number] = last
    if telling := [line for line in hunk.removed if _is_telling(line)]:
        before = hunk.start if hunk.added else hunk.start + 1
        news.went[before] = [line.decode(errors="replace") for line in hunk.removed]
        if not hunk.added:
            found = [writers.find(hunk.path, line, came=False) for line in telling]
            dated = [one for one in found if one]
            newest = max(dated, key=lambda one: one.at) if dated else otherwise
            news.went_by[before] = newest


def _is_telling(line: bytes) -> bool:
    """Whether a line is more than brackets: those stand in every commit."""
    return sum(char in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
               or char > 127 for char in line) >= 2  # fmt: skip


async def _base(git: ForeignGit, since: float) -> str | None:
    """What to compare with: the commit before `since`, or before the last week of work.

    All is new in a repository that is younger; in a shallow one what stands behind its end is not.
    """
    here = git.repository
    if here.is_partial or here.head is None:
        return None
    newest = await _first_parent(git, "--timestamp")
    if not newest:
        return None
    at = int(newest.split()[0])
    start = since if at > since else at - WEEK_SECONDS
    if older := await _first_parent(git, f"--min-age={int(start)}"):
        return older
    if not here.shallow_ends:
        return _empty_tree(here.head)
    line = await git.run("rev-list", "--first-parent", here.head, "--")
    return line.decode().split()[-1]


async def _first_parent(git: ForeignGit, *which: str) -> str:
    """The newest commit of the branch's own line, limited by `which`."""
    head = str(git.repository.head)
    return (await git.run("rev-list", "-1", "--first-parent", *which, head, "--")).decode().strip()


def _empty_tree(head: str) -> str:
    """The tree without a file, which git knows by its name."""
    if len(head) == 64:
        return "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    return "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def _range(git: ForeignGit, base: str) -> Sequence[str]:
    head = str(git.repository.head)
    return (head,) if base == _empty_tree(head) else (head, f"^{base}")


def news_of_untracked(
    root: Path, paths: Iterable[str], *, now: float, excluded: Callable[[str], bool]
) -> list[News]:
    """Files that no commit has: all their lines are new. Of many, those written to last."""
    written: list[tuple[float, str]] = []
    for path in paths:
        if is_worth_reading(path) and not excluded(path):
            with suppress(OSError, ValueError):  # gone, or no path at all
                written.append((os.lstat(root / path).st_mtime, path))
    whole = Arrival(int(now))
    return [News(path, everything=whole) for _, path in nlargest(_MAX_UNTRACKED, written)]
