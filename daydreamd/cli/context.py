"""`daydreamd context`: what a session would find out about a directory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.context.gathering import ContextReport
    from daydreamd.records.facts import DirtyFacts, GitFacts, WorkspaceFacts
    from daydreamd.records.workspace import Workspace


@click.command("context")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
    """Show what a session would find out about PATH, by default the current directory.

    With --json one PATH gives its entry, several give an object of entries by name.

    \b
    Example: daydreamd context ~/src/shop --json
    """
    import anyio
    import msgspec

    from daydreamd.cli.typed import here
    from daydreamd.context.workspaces import find_workspaces

    workspaces = find_workspaces(paths or (here(),), invocation.loaded.settings.workspaces)
    with tempfile.TemporaryDirectory(prefix="daydreamd-context-") as scratch:
        report = anyio.run(_gather, workspaces, Path(scratch), invocation.places.cache)
    for failure in report.failures:
        click.echo(f"daydreamd: {_one_line(failure)}", err=True)
    entries = report.workspaces
    if as_json:
        document = next(iter(entries.values()), None) if len(workspaces) == 1 else entries
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        click.echo("\n\n".join("\n".join(_lines(entry)) for entry in entries.values()))
    if len(entries) < len(workspaces):
        click.get_current_context().exit(1)


async def _gather(workspaces: Sequence[Workspace], scratch: Path, cache: Path) -> ContextReport:
    from daydreamd.context.gathering import gather_context
    from daydreamd.records.events import Emitter

    silent = Emitter("context", lambda _: None)  # failures are in the report
    return await gather_context(workspaces, scratch=scratch, cache=cache, emitter=silent)


def _lines(facts: WorkspaceFacts) -> Iterator[str]:
    from daydreamd.units import say_count

    git, code, marks, activity = facts.git, facts.complexity, facts.markers, facts.activity
    yield _one_line(f"{facts.name} · {facts.path}")
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
    yield from _row("took", f"{facts.seconds} s{', remembered' if facts.cached else ''}")


def _row(name: str, said: str) -> Iterator[str]:
    if said:
        yield f"  {name:<12} {_one_line(said)}"


def _one_line(text: str) -> str:
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
    from daydreamd.units import say_duration

    kinds = {"staged": dirty.staged, "unstaged": dirty.unstaged,
             "untracked": dirty.untracked, "conflicted": dirty.conflicted}  # fmt: skip
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    if dirty.unknown:
        counts = f"{counts or 'nothing else'}; {dirty.unknown} unknown behind a filter"
    if not counts:
        return "nothing"
    age = dirty.oldest_seconds
    return f"{counts}; the oldest for {say_duration(age)}" if age is not None else counts
