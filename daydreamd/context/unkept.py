"""The commits of this repository that no kept commit descends from, and what is known of them.

One walk for all tips at once: git names the commits that are not kept and their parents, and what
belongs to which tip is followed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from daydreamd.context.foreign import ForeignGit

_MAX_COMMITS: Final = 100_000
_MAX_OF_ONE: Final = 2_000
_MAX_STEPS: Final = 2_000_000
_FIELDS: Final = (
    "%H%x00%T%x00%ct%x00%an <%ae>%x00%s%x00%(trailers:key=Co-Authored-By,valueonly,separator=%x2C)"
)


@dataclass(frozen=True)
class Lineage:
    """What a tip has beyond the kept commits: `commits`, itself first, and the kept `bases`.

    `rooted` where a line of it begins with a commit that has no parent, `cut` where it is too long
    to be followed or history ends early there.
    """

    commits: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    rooted: bool = False
    cut: bool = False


@dataclass(frozen=True)
class CommitFacts:
    """What a commit says of itself; `at` is when it was made (seconds since 1970)."""

    tree: str
    at: int
    author: str
    subject: str
    helpers: str


class Unkept:
    """The commits that are not kept, with their parents, and when each was made."""

    def __init__(
        self, parents: Mapping[str, tuple[str, ...]], times: Mapping[str, int], *, cut: bool
    ) -> None:
        self.parents = parents
        self.times = times
        self._cut = cut
        self._steps = 0

    def lineage(self, tip: str, *, ends: frozenset[str]) -> Lineage:
        """Follow `tip` down to kept commits; `ends` are those at which history is cut."""
        seen = {tip} & self.parents.keys()
        waiting = list(seen)
        bases: dict[str, None] = {}
        rooted = cut = False
        for commit in waiting:
            rooted |= not self.parents[commit]
            cut |= commit in ends
            for parent in self.parents[commit]:
                if parent not in self.parents:
                    bases[parent] = None
                elif parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
            self._steps += 1
            if len(seen) > _MAX_OF_ONE or self._steps > _MAX_STEPS:
                cut = True
                break
        return Lineage(tuple(waiting), tuple(bases), rooted, cut or (self._cut and bool(seen)))


async def read_unkept(git: ForeignGit, tips: Iterable[str], kept: Iterable[str]) -> Unkept:
    """All that the `tips`, which have to be there, have beyond the `kept` commits."""
    asked = [*dict.fromkeys(tips), *(f"^{oid}" for oid in kept)]
    printed = await git.run(
        "rev-list", "--topo-order", "--timestamp", "--parents", f"--max-count={_MAX_COMMITS + 1}",
        "--stdin", "--ignore-missing", stdin="\n".join(asked).encode() + b"\n",
    )  # fmt: skip
    parents, times = parse_graph(printed)
    return Unkept(parents, times, cut=len(parents) > _MAX_COMMITS)


def parse_graph(printed: bytes) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Read `rev-list --timestamp --parents`: the parents and the time of each commit, in order."""
    parents: dict[str, tuple[str, ...]] = {}
    times: dict[str, int] = {}
    for line in printed.decode().splitlines():
        at, oid, *above = line.split()
        parents[oid] = tuple(above)
        times[oid] = int(at)
    return parents, times


async def find_present(git: ForeignGit, oids: Iterable[str]) -> frozenset[str]:
    """Those of `oids` that are commits whose objects are there."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return frozenset()
    printed = await git.run(
        "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin="\n".join(wanted).encode()
    )
    said = (line.split() for line in printed.decode().splitlines())
    return frozenset(words[0] for words in said if words[1:] == ["commit"])


async def describe_commits(git: ForeignGit, oids: Iterable[str]) -> dict[str, CommitFacts]:
    """What each of the commits says of itself."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    printed = await git.run(
        "log", "--no-walk=unsorted", "--ignore-missing", "--no-show-signature",
        f"--format={_FIELDS}%x01", "--stdin", stdin="\n".join(wanted).encode(),
    )  # fmt: skip
    found = {}
    for record in os.fsdecode(printed).split("\x01"):
        fields = record.strip("\n").split("\x00")
        if len(fields) == 6 and fields[2].isdecimal():
            oid, tree, at, author, subject, helpers = fields
            found[oid] = CommitFacts(tree, int(at), author, subject, helpers)
    return found
