"""The room's door: all workspaces looked at, two at a time, and put together.

A workspace that cannot be looked at, or a source of it that fails, is reported and named; the rest
goes on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.cache import make_private
from daydreamd.context.queue_activity import read_queue_activity
from daydreamd.context.sources import Sources
from daydreamd.context.survey import Survey, survey_workspace
from daydreamd.context.weeks import compare_weeks, last_week
from daydreamd.errors import WorkspaceError
from daydreamd.records.events import Emitter
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.reflected import Before
from daydreamd.records.trends import RecentActivity, WorkspaceTrends
from daydreamd.records.workspace import Excerpt, Workspace
from daydreamd.settings.schema import Queue
from daydreamd.units import say_count, say_duration

_AT_ONCE: Final = 2
_WORKSPACE_SECONDS: Final = 25.0
_OVERTIME_SECONDS: Final = 3.0
_QUEUE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class ContextReport:
    """What was gathered: facts and trends by workspace, excerpts, and what failed.

    `missing` says of each workspace that could not be looked at why, by its name.
    """

    workspaces: dict[str, WorkspaceFacts] = field(default_factory=dict)
    excerpts: tuple[Excerpt, ...] = ()
    trends: dict[str, WorkspaceTrends] = field(default_factory=dict)
    recent_activity: RecentActivity = field(default_factory=RecentActivity)
    failures: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)

    def one_line(self) -> str:
        """The phase in a line: each workspace, or why it is missing."""
        said = [f"{name}: {_summary(facts)}" for name, facts in self.workspaces.items()]
        return "; ".join((*said, *self.failures)) or "no workspaces"


class _Faults:
    """Collects what failed, and tells each failure to the emitter at once."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self.failures: list[str] = []
        self.missing: dict[str, str] = {}

    def fail(self, workspace: str, source: str, reason: str) -> None:
        """A source of a workspace, or with no `source` the workspace as a whole."""
        self.failures.append(f"{workspace}: {source}: {reason}" if source else reason)
        facts = {"workspace": workspace, "source": source, "reason": reason}
        self._emitter.notice("warning", "context source failed", **facts)

    def miss(self, workspace: Workspace, reason: str) -> None:
        """A workspace that could not be looked at."""
        self.missing[workspace.name] = reason
        self.fail(workspace.name, "", reason)


async def gather_context(  # noqa: PLR0913 - the door: all but the workspaces have names
    workspaces: Sequence[Workspace],
    *,
    scratch: Path,
    cache: Path,
    emitter: Emitter,
    queue: Queue | None = None,
    seconds: float = _WORKSPACE_SECONDS,
    now: float | None = None,
    before: Mapping[str, Before] | None = None,
) -> ContextReport:
    """Look at every workspace and at the queue's last week.

    Foreign git directories are laid below `scratch` and removed; facts of unchanged workspaces are
    taken from `cache`. What is recent is told from `now`, by default this moment. With `before`,
    what earlier sessions saw by workspace, there are excerpts also of what is not new. No workspace
    takes much longer than `seconds`. FileError where `scratch` cannot be made, and nothing else.
    """
    make_private(scratch)
    now = time.time() if now is None else now
    surveys: dict[str, Survey] = {}
    faults = _Faults(emitter)
    limiter = anyio.CapacityLimiter(_AT_ONCE)
    survey = partial(survey_workspace, scratch=scratch, cache=cache, now=now, seconds=seconds)

    async def look_at(workspace: Workspace) -> None:
        async with limiter:
            try:
                with anyio.fail_after(seconds + _OVERTIME_SECONDS):
                    found = await survey(workspace, before=_saw(workspace, before))
            except TimeoutError:
                faults.miss(workspace, f"cannot look at {workspace.path}: it does not answer")
                return
            except (WorkspaceError, OSError) as error:
                faults.miss(workspace, str(error))
                return
        surveys[workspace.name] = found
        for source, reason in found.failures:
            faults.fail(workspace.name, source, reason)

    async with anyio.create_task_group() as group:
        for workspace in workspaces:
            group.start_soon(look_at, workspace)
        others = Sources(_QUEUE_SECONDS)
        queue_activity = await others.ask("queue", partial(read_queue_activity, queue))
    for source, reason in others.failures:
        faults.fail("", source, reason)
    ordered = {one.name: surveys[one.name] for one in workspaces if one.name in surveys}
    facts = {name: survey.facts for name, survey in ordered.items()}
    return ContextReport(
        workspaces=facts,
        excerpts=tuple(excerpt for survey in ordered.values() for excerpt in survey.excerpts),
        trends={name: compare_weeks(one) for name, one in facts.items()},
        recent_activity=last_week(facts, queue_activity),
        failures=tuple(faults.failures),
        missing=faults.missing,
    )


def _saw(workspace: Workspace, before: Mapping[str, Before] | None) -> Before | None:
    return None if before is None else before.get(workspace.name, Before())


def _summary(facts: WorkspaceFacts) -> str:
    said: list[str] = []
    if size := facts.complexity:
        lines = f"{_thousands(size.code)} line{'' if size.code == 1 else 's'}"
        said += [say_count(size.files, "file"), lines]
    if facts.git and facts.activity:
        said.append(say_count(facts.activity.commits_7d, "commit") + " this week")
    if facts.git and (dirty := facts.git.dirty) and dirty.files:
        age = dirty.oldest_seconds
        since = f" for {say_duration(age)}" if age is not None and age >= 60 else ""
        said.append(f"{say_count(dirty.files, 'file')} uncommitted{since}")
    return ", ".join(said) or "nothing to read"


def _thousands(number: int) -> str:
    return f"{number / 1000:.0f}k" if number >= 10_000 else f"{number:,}"
