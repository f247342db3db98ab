"""What was committed lately: by week, by file, by how often."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.context.workspaces import printable
from daydreamd.records.facts import ActivityFacts, WeekFacts

DAY_SECONDS: Final = 86_400
WEEK_SECONDS: Final = 7 * DAY_SECONDS
HISTORY_DAYS: Final = 90
MAX_COMMITS: Final = 20_000
_WEEKS: Final = 5
_MAX_FILES: Final = 100
_MARK: Final = b"\x02"  # begins a commit; a changed path is told from it by its numbers before it


@dataclass(frozen=True)
class Change:
    """A file that a commit changed, and how; `was` is its name before, where that changed."""

    path: str
    added: int
    deleted: int
    was: str | None = None


@dataclass(frozen=True)
class Commit:
    """A commit, written `at` (seconds since 1970).

    That is the author's date, as a rebase or an import commits old work anew; and the committer's
    where the author's is later.
    """

    oid: str
    at: int
    author: str
    changes: list[Change]


@dataclass(frozen=True)
class Churn:
    """How often a file was changed, and by how many lines."""

    commits: int = 0
    lines: int = 0


async def read_history(git: ForeignGit, *, now: float) -> list[Commit]:
    """The commits of the last 90 days from HEAD, newest first, with what they changed.

    In a partial clone lines are not counted: the contents may be missing, and are not fetched.
    """
    count = ("--name-only", "--no-renames") if git.repository.is_partial else ("--numstat", "-M")
    printed = await git.run(
        "log", "-z", "--no-mailmap", "--no-show-signature", *NO_PROGRAMS, *count,
        f"--max-age={int(now) - HISTORY_DAYS * DAY_SECONDS}", f"--max-count={MAX_COMMITS}",
        "--format=%x02%H %at %ct %ae", str(git.repository.head), "--",
        max_stdout=64 << 20,
    )  # fmt: skip
    found = parse_log(printed, prefix=git.repository.prefix)
    ends = git.repository.shallow_ends  # without their parents all that is in them looks new
    return [replace(one, changes=[]) if one.oid in ends else one for one in found]


def parse_log(printed: bytes, *, prefix: str = "") -> Iterator[Commit]:
    """Read `git log -z --numstat` (or `--name-only`) in the format above, or raise ValueError."""
    commit: Commit | None = None
    tokens = iter(printed.split(b"\0"))
    for token in tokens:
        entry = token.removeprefix(b"\n")
        if token.startswith(_MARK):
            if commit:
                yield commit
            oid, written, committed, author = os.fsdecode(token[1:]).split(" ", 3)
            commit = Commit(oid, min(int(written), int(committed)), author, [])
        elif entry and commit:
            change = _parse_change(entry, tokens)
            if change.path.startswith(prefix):
                commit.changes.append(_within(change, prefix))
    if commit:
        yield commit


def _parse_change(entry: bytes, tokens: Iterator[bytes]) -> Change:
    parts = os.fsdecode(entry).split("\t", 2)
    if len(parts) < 3:
        return Change(os.fsdecode(entry), 0, 0)
    added, deleted = (int(part) if part.isdigit() else 0 for part in parts[:2])
    if parts[2]:
        return Change(parts[2], added, deleted)
    was, path = os.fsdecode(next(tokens, b"")), os.fsdecode(next(tokens, b""))
    return Change(path, added, deleted, was=was)


def _within(change: Change, prefix: str) -> Change:
    was = change.was.removeprefix(prefix) if change.was else None
    return Change(change.path.removeprefix(prefix), change.added, change.deleted, was)


def count_churn(commits: Iterable[Commit]) -> dict[str, Churn]:
    """Churn per file under its present name; `commits` newest first."""
    found: dict[str, Churn] = {}
    now_called: dict[str, str] = {}
    for commit in commits:
        for change in commit.changes:
            path = now_called.get(change.path, change.path)
            if change.was:
                now_called[change.was] = path
            before = found.get(path, Churn())
            lines = before.lines + change.added + change.deleted
            found[path] = Churn(before.commits + 1, lines)
    return found


@dataclass
class _Tally:
    """A week while its commits are counted."""

    commits: int = 0
    added: int = 0
    deleted: int = 0
    authors: set[str] = field(default_factory=set)


def activity_facts(
    commits: Iterable[Commit], *, now: float, excluded: Callable[[str], bool]
) -> ActivityFacts:
    """Five spans of seven days, the one that ends now last."""
    tallies = [_Tally() for _ in range(_WEEKS)]
    files: Counter[str] = Counter()
    for commit in commits:
        ago = max(0, int(now - commit.at) // WEEK_SECONDS)
        if ago >= _WEEKS:
            continue
        tally = tallies[ago]
        kept = [change for change in commit.changes if not excluded(change.path)]
        tally.commits += 1
        tally.authors.add(commit.author.lower())
        tally.added += sum(change.added for change in kept)
        tally.deleted += sum(change.deleted for change in kept)
        if ago == 0:
            files.update(change.path for change in kept)
    weeks = tuple(_week(tally, now, ago) for ago, tally in enumerate(tallies))
    return ActivityFacts(
        weeks=weeks[::-1],
        commits_7d=tallies[0].commits,
        files_7d=tuple(printable(path) for path, _ in files.most_common(_MAX_FILES)),
        files_changed_7d=len(files),
    )


def _week(tally: _Tally, now: float, ago: int) -> WeekFacts:
    first = datetime.fromtimestamp(now - (ago + 1) * WEEK_SECONDS, UTC)
    return WeekFacts(
        week=f"{first:%Y-%m-%d}",
        commits=tally.commits,
        authors=len(tally.authors),
        added=tally.added,
        deleted=tally.deleted,
    )
