"""One workspace, looked at as a whole: its facts, and its excerpts.

Without a repository there are still languages, complexity, markers and the tech stack. What was
found is remembered until HEAD, a branch, an uncommitted file or the day changes.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daydreamd.context.activity import DAY_SECONDS, HISTORY_DAYS, WEEK_SECONDS, read_history
from daydreamd.context.branches import count_ahead_behind, date_commits
from daydreamd.context.cache import Remembered, make_key, recall, remember
from daydreamd.context.candidates.finding import find_candidates
from daydreamd.context.entry import SourceAnswers, make_facts
from daydreamd.context.excerpts import Source, excerpts_of_news
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.lines import count_lines
from daydreamd.context.listing import Listing, list_files
from daydreamd.context.markers import find_markers, read_growth, search_files
from daydreamd.context.recent import News, find_news, news_of_untracked
from daydreamd.context.related import MOST_NEWS, find_related
from daydreamd.context.remainder import rank_files, take_turns
from daydreamd.context.sources import Sources
from daydreamd.context.state import State, in_thread, read_state
from daydreamd.context.tech_stack import find_tech_stack
from daydreamd.context.workspaces import printable, require_directory
from daydreamd.records.candidate import Candidate
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.reflected import Before
from daydreamd.records.workspace import Excerpt, Workspace

Question = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Survey:
    """What came of it. `failures` are sources and reasons."""

    facts: WorkspaceFacts
    excerpts: tuple[Excerpt, ...]
    failures: tuple[tuple[str, str], ...]


async def survey_workspace(
    workspace: Workspace,
    *,
    scratch: Path,
    cache: Path,
    now: float,
    seconds: float,
    before: Before | None = None,
) -> Survey:
    """Look at `workspace` at the time `now`, for about `seconds` at most.

    With `before`, what earlier sessions saw, excerpts of what is not new are found, too.
    WorkspaceError where it cannot be looked at at all.
    """
    began = time.monotonic()
    root = Path(workspace.path)
    await in_thread(require_directory, root)
    sources = Sources(seconds)
    others: list[Excerpt] | None = None
    with tempfile.TemporaryDirectory(prefix="context-", dir=scratch) as place:
        state = await read_state(root, sources, place=Path(place), exclude=workspace.exclude)
        days = _days_back(before, now)
        make = partial(make_key, workspace, now=now, days=days)
        key = await in_thread(lambda: make(state=state.parts()))
        known = await in_thread(recall, cache, workspace, key) if state.fingerprint else None
        if known is None:
            look = _Surveyor(workspace, state, sources, Path(place), now, days)
            facts, excerpts, ranked = await look.survey()
        else:
            facts, excerpts = _grown_older(known.facts, state, now), known.excerpts
            ranked = known.ranked
        if before is not None:
            source = Source(workspace, state.head)
            more = partial(in_thread, _besides, source, excerpts, ranked, before)
            others = await sources.ask("excerpts", more)
    if known is None and state.fingerprint and not sources.failures:
        new = Remembered(key=key, facts=facts, excerpts=excerpts, ranked=ranked)
        await sources.ask("cache", partial(remember, cache, workspace, new))
    facts = replace(
        facts,
        failures=tuple(f"{source}: {reason}" for source, reason in sources.failures),
        cached=known is not None,
        seconds=round(time.monotonic() - began, 3),
    )
    return Survey(facts, (*excerpts, *(others or ())), tuple(sources.failures))


def _besides(
    source: Source, news: Sequence[Excerpt], ranked: Sequence[str], before: Before
) -> list[Excerpt]:
    """What belongs to the news, and then the rest, for where they leave room."""
    is_little = sum(len(one.text) for one in news) < MOST_NEWS
    related = find_related(source, news, ranked) if news and is_little else []
    without = {one.path for one in (*news, *related)}
    return [*related, *take_turns(source, ranked, before.paths, without=without)]


def _days_back(before: Before | None, now: float) -> int:
    """How many days back something is new: a week, or since it was last reflected on."""
    since = before.reflected_at if before else None
    days = math.ceil((now - since) / DAY_SECONDS) if since else 0
    return max(WEEK_SECONDS // DAY_SECONDS, min(days, HISTORY_DAYS))


def _grown_older(known: WorkspaceFacts, state: State, now: float) -> WorkspaceFacts:
    """Facts of an earlier look: what is not committed has been waiting longer since."""
    git = state.git_facts(now=now)
    if git is None or known.git is None:
        return known
    return replace(known, git=replace(known.git, dirty=git.dirty))


@dataclass(frozen=True)
class _Surveyor:
    """A look at a workspace whose state is known, at what is in it."""

    workspace: Workspace
    state: State
    sources: Sources
    place: Path
    now: float
    days: int

    @cached_property
    def _root(self) -> Path:
        return Path(self.workspace.path)

    @cached_property
    def _excluded(self) -> Callable[[str], bool]:
        return make_exclusion(self.workspace.exclude)

    async def survey(self) -> tuple[WorkspaceFacts, tuple[Excerpt, ...], tuple[str, ...]]:
        """Facts, excerpts of what is new, and the files that may be shown, best first."""
        listing = partial(list_files, self._root, self.state.git, excluded=self._excluded)
        listed = await self.sources.ask("files", listing) if self._has_files else None
        found = SourceAnswers(**await self.sources.ask_all(self._questions(listed)))
        if self.state.repository is None and found.lines is not None:
            paths = [file.path for file in found.lines]
            search = partial(in_thread, search_files, self._root, paths)
            found = dataclasses.replace(found, markers=await self.sources.ask("markers", search))
        chosen = await self.sources.ask("excerpts", partial(self._excerpts, found))
        given_away = await self.sources.ask("candidates", partial(self._candidates, found, listed))
        make = partial(make_facts, now=self.now, excluded=self._excluded)
        facts = await in_thread(make, self.workspace, self.state, found)
        facts = replace(facts, candidates=tuple(given_away or ()))
        ranked = await in_thread(partial(rank_files, found.lines or (), found.churn))
        # What cannot be printed cannot be cited.
        kept = tuple(one for one in ranked if not self._excluded(one) and one == printable(one))
        return facts, tuple(chosen or ()), kept

    @property
    def _has_files(self) -> bool:
        return self.state.repository is None or not self.state.repository.bare

    def _questions(self, listing: Listing | None) -> dict[str, Question]:
        repository, git = self.state.repository, self.state.git
        asked: dict[str, Question] = {}
        if listing is not None:
            asked["lines"] = partial(count_lines, self._root, listing.files, cwd=self.place)
        if self._has_files:
            stack = partial(find_tech_stack, self._root, excluded=self._excluded)
            asked["tech_stack"] = partial(in_thread, stack)
        if repository is None or git is None:
            return asked
        if listing is not None:
            asked["markers"] = partial(find_markers, git, without=listing.too_large)
        if head := repository.head:
            asked["history"] = partial(read_history, git, now=self.now)
            asked["branches"] = partial(date_commits, git, [head, *repository.branches.values()])
            if repository.upstream:
                asked["upstream"] = partial(count_ahead_behind, git, repository.upstream[1])
            if self._has_files and not repository.is_partial:
                asked["growth"] = partial(read_growth, git, now=self.now)
        return asked

    async def _candidates(self, found: SourceAnswers, listed: Listing | None) -> list[Candidate]:
        git = self.state.git
        if git is None or listed is None or not self.state.head or git.repository.is_partial:
            return []
        return await find_candidates(
            self._root,
            git,
            since=self.now - WEEK_SECONDS,
            uncommitted=self.state.uncommitted,
            counted=found.lines or (),
            without=listed.too_large,
            excluded=self._excluded,
            scratch=self.place.parent,
            on_failure=lambda rule, why: self.sources.failures.append((rule, why)),
        )

    async def _excerpts(self, found: SourceAnswers) -> list[Excerpt]:
        git, source = self.state.git, Source(self.workspace, self.state.head)
        news: list[News] = []
        if git is not None and self.state.head and self._has_files:
            news = await find_news(
                git,
                since=self.now - self.days * DAY_SECONDS,
                now=self.now,
                uncommitted={one.path for one in self.state.uncommitted},
                excluded=self._excluded,
            )
        news += await in_thread(self._untracked, found)
        return await in_thread(excerpts_of_news, source, news)

    def _untracked(self, found: SourceAnswers) -> list[News]:
        """Files that no commit has; some are named by the directory they lie in."""
        new = [one for one in self.state.uncommitted if one.code == "??" or not self.state.head]
        named = {one.path for one in new}
        below = tuple(path for path in named if path.endswith("/"))
        paths = [
            one.path
            for one in found.lines or ()
            if one.path in named or (below and one.path.startswith(below))
        ]
        return news_of_untracked(self._root, paths, now=self.now, excluded=self._excluded)
