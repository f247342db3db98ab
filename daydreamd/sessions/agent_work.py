"""What agents did lately, their words held against the repositories: for a session and a screen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import anyio
import msgspec

from daydreamd.errors import DaydreamError
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.agent_session import AgentSession, AgentSummary, AgentWork, summarize
from daydreamd.records.daydream_session import DaydreamSession, Outcome
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.model_choice import ModelChoice
from daydreamd.settings.agent_sources import Agents
from daydreamd.text import one_line
from daydreamd.units import say_count

if TYPE_CHECKING:
    from daydreamd.agents.work.stories import Story
    from daydreamd.history.store import History
    from daydreamd.settings.places import Places
    from daydreamd.settings.schema import Settings

T = TypeVar("T")

_GIT_SECONDS: Final = 20.0
_MOST_PATHS: Final = 200
_MOST_LINES: Final = 12
_SESSION_SECONDS: Final = 0.7
_SESSION_GIT_SECONDS: Final = 3.0
_REPORTED: Final = (Outcome.COMPLETED, Outcome.CLEANUP_ONLY, Outcome.TIMED_OUT, Outcome.PREEMPTED)
_SHORTEST: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=7)


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
    from daydreamd.agents.work.reading import read_transcripts
    from daydreamd.agents.work.stories import join
    from daydreamd.agents.work.transcript_cache import keep, remember
    from daydreamd.agents.work.transcript_places import find_transcripts

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
    """Each session with its claims; repositories are asked only of what speaks of them."""
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


async def summarize_lately(
    settings: Agents, *, cache: Path, workspaces: Iterable[str], last: datetime | None
) -> tuple[list[AgentSummary], list[str]]:
    """What agents did since the `last` report, a day at least and a week at most; and what failed.

    For a session: what is not read within a moment is left for the next one.
    """
    now = datetime.now(UTC)
    first = min(max(last or now, now - _LONGEST), now - _SHORTEST)
    try:
        work = await gather_agent_work(
            settings,
            cache=cache,
            environ=os.environ,
            workspaces=workspaces,
            since=first.timestamp(),
            seconds=_SESSION_SECONDS,
            git_seconds=_SESSION_GIT_SECONDS,
        )
    except Exception as error:  # noqa: BLE001 - what others wrote must not cost the session its facts
        return [], [f"agents: {type(error).__name__}: {error}"]
    return [summarize(one) for one in work.sessions], [f"agents: {one}" for one in work.faults]


def observed_of(
    agents: Sequence[AgentSummary], workspace: str, choice: ModelChoice, names: Iterable[str] = ()
) -> list[str]:
    """What a model is told of the agents' work in a workspace, a line each.

    Nothing at all where the model may not be on this machine: transcripts do not leave it.
    """
    if not workspace or not _is_here(choice, names):
        return []
    lines: list[str] = []
    for one in agents:
        if one.workspace != workspace and not one.workspace.startswith(f"{workspace}/"):
            continue
        if one.files:
            lines.append(f"{one.agent} edited {say_count(one.files, 'file')} in a session lately")
        lines += [
            f"{one.agent} ran `{one_line(command, limit=100)}`, which failed more than once"
            for command in one.failed_again
        ]
        lines += [
            f"{one.agent} said “{one_line(claim.text, limit=120)}”: {claim.verdict}"
            for claim in one.told
        ]
    return lines[:_MOST_LINES]


def _is_here(choice: ModelChoice, names: Iterable[str]) -> bool:
    """Whether the server listens on this machine, and no model is one that Ollama hands on."""
    host = urlsplit(choice.base_url).hostname or ""
    is_local = not choice.base_url or host in ("localhost", "::1") or host.startswith("127.")
    return is_local and not any("cloud" in name for name in (choice.name, *names))


async def with_agents(
    look: Callable[[], Awaitable[T]],
    session: DaydreamSession,
    settings: Settings,
    places: Places,
    history: History,
) -> T:
    """What `look` returns; meanwhile `session.recent_activity` gets the agents' work."""
    gathered: list[tuple[tuple[AgentSummary, ...], list[str]]] = []

    async def gather() -> None:
        gathered.append(await lately(settings, places, history, beside=session.session_id))

    async with anyio.create_task_group() as group:
        group.start_soon(gather, name="agents")
        seen = await look()
    agents, faults = gathered[0]
    session.recent_activity = msgspec.structs.replace(session.recent_activity, agents=agents)
    session.reasons += faults
    return seen


async def lately(
    settings: Settings, places: Places, history: History, *, beside: str = ""
) -> tuple[tuple[AgentSummary, ...], list[str]]:
    """What agents did since the last report, and what could not be looked at; `beside` is the
    session that asks."""
    try:
        sessions = await history.sessions(20)
    except DaydreamError as error:
        return (), [f"agents: {error}"]
    reported = (one for one in sessions if one.session_id != beside and one.outcome in _REPORTED)
    last = next((one.start_time for one in reported), None)
    agents, faults = await summarize_lately(
        settings.agents,
        cache=places.cache,
        workspaces=[one.path for one in settings.workspaces],
        last=last,
    )
    return tuple(agents), faults


def observed_in(
    agents: Sequence[AgentSummary],
    workspaces: Mapping[str, WorkspaceFacts],
    choice: ModelChoice,
    settings: Settings,
) -> dict[str, list[str]]:
    """What the model is told of the agents' work, by the name of the workspace."""
    named = (one.model or "" for one in settings.workspaces)
    names = (*settings.analysis.models, *settings.analysis.language_models, *named)
    return {
        name: observed_of(agents, facts.path, choice, names) for name, facts in workspaces.items()
    }


def observed_by(
    session: DaydreamSession, choice: ModelChoice, settings: Settings
) -> dict[str, list[str]]:
    """What the model of a session is told of the agents' work, by the name of the workspace."""
    agents = session.recent_activity.agents
    return observed_in(agents, session.workspace_analysis, choice, settings)
