"""The kept commits since some moment: what came after what, and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Final

from daydreamd.context.foreign import ForeignGit
from daydreamd.context.unkept import parse_graph

SLACK_SECONDS: Final = 7 * 86_400
"""Clocks differ, and commits are made to look older: by so much they may come early."""
_MAX_COMMITS: Final = 60_000
_MAX_STEPS: Final = 2_000_000


class KeptHistory:
    """Kept commits in an order in which none comes before one that descends from it."""

    def __init__(self, parents: dict[str, tuple[str, ...]], times: dict[str, int]) -> None:
        self._parents = parents
        self._times = times
        self._order = list(parents)
        self._ranks = {oid: rank for rank, oid in enumerate(parents)}
        self._steps = 0

    @property
    def times(self) -> list[int]:
        """When the commits were made, newest first."""
        return sorted(self._times.values(), reverse=True)

    @property
    def is_cut(self) -> bool:
        """Whether there are more commits than are kept in mind."""
        return len(self._parents) >= _MAX_COMMITS

    def merges_of(self, tip: str) -> Iterable[str]:
        """The commits that merged `tip`."""
        return (oid for oid, parents in self._parents.items() if tip in parents[1:])

    def after(self, bases: tuple[str, ...], *, since: int) -> Callable[[str], bool]:
        """A test for commits that none of `bases`, made at `since`, descends from.

        What cannot be told counts as an ancestor, so that it proves nothing.
        """
        if not bases:
            return lambda oid: oid in self._ranks
        unknown = [base for base in bases if base not in self._ranks]
        first = min((self._ranks[base] for base in bases if base in self._ranks), default=0)
        frontier = [self._ranks[base] for base in bases if base in self._ranks]
        heapq.heapify(frontier)
        seen = set(frontier)

        def is_after(oid: str) -> bool:
            rank = self._ranks.get(oid)
            if rank is None or unknown or self._times[oid] < since - SLACK_SECONDS:
                return False
            if rank < first:
                return True
            while frontier and frontier[0] <= rank and self._steps < _MAX_STEPS:
                self._steps += 1
                for parent in self._parents[self._order[heapq.heappop(frontier)]]:
                    above = self._ranks.get(parent)
                    if above is not None and above not in seen:
                        seen.add(above)
                        heapq.heappush(frontier, above)
            return rank not in seen and self._steps < _MAX_STEPS

        return is_after


async def read_kept_history(git: ForeignGit, kept: Iterable[str], since: int) -> KeptHistory:
    """The newest 60,000 kept commits made since a time."""
    printed = await git.run(
        "rev-list", "--topo-order", "--timestamp", "--parents", f"--max-count={_MAX_COMMITS}",
        f"--since=@{since}", "--stdin", "--ignore-missing",
        stdin="\n".join(kept).encode() + b"\n",
    )  # fmt: skip
    return KeptHistory(*parse_graph(printed))


async def read_reverted(git: ForeignGit, kept: Iterable[str], since: int) -> dict[str, str]:
    """Commits that were reverted, each with the newest kept commit that says so."""
    printed = await git.run(
        "log", "--stdin", "--ignore-missing", "--no-show-signature", f"--since=@{since}",
        "--max-count=2000", "--grep=^This reverts commit ", "--format=%x01%H%x00%b",
        stdin="\n".join(kept).encode() + b"\n", max_stdout=8 << 20, cut=True,
    )  # fmt: skip
    found: dict[str, str] = {}
    for record in printed.decode(errors="replace").split("\x01")[1:]:
        oid, _, body = record.partition("\0")
        for piece in body.split("This reverts commit ")[1:]:
            found.setdefault(piece.split(".")[0].split(",")[0].strip(), oid)
    return found
