"""One workspace, looked at as a whole: its facts, and its excerpts.

Without a repository there are still languages, complexity, markers and the tech stack. What was
found is remembered until HEAD, a branch, an uncommitted file or the day changes.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
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
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.instruction_files import check_instructions
from daydreamd.context.lines import count_lines
from daydreamd.context.listing import Listing, list_files
from daydreamd.context.markers import find_markers, read_growth, search_files
from daydreamd.context.roles import rank_files
from daydreamd.context.sole_copies import find_only_here
from daydreamd.context.sources import Sources
from daydreamd.context.state import State, in_thread, read_state
from daydreamd.context.tech_stack import find_tech_stack
from daydreamd.context.workspaces import printable, require_directory
from daydreamd.records.candidate import Candidate
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.only_here import OnlyHere
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

    With `before`, what earlier sessions saw, it is also read what could be shown to a model.
    WorkspaceError where it cannot be looked at at all.
    """
    began = time.monotonic()
    root = Path(workspace.path)
    await in_thread(require_directory, root)
    sources = Sources(seconds)
    with tempfile.TemporaryDirectory(prefix="context-", dir=scratch) as place:
        state = await read_state(root, sources, place=Path(place), exclude=workspace.exclude)
        days = _days_back(before, now)
        make = partial(make_key, workspace, now=now, days=days)
        key = await in_thread(lambda: make(state=state.parts()))
        known = await in_thread(recall, cache, workspace, key) if state.fingerprint else None
        own = await _only_here(workspace, state, sources, Path(place), cache, now)
        new = known
        if new is None:
            look = _Surveyor(workspace, state, sources, Path(place), now)
            facts, ranked = await look.survey()
            new = Remembered(key=key, facts=facts, ranked=ranked)
        if before is not None and new.excerpts is None:
            new = replace(new, excerpts=await _news(workspace, state, sources, now, days))
        if new is not known and state.fingerprint and not sources.failures:
            await sources.ask("cache", partial(remember, cache, workspace, new))
        facts = _grown_older(known.facts, state, now) if known else new.facts
        excerpts = new.excerpts or ()
        if before is not None:
            excerpts += await _besides(workspace, state, sources, new, before)
    facts = replace(
        facts,
        only_here=own,
        failures=tuple(f"{source}: {reason}" for source, reason in sources.failures),
        cached=known is not None,
        seconds=round(time.monotonic() - began, 3),
    )
    return Survey(facts, excerpts, tuple(sources.failures))


async def _news(
    workspace: Workspace, state: State, sources: Sources, now: float, days: int
) -> tuple[Excerpt, ...]:
    # Cutting code costs 40 ms to import, which whoever asks for facts need not wait for.
    from daydreamd.context.showing import excerpts_of_the_new  # noqa: PLC0415  see above

    ask = partial(excerpts_of_the_new, workspace, state, now=now, days=days)
    return tuple(await sources.ask("excerpts", ask) or ())


async def _besides(
    workspace: Workspace, state: State, sources: Sources, found: Remembered, before: Before
) -> tuple[Excerpt, ...]:
    from daydreamd.context.showing import excerpts_besides  # noqa: PLC0415  as in `_news`

    news, ranked = found.excerpts or (), found.ranked
    choose = partial(in_thread, excerpts_besides, workspace, state.head, news, ranked, before)
    return tuple(await sources.ask("excerpts", choose) or ())


def _days_back(before: Before | None, now: float) -> int:
    """How many days back something is new: a week, or since it was last reflected on."""
    since = before.reflected_at if before else None
    days = math.ceil((now - since) / DAY_SECONDS) if since else 0
    return max(WEEK_SECONDS // DAY_SECONDS, min(days, HISTORY_DAYS))


async def _only_here(
    workspace: Workspace, state: State, sources: Sources, place: Path, cache: Path, now: float
) -> tuple[OnlyHere, ...] | None:
    """What may exist nowhere else. Never remembered as a whole: other work trees change, too.

    It comes first, with most of the time: of all facts these are the last to be missed.
    """
    find = partial(
        find_only_here, state, workspace=workspace.path, place=place, cache=cache, now=now,
        seconds=sources.left * 0.6,
    )  # fmt: skip
    return await sources.ask("only here", find)


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

    @cached_property
    def _root(self) -> Path:
        return Path(self.workspace.path)

    @cached_property
    def _excluded(self) -> Callable[[str], bool]:
        return make_exclusion(self.workspace.exclude)

    async def survey(self) -> tuple[WorkspaceFacts, tuple[str, ...]]:
        """Facts, and the files that may be shown, best first."""
        listing = partial(list_files, self._root, self.state.git, excluded=self._excluded)
        listed = await self.sources.ask("files", listing) if self._has_files else None
        found = SourceAnswers(**await self.sources.ask_all(self._questions(listed)))
        if self.state.repository is None and found.lines is not None:
            paths = [file.path for file in found.lines]
            search = partial(in_thread, search_files, self._root, paths)
            found = dataclasses.replace(found, markers=await self.sources.ask("markers", search))
        given_away = await self.sources.ask("candidates", partial(self._candidates, found, listed))
        make = partial(make_facts, now=self.now, excluded=self._excluded)
        facts = await in_thread(make, self.workspace, self.state, found)
        facts = replace(facts, candidates=tuple(given_away or ()))
        ranked = await in_thread(partial(rank_files, found.lines or (), found.churn))
        # What cannot be printed cannot be cited.
        kept = tuple(one for one in ranked if not self._excluded(one) and one == printable(one))
        return facts, kept

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
            asked["instructions"] = partial(
                check_instructions, self._root, git, excluded=self._excluded
            )
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
