"""Where the branches stand: against the upstream, and how long ago anybody committed to them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from daydreamd.context.activity import DAY_SECONDS
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.repository import Repository
from daydreamd.context.workspaces import printable
from daydreamd.records.facts import GitFacts

STALE_DAYS: Final = 90
_MAX_BRANCHES: Final = 5_000


async def count_ahead_behind(git: ForeignGit, upstream: str) -> tuple[int, int]:
    """Commits that HEAD has and `upstream` lacks, and the other way round."""
    printed = await git.run(
        "rev-list", "--left-right", "--count", f"{git.repository.head}...{upstream}", "--"
    )
    ahead, behind = printed.split()
    return int(ahead), int(behind)


async def date_commits(git: ForeignGit, oids: Iterable[str]) -> dict[str, int]:
    """When each of the commits that are there was made (seconds since 1970)."""
    wanted = list(dict.fromkeys(oids))[:_MAX_BRANCHES]
    if not wanted:
        return {}
    printed = await git.run(
        "log", "--no-walk=unsorted", "--ignore-missing", "--no-show-signature", "--format=%H %ct",
        "--stdin", stdin="\n".join(wanted).encode(),
    )  # fmt: skip
    return {
        oid: int(at) for oid, at in (line.split() for line in os.fsdecode(printed).splitlines())
    }


def with_branches(
    git: GitFacts, repository: Repository, dates: dict[str, int], *, now: float
) -> GitFacts:
    """`git` with its last commit, and the branches without one for 90 days, oldest first."""
    oldest = now - STALE_DAYS * DAY_SECONDS
    stale = sorted(
        (dates[oid], name)
        for name, oid in repository.branches.items()
        if name != repository.branch and dates.get(oid, now) < oldest
    )
    last = dates.get(repository.head or "")
    return msgspec.structs.replace(
        git,
        last_commit_at=iso(last) if last is not None else None,
        stale_branches=tuple(printable(name) for _, name in stale),
    )


def iso(at: float) -> str:
    """A time as records carry it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
