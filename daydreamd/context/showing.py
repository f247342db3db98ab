"""All that could be shown of a workspace: what is new, what belongs to it, and then the rest.

It is asked for by those that show something; facts are found without it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.context.activity import DAY_SECONDS
from daydreamd.context.excerpts import Source, excerpts_of_news
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.recent import News, find_news, news_of_untracked
from daydreamd.context.related import MOST_NEWS, find_related
from daydreamd.context.remainder import take_turns
from daydreamd.context.state import State, in_thread
from daydreamd.records.reflected import Before
from daydreamd.records.workspace import Excerpt, Workspace

_MAX_LISTED: Final = 4 << 20


async def excerpts_of_the_new(
    workspace: Workspace, state: State, *, now: float, days: int
) -> list[Excerpt]:
    """What came in the last `days` or is not committed, best first."""
    git, excluded = state.git, make_exclusion(workspace.exclude)
    if git is None or git.repository.bare:
        return []
    news: list[News] = []
    if state.head:
        pending = {one.path for one in state.uncommitted}
        since = now - days * DAY_SECONDS
        news = await find_news(git, since=since, now=now, uncommitted=pending, excluded=excluded)
    if any(one.code == "??" for one in state.uncommitted) or not state.head:
        which = ("--others",) if state.head else ("--others", "--cached")
        printed = await git.run(
            "ls-files", "-z", *which, "--exclude-standard", "--", max_stdout=_MAX_LISTED, cut=True
        )
        prefix = git.repository.prefix
        paths = [os.fsdecode(one).removeprefix(prefix) for one in printed.split(b"\0")[:-1]]
        untracked = partial(news_of_untracked, Path(workspace.path), paths)
        news += await in_thread(partial(untracked, now=now, excluded=excluded))
    return await in_thread(excerpts_of_news, Source(workspace, state.head), news)


def excerpts_besides(
    workspace: Workspace,
    commit: str,
    news: Sequence[Excerpt],
    ranked: Sequence[str],
    before: Before,
) -> list[Excerpt]:
    """What belongs to the news, and then the rest, for where they leave room."""
    source = Source(workspace, commit)
    is_little = sum(len(one.text) for one in news) < MOST_NEWS
    related = find_related(source, news, ranked) if news and is_little else []
    without = {one.path for one in (*news, *related)}
    return [*related, *take_turns(source, ranked, before.paths, without=without)]
