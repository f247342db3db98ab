"""Whether what a commit holds exists somewhere else: decided on contents, never on messages.

A tip is safe where kept commits descend from it; or where each path that it changed was given
just that content by a kept commit made beside it (as after a squash, a rebase or a cherry-pick);
or where each part of its change is part of what kept commits did to the same lines. What came and
went again within its own commits has to be found as well. An empty commit proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from daydreamd.context.changed_content import Content, ContentChange, Versions
from daydreamd.context.same_change import Differences, Pair, hold_against
from daydreamd.records.only_here import Verdict

_GONE: Final = "000000"
_MAX_VERSIONS: Final = 40


@dataclass(frozen=True)
class Ruling:
    """A verdict and its reason. `found_in` are kept commits that hold the content, newest first."""

    verdict: Verdict
    proof: str
    found_in: tuple[str, ...] = ()
    final: bool = True
    """Whether it holds for as long as the same commits are kept: False where time ran out."""


@dataclass(frozen=True)
class UnkeptTip:
    """A tip that is not kept itself: what it changed against its bases, and on the way there.

    `after` tells of a kept commit whether it came after, or beside, the bases. `complete` is False
    where not all kept commits made since could be read.
    """

    changes: Sequence[ContentChange]
    on_the_way: Sequence[ContentChange]
    after: Callable[[str], bool] = field(repr=False)
    at_end: Mapping[bytes, str] = field(default_factory=dict)
    """What paths hold in the end that were changed on the way, where that is known."""
    complete: bool = True


def passing_contents(candidate: UnkeptTip) -> list[ContentChange]:
    """What stood, on the way, at paths that are in the end as they were before."""
    changed = {change.path for change in candidate.changes}
    return [
        change
        for change in candidate.on_the_way
        if change.path not in changed
        and change.now.mode != _GONE
        and candidate.at_end.get(change.path) != change.now.blob
    ]


def pairs_to_compare(candidate: UnkeptTip, versions: Versions) -> Iterator[Pair]:
    """The differences that must be known to decide, beyond the ids of contents."""
    for change in candidate.changes:
        if change.now.mode == _GONE or _places(change, candidate, versions):
            continue
        others = _other_versions(change.path, candidate, versions)
        for before in _befores(change) if others else ():
            yield Pair(before, change.now.blob)
            yield from (Pair(before, content.blob) for _, content in others)


def decide(
    candidate: UnkeptTip, versions: Versions, differences: Differences, *, place: str
) -> Ruling:
    """Whether the content of a tip exists in a kept commit; `place` names the kept ones."""
    if not candidate.changes and not candidate.on_the_way:
        return Ruling("unknown", "its commits are empty: only their messages are not elsewhere")
    found: list[Sequence[str]] = []
    lost: list[_Missing] = []
    for change in candidate.changes:
        places = _places(change, candidate, versions)
        if places or (places := _held_in_parts(change, candidate, versions, differences)):
            found.append(places)
        else:
            lost.append(_missing(change, candidate, versions, differences))
    passing = passing_contents(candidate)
    gone = [one for one in passing if not _stood_anywhere(one, versions)]
    if not lost and not gone:
        return Ruling("safe", "", _fewest(found))
    return _unproven(candidate, lost, gone, place)


def _stood_anywhere(change: ContentChange, versions: Versions) -> bool:
    """Whether a kept commit, be it an earlier one, gave the path this content."""
    return any(_same(content, change.now) for _, content in versions.of_path.get(change.path, ()))


def _places(change: ContentChange, candidate: UnkeptTip, versions: Versions) -> list[str]:
    """The kept commits, since the bases, that gave a path just this content and mode."""
    known = versions.of_path.get(change.path, ())
    return [oid for oid, content in known if _same(content, change.now) and candidate.after(oid)]


def _same(one: Content, other: Content) -> bool:
    return one == other or (one.mode == other.mode == _GONE)


def _befores(change: ContentChange) -> list[str]:
    """What the change may be compared with; "" where there was nothing, none of a submodule."""
    modes = {content.mode for content in (*change.before, change.now)}
    if "160000" in modes:
        return []
    return list(dict.fromkeys("" if c.mode == _GONE else c.blob for c in change.before))


def _other_versions(
    path: bytes, candidate: UnkeptTip, versions: Versions
) -> list[tuple[str, Content]]:
    """The first and the last of the contents that kept commits gave the path since the bases."""
    known = [
        (oid, content)
        for oid, content in versions.of_path.get(path, ())
        if content.mode not in (_GONE, "160000") and candidate.after(oid)
    ]
    if len(known) <= _MAX_VERSIONS:
        return known
    return known[: _MAX_VERSIONS // 2] + known[-_MAX_VERSIONS // 2 :]


def _held_in_parts(
    change: ContentChange, candidate: UnkeptTip, versions: Versions, differences: Differences
) -> list[str]:
    """Kept commits after which all parts of the change stood in the file, each in its place."""
    others = _other_versions(change.path, candidate, versions)
    if not any(content.mode == change.now.mode for _, content in others):
        return []
    for before in _befores(change):
        wanted = differences.get(Pair(before, change.now.blob))
        known = [(oid, differences.get(Pair(before, content.blob))) for oid, content in others]
        compared = [(oid, parts) for oid, parts in known if parts is not None]
        if wanted and compared:
            whole = [oid for oid, parts in compared if not hold_against(wanted, [parts]).missing]
            if whole:
                return whole
            if not hold_against(wanted, [parts for _, parts in compared]).missing:
                return [oid for oid, _ in compared]
    return []


@dataclass(frozen=True)
class _Missing:
    """A path whose content was not found; `new` where it is shown to be nowhere."""

    path: bytes
    new: bool


def _missing(
    change: ContentChange, candidate: UnkeptTip, versions: Versions, differences: Differences
) -> _Missing:
    if change.now.mode != _GONE and versions.of_blob.get(change.now.blob):
        return _Missing(change.path, new=False)  # at another path, or before its commits
    others = _other_versions(change.path, candidate, versions)
    for before in _befores(change) if others else ():
        wanted = differences.get(Pair(before, change.now.blob))
        known = [differences.get(Pair(before, content.blob)) for _, content in others]
        if wanted is None or None in known:
            continue
        held = hold_against(wanted, [parts for parts in known if parts is not None])
        if not held.has_new_line:
            return _Missing(change.path, new=False)
    return _Missing(change.path, new=True)


def _unproven(
    candidate: UnkeptTip, lost: Sequence[_Missing], gone: Sequence[ContentChange], place: str
) -> Ruling:
    number = len(candidate.changes)
    if not candidate.complete:
        return Ruling(
            "unknown",
            "not all of it could be compared: no time, or content that is not there",
            final=False,
        )
    if any(one.new for one in lost):
        part = "its content" if len(lost) == number else f"{len(lost)} of its {number} files"
        verb = "is" if len(lost) in (1, number) else "are"
        return Ruling("unique", f"{part} {verb} not in {place}")
    if lost:
        part = "all of it" if len(lost) == number else f"{len(lost)} of its {number} files"
        return Ruling("unknown", f"{part} may be in {place}, but with other lines around it")
    if not candidate.changes:
        return Ruling("unique", f"its commits undo each other; what they held is not in {place}")
    return Ruling(
        "unknown",
        f"what it ends with is in {place}, but not what came and went on the way"
        f" ({len({one.path for one in gone})} files)",
    )


def _fewest(found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The fewest commits that hold everything, taken greedily."""
    left: list[set[str]] = [set(places) for places in found]
    chosen: list[str] = []
    while left and len(chosen) < 5:
        counts: dict[str, int] = {}
        for places in left:
            for oid in places:
                counts[oid] = counts.get(oid, 0) + 1
        # The oldest of the best brought it: newer ones may only have kept it.
        best = max(reversed(counts), key=lambda oid: counts[oid])
        chosen.append(best)
        left = [places for places in left if best not in places]
    return tuple(chosen)


def wanted_paths(candidates: Iterable[UnkeptTip]) -> tuple[frozenset[bytes], frozenset[str]]:
    """The paths and contents about which kept commits must be asked."""
    asked = [c for one in candidates for c in (*one.changes, *passing_contents(one))]
    return frozenset(c.path for c in asked), frozenset(
        c.now.blob for c in asked if c.now.mode != _GONE
    )


def names_of(found_in: Sequence[str], reverted: Mapping[str, str]) -> str:
    """`in 9c1d2aa`, and whether one of them was reverted since."""
    if not found_in:
        return ""
    named = ", ".join(oid[:7] for oid in found_in[:3]) + (" …" if len(found_in) > 3 else "")
    undone = next((reverted[oid] for oid in found_in if oid in reverted), None)
    return f" (in {named})" + (f", reverted since by {undone[:7]}" if undone else "")
