"""The screen of `daydreamd context`: what was found out about a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daydreamd.records.facts import DirtyFacts, GitFacts, WorkspaceFacts
from daydreamd.screens.work_lines import say_work
from daydreamd.units import say_count, say_duration

_MOST_FOUND: Final = 5


def say_facts(facts: WorkspaceFacts) -> Iterator[str]:
    """A line for each kind of fact that is known."""
    git, code, marks, activity = facts.git, facts.complexity, facts.markers, facts.activity
    yield harmless_line(f"{facts.name} · {facts.path}")
    yield from _row("git", _stand(git) if git else "no repository")
    if git and git.dirty:
        yield from _row("uncommitted", _uncommitted(git.dirty))
    if git and activity:
        weeks = ", ".join(str(week.commits) for week in activity.weeks[:-1])
        yield from _row("commits", f"{activity.commits_7d} this week, {weeks} in those before")
    yield from _row("built with", ", ".join(item.name for item in facts.tech_stack or ()))
    languages = (facts.languages or {}).items()
    sizes = [f"{name} {say_count(sums.code, 'line')}" for name, sums in languages]
    yield from _row(
        "code", ", ".join(sizes[:6]) + (f" and {len(sizes) - 6} more" * (len(sizes) > 6))
    )
    for spot in code.hotspots[:3] if code else ():
        heat = f"complexity {spot.complexity}, {say_count(spot.commits, 'commit')} in 90 days"
        yield from _row("hot", f"{spot.path} · {heat}")
    if marks:
        yield from _row("markers", f"{marks.todo} TODO, {marks.fixme} FIXME, {marks.hack} HACK")
    for one in facts.candidates[:_MOST_FOUND]:
        yield from _row("found", f"{one.path}:{one.line} {one.title} ({one.source})")
    for line in say_work({facts.name: facts}):
        yield f"  {line}"
    yield from _row("took", f"{facts.seconds} s{', remembered' if facts.cached else ''}")


def _row(name: str, said: str) -> Iterator[str]:
    if said:
        yield f"  {name:<12} {harmless_line(said)}"


def harmless_line(text: str) -> str:
    """Names of files and branches are other people's: no control character reaches the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _stand(git: GitFacts) -> str:
    said = [git.branch or "detached", (git.head or "no commit yet")[:12]]
    said += [f"{git.state} under way"] if git.state else []
    if git.upstream:
        said.append(f"{git.ahead} ahead and {git.behind} behind {git.upstream}")
    said += [f"{git.stashes} stashed"] if git.stashes else []
    return ", ".join(said)


def _uncommitted(dirty: DirtyFacts) -> str:
    kinds = {"staged": dirty.staged, "unstaged": dirty.unstaged,
             "untracked": dirty.untracked, "conflicted": dirty.conflicted}  # fmt: skip
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    if dirty.unknown:
        counts = f"{counts or 'nothing else'}; {dirty.unknown} unknown behind a filter"
    if not counts:
        return "nothing"
    age = dirty.oldest_seconds
    return f"{counts}; the oldest for {say_duration(age)}" if age is not None else counts
