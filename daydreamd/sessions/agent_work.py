"""What agents did lately, their words held against the repositories: for a session and a screen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daydreamd.host.threads import in_spare_thread
from daydreamd.records.agent_session import AgentSession, AgentWork
from daydreamd.settings.agents import Agents

if TYPE_CHECKING:
    from daydreamd.agents.work.stories import Story

_GIT_SECONDS: Final = 20.0
_MOST_PATHS: Final = 200


async def gather_agent_work(
    settings: Agents,
    *,
    cache: Path,
    environ: Mapping[str, str],
    workspaces: Iterable[str] = (),
    since: float = 0.0,
    seconds: float = 3_600.0,
    git_seconds: float = _GIT_SECONDS,
) -> AgentWork:
    """The sessions of the caller's own agents, newest first, with their claims judged.

    `workspaces` are where Aider's history is looked for, besides the places that other agents
    worked in. Sessions that ended before `since` (seconds since 1970) are left out; what could
    not be read within `seconds` is counted.
    """
    from daydreamd.agents.work.memory import keep, remember
    from daydreamd.agents.work.places import find_transcripts
    from daydreamd.agents.work.reading import read_transcripts
    from daydreamd.agents.work.stories import join

    places = find_transcripts(environ, settings)
    memory = await in_spare_thread(partial(remember, cache))
    readings = await read_transcripts(
        places, memory, workspaces=[Path(one) for one in workspaces], since=since, seconds=seconds
    )
    if readings.changed:
        await in_spare_thread(partial(keep, cache, memory))
    stories = [story for story in join(readings.traces) if story.end >= since]
    sessions = await _judged(stories, git_seconds)
    return AgentWork(
        sessions=tuple(sessions), unread=readings.unread, faults=tuple(readings.faults[:20])
    )


async def _judged(stories: Sequence[Story], git_seconds: float) -> list[AgentSession]:
    """Each session with its claims; repositories are looked at only for those that speak of them."""
    from daydreamd.agents.work.stories import as_session
    from daydreamd.agents.work.verdicts import judge_claims, speaks_of_git

    asked: dict[str, float] = {}
    for story in stories:
        if speaks_of_git(story):
            for path in _paths(story):
                asked[path] = min(story.trace.start, asked.get(path, story.trace.start))
    states = {}
    if asked:
        from daydreamd.context.agent_repositories import look_at_repositories

        with tempfile.TemporaryDirectory(prefix="daydreamd-agents-") as scratch:
            states = await look_at_repositories(asked, scratch=Path(scratch), seconds=git_seconds)
    sessions = []
    for story in stories:
        tops = {_top_of(path, states) for path in _paths(story)} if states else set()
        own = {top: states[top] for top in tops if top}
        sessions.append(as_session(story, judge_claims(story, own)))
    return sessions


def _paths(story: Story) -> list[str]:
    """The workspace, and the directories of the files that were edited."""
    directories = dict.fromkeys(file.rpartition("/")[0] for file in story.files[:_MOST_PATHS])
    return [path for path in (story.trace.workspace, *directories) if path.startswith("/")]


def _top_of(path: str, states: Mapping[str, object]) -> str:
    """The innermost work tree that the path is in."""
    found = (top for top in states if path == top or path.startswith(f"{top}/"))
    return max(found, key=len, default="")
