"""A workspace in a few lines: what a reader should know before the code.

Takes the `workspace_analysis` entry as the context room made it, or as much of it as is there; a
part that is missing is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from daydreamd.text.prompting import one_line
from daydreamd.units import say_count

_LINE_CHARS: Final = 200
_MOST_NAMED: Final = 6


def describe(analysis: Mapping[str, Any]) -> list[str]:
    """The facts of one workspace, most telling first."""
    lines = (_size(analysis), _stack(analysis), _uncommitted(analysis), _week(analysis),
             _hotspots(analysis), _markers(analysis))  # fmt: skip
    return [one_line(line, limit=_LINE_CHARS) for line in lines if line]


def _size(analysis: Mapping[str, Any]) -> str:
    languages = _mapping(analysis, "languages")
    lines = {name: _number(_mapping(languages, name), "code") for name in languages}
    largest = sorted(lines, key=lambda name: -lines[name])[:_MOST_NAMED]
    files = _number(_mapping(analysis, "complexity"), "files")
    shown = ", ".join(f"{name} {lines[name]}" for name in largest)
    return f"{say_count(files, 'file')}; lines of code: {shown}" if shown else ""


def _stack(analysis: Mapping[str, Any]) -> str:
    names = [str(item["name"]) for item in _items(analysis, "tech_stack") if item.get("name")]
    return f"built with {', '.join(names[: 2 * _MOST_NAMED])}" if names else ""


def _uncommitted(analysis: Mapping[str, Any]) -> str:
    git = _mapping(analysis, "git")
    dirty = _mapping(git, "dirty")
    counts = [
        f"{_number(dirty, kind)} {kind}"
        for kind in ("conflicted", "staged", "unstaged", "untracked")
        if _number(dirty, kind)
    ]
    state = f"uncommitted files: {', '.join(counts)}" if counts else "nothing uncommitted"
    branch = git.get("branch")
    return f"on branch {branch}, {state}" if branch else ""


def _week(analysis: Mapping[str, Any]) -> str:
    activity = _mapping(analysis, "activity")
    if "commits_7d" not in activity:
        return ""
    changed = activity.get("files_7d")
    paths = [
        str(item.get("path", "") if isinstance(item, dict) else item)
        for item in (changed if isinstance(changed, list) else [])
    ]
    named = f", most in {', '.join(paths[:_MOST_NAMED])}" if paths else ""
    return f"{_commits(activity, 'commits_7d')} in 7 days{named}"


def _commits(entry: Mapping[str, Any], key: str) -> str:
    return say_count(_number(entry, key), "commit")


def _hotspots(analysis: Mapping[str, Any]) -> str:
    spots = [
        f"{spot['path']} ({_number(spot, 'complexity')}, {_commits(spot, 'commits')})"
        for spot in _items(_mapping(analysis, "complexity"), "hotspots")[:3]
        if spot.get("path")
    ]
    return f"complexity where it changes most: {', '.join(spots)}" if spots else ""


def _markers(analysis: Mapping[str, Any]) -> str:
    markers = _mapping(analysis, "markers")
    counts = {kind: _number(markers, kind) for kind in ("todo", "fixme", "hack")}
    shown = ", ".join(f"{count} {kind.upper()}" for kind, count in counts.items() if count)
    return f"marked in the code: {shown}" if shown else ""


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _items(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _number(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key)
    return int(found) if isinstance(found, int | float) else 0
