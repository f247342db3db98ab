"""Facts before prose: what can be said of a workspace without any model.

Each observation is one exact sentence with the evidence that anybody can look up. Most urgent
first: what blocks work, what may be lost, what is growing, what lies about. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from daydreamd.records.facts import (
    ActivityFacts,
    CodeFacts,
    DirtyFacts,
    GitFacts,
    Hotspot,
    MarkerFacts,
    WorkspaceFacts,
)
from daydreamd.text import one_line
from daydreamd.units import say_count, say_duration

_BARS: Final = "▁▂▃▄▅▆▇█"
_HOUR: Final = 3_600.0
_DAY: Final = 24 * _HOUR
_LONG_UNCOMMITTED: Final = 2 * _DAY
_LONG_UNPUSHED: Final = _DAY
_NAMED: Final = 3
_WEEKS_BEFORE: Final = 4
_WEEKS: Final = {2: "two", 3: "three", 4: "four"}
_QUIET_SECONDS: Final = 7 * _DAY


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a workspace: a sentence, and where to see it for oneself.

    `is_pressing` where its owner would do something about it today. `label`, `now`, `before` and
    `spark` say the same as cells of a table. All text is on one line and harmless on a terminal;
    it is not escaped for Markdown.
    """

    workspace: str
    kind: str
    text: str
    evidence: str
    label: str
    now: str
    before: str = ""
    spark: str = ""
    is_pressing: bool = False


@dataclass(frozen=True)
class _Observed:
    """A workspace at `now`; `workspace` is its name as harmless text. A missing part is blank."""

    workspace: str
    facts: WorkspaceFacts
    now: datetime

    @property
    def git(self) -> GitFacts:
        return self.facts.git or GitFacts()

    @property
    def dirty(self) -> DirtyFacts:
        return self.git.dirty or DirtyFacts()

    def says(  # noqa: PLR0913 - an observation has that many parts
        self,
        kind: str,
        *,
        now: str,
        text: str,
        evidence: str,
        label: str = "",
        before: str = "",
        spark: str = "",
        is_pressing: bool = False,
    ) -> Observation:
        """An observation of this workspace; its `label` is its kind, if nothing else is said."""
        return Observation(
            workspace=self.workspace,
            kind=kind,
            text=text,
            evidence=evidence,
            label=label or kind.replace("_", " "),
            now=now,
            before=before,
            spark=spark,
            is_pressing=is_pressing,
        )

    def seconds_since(self, moment: str | None) -> float | None:
        """None where `moment` is unknown or in the future."""
        if moment is None:
            return None
        seconds = (self.now - datetime.fromisoformat(moment)).total_seconds()
        return seconds if seconds >= 0 else None


def observe(
    workspaces: Mapping[str, WorkspaceFacts], *, now: datetime | None = None
) -> list[Observation]:
    """The facts worth a line, workspace by workspace."""
    moment = now or datetime.now(UTC)
    observed = (
        _Observed(one_line(name, limit=80), facts, moment) for name, facts in workspaces.items()
    )
    looked = (look(one) for one in observed for look in _LOOKS)
    return [seen for seen in looked if seen is not None]


def _under_way(one: _Observed) -> Observation | None:
    state, conflicts = one.git.state, one.dirty.conflicted
    if not state and not conflicts:
        return None
    half = f"a {state} is under way" if state else "a merge is unfinished"
    also = f", {say_count(conflicts, 'file')} in conflict" if conflicts else ""
    on = f" on {_name(one.git.branch)}" if one.git.branch else ""
    return one.says(
        "unfinished",
        now=f"{state or 'merge'}{also}",
        text=f"{half}{on}{also}",
        evidence="git status",
        is_pressing=True,
    )


def _uncommitted(one: _Observed) -> Observation | None:
    dirty = one.dirty
    files = say_count(dirty.files, "file")
    if not dirty.files:
        return _behind_a_filter(one)
    age = one.seconds_since(dirty.oldest_at)
    oldest = f", the oldest for {say_duration(age)}" if age is not None and age > _HOUR else ""
    where = f": {_name(dirty.oldest_path)}" if oldest and dirty.oldest_path else ""
    return one.says(
        "uncommitted",
        now=files + oldest,
        text=f"{files} uncommitted{oldest}{where}",
        evidence=_name(dirty.oldest_path) if dirty.oldest_path else "git status --short",
        is_pressing=age is not None and age > _LONG_UNCOMMITTED,
    )


def _behind_a_filter(one: _Observed) -> Observation | None:
    """A workspace names its filters itself: what hides behind one is said, not passed over."""
    if not one.dirty.unknown:
        return None
    said = f"{say_count(one.dirty.unknown, 'file')} behind a filter, perhaps changed"
    return one.says("uncommitted", now=said, text=said, evidence="git status --short")


def _unpushed(one: _Observed) -> Observation | None:
    ahead, behind = one.git.ahead or 0, one.git.behind or 0
    if not ahead and not behind:
        return None
    upstream = _name(one.git.upstream or "its upstream")
    waiting = one.seconds_since(one.git.last_commit_at)
    parts = [f"{say_count(ahead, 'commit')} not pushed"] if ahead else []
    parts += [f"{say_count(behind, 'commit')} behind"] if behind else []
    return one.says(
        "unpushed",
        label="unpushed" if ahead else "behind",
        now=", ".join(parts),
        text=f"{', '.join(parts)} ({upstream})",
        evidence="git log @{u}..HEAD" if ahead else "git log HEAD..@{u}",
        is_pressing=ahead > 0 and waiting is not None and waiting > _LONG_UNPUSHED,
    )


def _stashes(one: _Observed) -> Observation | None:
    if not one.git.stashes:
        return None
    said = say_count(one.git.stashes, "stash", "stashes")
    return one.says(
        "stashes",
        now=said,
        text=f"{said} put aside and easily forgotten",
        evidence="git stash list",
    )


def _commits(one: _Observed) -> Observation | None:
    activity = one.facts.activity or ActivityFacts()
    before = [week.commits for week in activity.weeks[:-1]][-_WEEKS_BEFORE:]
    mean = sum(before) / len(before) if before else 0.0
    if not activity.commits_7d and not mean:
        return _quiet(one)
    weekly = f"{mean:.1f}".removesuffix(".0") + " a week" if mean else "none"
    then = weekly if len(before) > 1 else ""
    compared = f", {then} in the {_WEEKS[len(before)]} weeks before" if then else ""
    return one.says(
        "commits",
        now=str(activity.commits_7d),
        before=then,
        spark=sparkline([*before, activity.commits_7d]) if then else "",
        text=f"{say_count(activity.commits_7d, 'commit')} this week{compared}",
        evidence="git log --since=7.days",
    )


def _quiet(one: _Observed) -> Observation | None:
    age = one.seconds_since(one.git.last_commit_at)
    if age is None or age < _QUIET_SECONDS:
        return None
    return one.says(
        "commits",
        now=f"none for {say_duration(age)}",
        text=f"no commit for {say_duration(age)}",
        evidence=f"git log -1 {(one.git.head or 'HEAD')[:12]}",
    )


def _hottest(one: _Observed) -> Observation | None:
    hot = _by_heat(one.facts.complexity or CodeFacts())
    if not hot:
        return None
    heat = f"{say_count(hot[0].commits, 'commit')} in 90 d, complexity {hot[0].complexity}"
    others = [_name(spot.path) for spot in hot[1:_NAMED]]
    then = f"; then {', '.join(others)}" if others else ""
    return one.says(
        "hottest",
        now=f"{_name(hot[0].path)}: {heat}",
        text=f"the hottest file is {_name(hot[0].path)}: {heat}{then}",
        evidence=f"{_name(hot[0].path)}:1",
    )


def _markers(one: _Observed) -> Observation | None:
    marks = one.facts.markers or MarkerFacts()
    counts = {"TODO": marks.todo, "FIXME": marks.fixme, "HACK": marks.hack}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if not said:
        return None
    changes = [f"{marks.added_7d} new"] if marks.added_7d else []
    changes += [f"{marks.removed_7d} gone"] if marks.removed_7d else []
    growth = f", {' and '.join(changes)} this week" if changes else ""
    newest = marks.newest[0] if marks.newest else None
    where = f"{_name(newest.path)}:{newest.line}" if newest else ""
    return one.says(
        "markers",
        now=said + growth,
        text=said + growth + (f"; the newest: {where} {_name(newest.text)}" if newest else ""),
        evidence=where or "git grep -nw -e TODO -e FIXME -e HACK",
    )


def _stale_branches(one: _Observed) -> Observation | None:
    stale = one.git.stale_branches
    if not stale:
        return None
    names = ", ".join(_name(branch) for branch in stale[:_NAMED])
    more = f" and {len(stale) - _NAMED} more" if len(stale) > _NAMED else ""
    said = say_count(len(stale), "branch", "branches")
    return one.says(
        "stale_branches",
        now=f"{len(stale)}: {names}{more}",
        text=f"{said} without a commit in 90 d: {names}{more}",
        evidence="git branch -v --sort=committerdate",
    )


_LOOKS: Final[Sequence[Callable[[_Observed], Observation | None]]] = (
    _under_way,
    _uncommitted,
    _unpushed,
    _stashes,
    _commits,
    _hottest,
    _markers,
    _stale_branches,
)


def sparkline(values: Sequence[float]) -> str:
    """`▂▃▂▄▇`: each value as a bar, the largest the highest; nothing at all is the lowest."""
    top = max(values, default=0)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[round(max(value, 0) / top * (len(_BARS) - 1))] for value in values)


def _by_heat(code: CodeFacts) -> list[Hotspot]:
    """Churn times complexity, as commits count it; a file nobody touches is not hot."""
    hot = [spot for spot in code.hotspots if spot.commits > 0 and spot.complexity > 0]
    return sorted(hot, key=lambda spot: spot.commits * spot.complexity, reverse=True)


def _name(text: str | None) -> str:
    return one_line(text or "", limit=80)
