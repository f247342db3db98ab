"""A workspace's analysis as typed facts, whatever parts of it are missing or odd.

The analysis crosses a border (a session file, a cache, an older version), so each part is read on
its own: one that cannot be understood counts as not there, and costs none of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec


class Dirty(msgspec.Struct, frozen=True):
    """Files that differ from HEAD; `oldest_at` is when the longest waiting one was last changed.

    `unknown` are files of which only a filter could tell, which is not run.
    """

    staged: int = 0
    unstaged: int = 0
    untracked: int = 0
    conflicted: int = 0
    unknown: int = 0
    files: int | None = None
    oldest_at: datetime | None = None
    oldest_path: str | None = None


class Branch(msgspec.Struct, frozen=True):
    """A branch that nobody has committed to for long."""

    name: str
    last_commit_at: datetime | None = None


class Git(msgspec.Struct, frozen=True):
    """Where the repository stands."""

    head: str | None = None
    branch: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    stashes: int = 0
    state: str | None = None
    last_commit_at: datetime | None = None


class Hotspot(msgspec.Struct, frozen=True):
    """A file that is both complex and often changed."""

    path: str
    code: int = 0
    complexity: int = 0
    commits: int = 0
    churn: int = 0


class Marker(msgspec.Struct, frozen=True):
    """A `TODO` and its like, where it stands."""

    path: str
    line: int = 0
    text: str = ""
    kind: str = "TODO"


class Markers(msgspec.Struct, frozen=True):
    """How many markers there are, and how many came and went in the last seven days."""

    todo: int = 0
    fixme: int = 0
    hack: int = 0
    added_7d: int | None = None
    removed_7d: int | None = None


class Week(msgspec.Struct, frozen=True):
    """A week's commits."""

    week: str = ""
    commits: int = 0
    added: int = 0
    deleted: int = 0


class Facts(msgspec.Struct, frozen=True):
    """What is known of one workspace at `now`; its name is harmless text."""

    workspace: str
    now: datetime
    git: Git = Git()
    dirty: Dirty = Dirty()
    stale_branches: tuple[Branch, ...] = ()
    hotspots: tuple[Hotspot, ...] = ()
    markers: Markers = Markers()
    newest: tuple[Marker, ...] = ()
    weeks: tuple[Week, ...] = ()
    commits_7d: int = 0


_T = TypeVar("_T")


def read_facts(workspace: str, analysis: Mapping[str, Any], now: datetime) -> Facts:
    """The facts in one entry of `workspace_analysis`."""
    git, markers = _table(analysis, "git"), _table(analysis, "markers")
    activity = _table(analysis, "activity")
    branches = [{"name": b} if isinstance(b, str) else b for b in _list(git, "stale_branches")]
    return Facts(
        workspace=workspace,
        now=now,
        git=_read(git, Git, Git()),
        dirty=_read(_table(git, "dirty"), Dirty, Dirty()),
        stale_branches=_each(branches, Branch),
        hotspots=_each(_list(_table(analysis, "complexity"), "hotspots"), Hotspot),
        markers=_read(markers, Markers, Markers()),
        newest=_each(_list(markers, "newest"), Marker),
        weeks=tuple(sorted(_each(_list(activity, "weeks"), Week), key=lambda week: week.week)),
        commits_7d=_read(activity.get("commits_7d"), int, 0),
    )


def age_seconds(since: datetime | None, now: datetime) -> float | None:
    """Seconds from `since` to `now`; None where unknown or in the future."""
    if since is None:
        return None
    seconds = (now - (since if since.tzinfo else since.replace(tzinfo=UTC))).total_seconds()
    return seconds if seconds >= 0 else None


def _table(value: Any, key: str) -> Mapping[str, Any]:
    inner = value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    inner = value.get(key)
    return list(inner) if isinstance(inner, list | tuple) else []


def _each(values: list[Any], kind: type[_T]) -> tuple[_T, ...]:
    read = (_read(value, kind, None) for value in values)
    return tuple(value for value in read if value is not None)


def _read(value: Any, kind: type[_T], default: _T | None) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return default
