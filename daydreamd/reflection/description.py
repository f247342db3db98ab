"""A workspace in a few lines: what a reader should know before the code.

A part that is missing is left out, never guessed.
"""

from __future__ import annotations

from typing import Final

from daydreamd.records.facts import (
    ActivityFacts,
    CodeFacts,
    GitFacts,
    LanguageFacts,
    MarkerFacts,
    WorkspaceFacts,
)
from daydreamd.text.prompting import one_line
from daydreamd.units import say_count

_LINE_CHARS: Final = 200
_MOST_NAMED: Final = 6


def describe(facts: WorkspaceFacts) -> list[str]:
    """The facts of one workspace, most telling first."""
    names = [technology.name for technology in facts.tech_stack or ()][: 2 * _MOST_NAMED]
    lines = (
        _size(facts.languages or {}, facts.complexity),
        f"built with {', '.join(names)}" if names else "",
        _uncommitted(facts.git) if facts.git else "",
        _week(facts.activity) if facts.activity else "",
        _hotspots(facts.complexity) if facts.complexity else "",
        _markers(facts.markers) if facts.markers else "",
    )
    return [one_line(line, limit=_LINE_CHARS) for line in lines if line]


def _size(languages: dict[str, LanguageFacts], code: CodeFacts | None) -> str:
    largest = sorted(languages, key=lambda name: -languages[name].code)[:_MOST_NAMED]
    shown = ", ".join(f"{name} {languages[name].code}" for name in largest)
    files = code.files if code else 0
    return f"{say_count(files, 'file')}; lines of code: {shown}" if shown else ""


def _uncommitted(git: GitFacts) -> str:
    """The branch, and what is not committed; nothing of that where it is not known."""
    if not git.branch or git.dirty is None:
        return f"on branch {git.branch}" if git.branch else ""
    dirty = git.dirty
    kinds = {"conflicted": dirty.conflicted, "staged": dirty.staged, "unstaged": dirty.unstaged,
             "untracked": dirty.untracked, "perhaps changed": dirty.unknown}  # fmt: skip
    counts = [f"{count} {kind}" for kind, count in kinds.items() if count]
    state = f"uncommitted files: {', '.join(counts)}" if counts else "nothing uncommitted"
    return f"on branch {git.branch}, {state}"


def _week(activity: ActivityFacts) -> str:
    paths = ", ".join(activity.files_7d[:_MOST_NAMED])
    named = f", most in {paths}" if paths else ""
    return f"{say_count(activity.commits_7d, 'commit')} in 7 days{named}"


def _hotspots(code: CodeFacts) -> str:
    spots = [
        f"{spot.path} ({spot.complexity}, {say_count(spot.commits, 'commit')})"
        for spot in code.hotspots[:3]
    ]
    return f"complexity where it changes most: {', '.join(spots)}" if spots else ""


def _markers(markers: MarkerFacts) -> str:
    counts = {"TODO": markers.todo, "FIXME": markers.fixme, "HACK": markers.hack}
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"marked in the code: {shown}" if shown else ""
