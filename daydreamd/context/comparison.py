"""All tips of a repository held against what is kept, within a bound of time, in a few questions.

Git is asked about everything at once, never once for each branch. What time did not suffice for is
unknown, and newer work is decided first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.changed_content import (
    ContentChange,
    Versions,
    diff_tips,
    diff_trees,
    read_changes,
    read_versions,
)
from daydreamd.context.content_proof import (
    Ruling,
    UnkeptTip,
    decide,
    names_of,
    pairs_to_compare,
    passing_contents,
    wanted_paths,
)
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.kept import Kept
from daydreamd.context.kept_history import (
    SLACK_SECONDS,
    KeptHistory,
    read_kept_history,
    read_reverted,
)
from daydreamd.context.same_change import MAX_PAIRS, read_differences
from daydreamd.context.unkept import (
    CommitFacts,
    Lineage,
    Unkept,
    describe_commits,
    read_unkept,
)
from daydreamd.errors import CommandError

_MAX_COMMITS: Final = 20_000
_MAX_PASSING: Final = 20_000
_MAX_JOINED: Final = 60
_COMMITS_AT_ONCE: Final = 8_000
NO_TIME: Final = Ruling("unknown", "there was no time to compare it", final=False)


@dataclass
class Compared:
    """What came of it: decisions, and what they rest on, by tip."""

    decisions: dict[str, Ruling] = field(default_factory=dict)
    lineages: dict[str, Lineage] = field(default_factory=dict)
    changes: dict[str, list[ContentChange]] = field(default_factory=dict)
    unkept: Unkept = field(default_factory=lambda: Unkept({}, {}, cut=False))


@dataclass
class Comparison:
    """Holds tips against `kept`; `place` is an empty directory of our own."""

    git: ForeignGit
    kept: Kept
    place: Path
    seconds: float

    def __post_init__(self) -> None:
        self._until = anyio.current_time() + self.seconds
        self._result = Compared()

    @property
    def _left(self) -> float:
        return self._until - anyio.current_time()

    @property
    def _hurried(self) -> ForeignGit:
        """Git, with no more time than is left."""
        return replace(self.git, deadline=max(1.0, min(self.git.deadline, self._left)))

    async def compare(self, tips: Iterable[str]) -> Compared:
        """Decide about each of the tips, whose objects are there."""
        wanted = list(dict.fromkeys(tips))
        result = self._result
        result.decisions = dict.fromkeys(wanted, NO_TIME)
        if not wanted:
            return result
        result.unkept = await read_unkept(self._hurried, wanted, self.kept.commits)
        ends = self.git.repository.shallow_ends
        for tip in wanted:
            result.lineages[tip] = result.unkept.lineage(tip, ends=ends)
        merged = [tip for tip in wanted if not result.lineages[tip].commits]
        result.decisions |= await self._say_where(merged)
        open_tips = self._worth_comparing(set(wanted) - set(merged))
        try:
            await self._compare_contents(open_tips)
        except CommandError as error:
            reason = f"it could not be compared: {error}"
            undecided = [tip for tip in open_tips if result.decisions[tip] is NO_TIME]
            result.decisions |= dict.fromkeys(undecided, Ruling("unknown", reason, final=False))
        return result

    async def _say_where(self, merged: list[str]) -> dict[str, Ruling]:
        """Of tips that kept commits descend from: which kept ones."""
        if not merged:
            return {}
        main = next(iter(self.kept.commits))
        beyond = await read_unkept(self._hurried, merged, [main])
        said = {}
        for tip in merged:
            at = self.kept.commits.get(tip)
            where = self.kept.place if tip not in beyond.parents else at or "a branch of a remote"
            verb = "is what" if at == where else "all of it is in"
            proof = f"{where} is at the same commit" if verb == "is what" else f"{verb} {where}"
            said[tip] = Ruling("safe", proof)
        reverted = await self._reverted(merged, beyond.parents)
        return {tip: replace(one, proof=one.proof + reverted(tip)) for tip, one in said.items()}

    async def _reverted(
        self, merged: list[str], beyond: Mapping[str, tuple[str, ...]]
    ) -> Callable[[str], str]:
        """What to say of a tip that was merged, and whose merge was undone."""
        asked = [tip for tip in merged if tip not in beyond and tip not in self.kept.commits]
        facts = await describe_commits(self._hurried, asked)
        if not facts:
            return lambda _: ""
        since = min(one.at for one in facts.values()) - SLACK_SECONDS
        undone = await read_reverted(self._hurried, self.kept.commits, since)
        if not undone:
            return lambda _: ""
        history = await read_kept_history(self._hurried, self.kept.commits, since)

        def say(tip: str) -> str:
            found = next((undone[o] for o in (tip, *history.merges_of(tip)) if o in undone), None)
            return f", reverted since by {found[:7]}" if found and tip in facts else ""

        return say

    def _worth_comparing(self, tips: Iterable[str]) -> list[str]:
        """The tips whose history is whole, newest first, as many as may be compared at once."""
        result = self._result
        chosen, seen = [], set[str]()
        for tip in sorted(tips, key=lambda tip: -result.unkept.times[tip]):
            lineage = result.lineages[tip]
            if not self.kept.commits:
                result.decisions[tip] = Ruling("unknown", self.kept.reason)
            elif lineage.cut:
                reason = "its history is cut, or longer than can be compared"
                result.decisions[tip] = Ruling("unknown", f"{reason}; it is not in any remote ref")
            elif len(seen) < _MAX_COMMITS:
                seen.update(lineage.commits)
                chosen.append(tip)
        return chosen

    async def _compare_contents(self, tips: list[str]) -> None:
        result, git = self._result, self._hurried
        bases = await self._bases(tips)
        tips = [tip for tip in tips if tip in bases]
        result.changes |= await diff_tips(git, {t: bases[t] for t in tips if bases[t]})
        rooted = [tip for tip in tips if not bases[tip]]
        facts = await describe_commits(git, {*(b for t in tips for b in bases[t]), *rooted})
        trees = await diff_trees(git, (facts[tip].tree for tip in rooted if tip in facts))
        result.changes |= {tip: trees.get(facts[tip].tree, []) for tip in rooted if tip in facts}
        on_the_way = await read_changes(
            git, (oid for tip in tips for oid in result.lineages[tip].commits)
        )
        since = {tip: self._since(tip, bases[tip], facts) for tip in tips}
        oldest = max(0, min(since.values(), default=0) - SLACK_SECONDS)
        history = await read_kept_history(git, self.kept.commits, oldest)
        candidates = {
            tip: UnkeptTip(
                changes=result.changes.get(tip, ()),
                on_the_way=[
                    c for oid in result.lineages[tip].commits for c in on_the_way.get(oid, ())
                ],
                after=history.after(bases[tip], since=since[tip]),
            )
            for tip in tips
        }
        candidates = await self._with_ends(candidates)
        versions, horizon = await self._versions(candidates, history, oldest)
        candidates = {
            tip: replace(one, complete=max(0, since[tip] - SLACK_SECONDS) >= horizon)
            for tip, one in candidates.items()
        }
        await self._decide(candidates, versions, oldest)

    def _since(self, tip: str, bases: Iterable[str], facts: Mapping[str, CommitFacts]) -> int:
        """When the oldest of the bases was made; without one, the tip's own first commit."""
        made = [facts[base].at for base in bases if base in facts]
        own = self._result.lineages[tip].commits
        return min(made or [self._result.unkept.times[oid] for oid in own])

    async def _bases(self, tips: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The kept commits that each tip starts from, without those that others descend from."""
        joined: dict[tuple[str, ...], tuple[str, ...]] = {}
        found = {}
        for tip in tips:
            bases = self._result.lineages[tip].bases
            if len(bases) > 1 and bases not in joined and len(joined) < _MAX_JOINED:
                printed = await self._hurried.run("merge-base", "--independent", *bases)
                joined[bases] = tuple(printed.decode().split())
            if len(bases) < 2 or bases in joined:
                found[tip] = joined.get(bases, bases)
        return found

    async def _with_ends(self, candidates: dict[str, UnkeptTip]) -> dict[str, UnkeptTip]:
        """What the paths hold at the tips that were changed on the way, and are not in the end."""
        asked = [
            (tip, change.path)
            for tip, one in candidates.items()
            for change in passing_contents(one)
            if b"\n" not in change.path
        ][:_MAX_PASSING]
        if not asked:
            return candidates
        printed = await self._hurried.run(
            "cat-file", "--batch-check=%(objectname) %(objecttype)",
            stdin=b"".join(tip.encode() + b":" + path + b"\n" for tip, path in asked),
        )  # fmt: skip
        ends: dict[str, dict[bytes, str]] = {}
        for (tip, path), line in zip(asked, printed.splitlines(), strict=True):
            blob, _, kind = line.rpartition(b" ")
            if kind == b"blob":
                ends.setdefault(tip, {})[path] = blob.decode()
        return {tip: replace(one, at_end=ends.get(tip, {})) for tip, one in candidates.items()}

    async def _versions(
        self, candidates: Mapping[str, UnkeptTip], history: KeptHistory, oldest: int
    ) -> tuple[Versions, int]:
        """What kept commits put at the paths in question, and since when that is known."""
        paths, blobs = wanted_paths(candidates.values())
        versions, times = Versions(), history.times
        edges = [times[at] for at in range(_COMMITS_AT_ONCE, len(times), _COMMITS_AT_ONCE)]
        last = times[-1] if history.is_cut else oldest
        read = partial(read_versions, kept=self.kept.commits, paths=paths, blobs=blobs)
        until = None
        for since in (*edges, last):
            if self._left < self.seconds / 8:
                return versions, until + 1 if until is not None else 1 << 60
            try:
                await read(self._hurried, since=since, until=until, into=versions)
            except CommandError:
                return versions, until + 1 if until is not None else 1 << 60
            until = since - 1
        return versions, last

    async def _decide(
        self, candidates: Mapping[str, UnkeptTip], versions: Versions, oldest: int
    ) -> None:
        pairs = [pair for one in candidates.values() for pair in pairs_to_compare(one, versions)]
        whole = len(set(pairs)) <= MAX_PAIRS
        try:
            differences = await read_differences(self._hurried, self.place, pairs)
        except CommandError:  # contents that are not there, in a partial clone, or too large
            differences, whole = {}, False
        if not whole:
            candidates = {tip: replace(one, complete=False) for tip, one in candidates.items()}
        decided = {
            tip: decide(one, versions, differences, place=self.kept.place)
            for tip, one in candidates.items()
        }
        found_in = {oid for one in decided.values() for oid in one.found_in}
        undone: dict[str, str] = {}
        with suppress(CommandError):  # a revert is worth a word, and no more
            if found_in:
                undone = await read_reverted(self._hurried, self.kept.commits, oldest)
        for tip, one in decided.items():
            where = names_of(one.found_in, undone)
            proof = one.proof or f"all of it is in {self.kept.place} by content{where}"
            self._result.decisions[tip] = replace(one, proof=proof)
