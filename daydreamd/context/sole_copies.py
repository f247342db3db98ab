"""The work of a repository that may exist only on this disk: looked for everywhere it can lie.

Branches, linked work trees, stashes, detached HEADs, what is uncommitted or untracked, and what
only a reflog still knows. It is told, with the commands that keep it; nothing is ever changed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.discovery import find_repository
from daydreamd.context.filtered import settle_filtered
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.judged_work import JudgedTip, WorkJudge
from daydreamd.context.kept import Kept, find_kept
from daydreamd.context.repository import Repository
from daydreamd.context.state import State, in_thread
from daydreamd.context.told_work import Teller
from daydreamd.context.uncommitted import Uncommitted, Weighed, read_status
from daydreamd.context.unkept import find_present, read_unkept
from daydreamd.context.unsaved_refs import (
    Logged,
    Stash,
    WorkTree,
    read_logged,
    read_stashes,
    read_work_trees,
)
from daydreamd.context.walked_refs import Walked, make_walk_key, recall_walk, remember_walk
from daydreamd.errors import CommandError, FileError, WorkspaceError
from daydreamd.records.only_here import OnlyHere

_AT_ONCE: Final = 2
_MAX_REFLOG: Final = 200
_MAX_SUBMODULES: Final = 30
_STATUS_SECONDS: Final = 5.0


@dataclass
class WorkFound:
    """Where work may lie, and what is uncommitted in each work tree (None: it cannot be known)."""

    kept: Kept
    trees: list[WorkTree]
    stashes: list[Stash]
    uncommitted: dict[Path, tuple[Uncommitted, ...] | None] = field(default_factory=dict)
    logged: list[Logged] = field(default_factory=list)
    staged: dict[str, str] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    """Safe branches that `git branch -d` would remove without being forced."""


async def find_only_here(
    state: State, *, workspace: str, place: Path, cache: Path, now: float, seconds: float
) -> tuple[OnlyHere, ...] | None:
    """All work in the repository of `state`, each with the verdict on it.

    None where it has more references than are read, which `branches_complete` tells.
    Takes about `seconds` at most; what was not decided by then is said to be unknown. `place` is a
    directory of our own. CommandError and FileError where the repository cannot be read.
    """
    until = time.monotonic() + seconds
    here = state.repository
    if here is not None and await in_thread(lambda: here.refs_are_cut):
        return None
    told = list(await _look_into(state, workspace, place, cache, now, until))
    for number, path in enumerate(await _submodules(state)):
        inner = place / f"submodule-{number}"
        if below := await _open_submodule(path, inner, until):
            found = await _look_into(below, str(path), inner, cache, now, until)
            told += [one for one in found if one.verdict != "safe"]
    return tuple(told)


async def _look_into(
    state: State, workspace: str, place: Path, cache: Path, now: float, until: float
) -> tuple[OnlyHere, ...]:
    repository, git = state.repository, state.git
    if repository is None or git is None:
        return ()
    search = _Search(repository, git, place, cache, workspace, until)
    found, judged = await search.search(state)
    return await in_thread(lambda: tuple(Teller(repository, found, judged, now).tell()))


async def _submodules(state: State) -> list[Path]:
    """Where the submodules of a work tree lie: repositories with branches of their own."""
    here, git = state.repository, state.git
    if here is None or git is None or not await in_thread(_lists_submodules, here.top):
        return []
    printed = await git.run("ls-files", "-s", "-z", max_stdout=24 << 20, cut=True)
    links = (entry for entry in printed.split(b"\0") if entry.startswith(b"160000 "))
    return [here.top / os.fsdecode(entry.partition(b"\t")[2]) for entry in links][:_MAX_SUBMODULES]


def _lists_submodules(top: Path) -> bool:
    return os.path.lexists(top / ".gitmodules")


async def _open_submodule(path: Path, place: Path, until: float) -> State | None:
    """The state of a submodule, where it is checked out and there is time left."""
    if until < time.monotonic():
        return None
    try:
        repository = await in_thread(find_repository, path)
        if repository is None or repository.top != path:
            return None
        await in_thread(place.mkdir)
        git = await open_foreign(repository, place, deadline=_STATUS_SECONDS)
        changes = await settle_filtered(git, await read_status(git))
    except (CommandError, FileError, WorkspaceError, OSError, ValueError):
        return None  # it is not checked out, or no repository that can be read
    return State(repository, git, changes, Weighed(""), None)


@dataclass(frozen=True)
class _Search:
    repository: Repository
    git: ForeignGit
    place: Path
    cache: Path
    workspace: str
    until: float

    @property
    def left(self) -> float:
        return max(0.5, self.until - time.monotonic())

    async def search(self, state: State) -> tuple[WorkFound, dict[str, JudgedTip]]:
        here = self.repository
        # In one go: each change of thread costs as much as what it is for.
        found, walk, walked = await in_thread(self._read_refs)
        kept, named = found.kept, walk.named
        if walked is not None:
            found.logged = list(walked.logged)
        else:
            found.logged = await walk.unreached()
        found.staged = await self._staged(found.stashes)
        stashed = [*(stash.oid for stash in found.stashes), *found.staged.values()]
        tips = [*named, *stashed, *(one.oid for one in found.logged)]
        judge = WorkJudge(self.git, kept, cache=self.cache, workspace=self.workspace)
        judged = await judge.judge(tips, place=self.place, seconds=self.left * 0.7)
        safe = frozenset(n for n, oid in here.branches.items() if judged[oid].verdict == "safe")
        if walked is None or walked.judged != safe:
            walked = await walk.finish(safe)
            if walk.complete:
                await in_thread(remember_walk, self.cache, self.workspace, walked)
        found.reached = walked.reached
        await self._read_uncommitted(found, state)
        return found, judged

    def _read_refs(self) -> tuple[WorkFound, _Walk, Walked | None]:
        """All that plain files say."""
        here = self.repository
        found = WorkFound(find_kept(here), read_work_trees(here), read_stashes(here))
        heads = [tree.head for tree in found.trees] + [here.head]
        named = [oid for oid in dict.fromkeys([*here.branches.values(), *heads]) if oid]
        walk = _Walk(self.git, found, named, read_logged(here, found.trees))
        return found, walk, recall_walk(self.cache, self.workspace, walk.key)

    async def _staged(self, stashes: list[Stash]) -> dict[str, str]:
        """What was staged when something was stashed: a commit of its own, beside the stash's."""
        if not stashes:
            return {}
        asked = "\n".join(stash.oid for stash in stashes).encode()
        printed = await self.git.run(
            "rev-list", "--no-walk=unsorted", "--parents", "--stdin", "--ignore-missing",
            stdin=asked,
        )  # fmt: skip
        lines = [line.split() for line in printed.decode().splitlines()]
        return {words[0]: words[2] for words in lines if len(words) > 2}

    async def _read_uncommitted(self, found: WorkFound, state: State) -> None:
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        here = self.repository.directory

        async def read(number: int, tree: WorkTree) -> None:
            async with limiter:
                found.uncommitted[tree.path] = await self._status(number, tree)

        async with anyio.create_task_group() as group:
            for number, tree in enumerate(found.trees):
                if tree.directory.resolve() == here and not self.repository.prefix:
                    known = state.weighed and (tree.is_main or not await _is_unwatched(self.git))
                    found.uncommitted[tree.path] = state.uncommitted if known else None
                elif tree.repository is not None and not tree.repository.bare:
                    group.start_soon(read, number, tree)

    async def _status(self, number: int, tree: WorkTree) -> tuple[Uncommitted, ...] | None:
        assert tree.repository is not None
        if self.until < time.monotonic():
            return None
        place = self.place / f"tree-{number}"
        try:
            place.mkdir()
            seconds = min(_STATUS_SECONDS, self.left)
            git = await open_foreign(tree.repository, place, deadline=seconds)
            if await _is_unwatched(git):
                return None
            return await settle_filtered(git, await read_status(git))
        except (CommandError, FileError, OSError, ValueError):
            return None  # said to be unknown, which is what it is


async def _is_unwatched(git: ForeignGit) -> bool:
    """Whether there are files of which git was told not to look whether they have changed."""
    printed = await git.run("ls-files", "-v", "-z", max_stdout=24 << 20, cut=True)
    return await in_thread(_holds_unwatched, git.repository.top, printed)


def _holds_unwatched(top: Path, printed: bytes) -> bool:
    """`printed` is what `git ls-files -v -z` says. Not what is sparse, and so not there."""
    entries = (entry.partition(b" ") for entry in printed.split(b"\0") if entry)
    return any(
        flag.islower() or (flag == b"S" and os.path.lexists(top / os.fsdecode(name)))
        for flag, _, name in entries
    )


@dataclass
class _Walk:
    """Two questions about refs for which git walks: what is reached from where."""

    git: ForeignGit
    found: WorkFound
    named: list[str]
    logged: list[Logged]
    complete: bool = True

    @cached_property
    def follows(self) -> dict[str, str | None]:
        """Where the upstream of each branch is."""
        here = self.git.repository
        return {name: here.upstream_of(name) for name in here.branches}

    @cached_property
    def key(self) -> str:
        """Names the state of all refs that the answers depend on."""
        here, found = self.git.repository, self.found
        stashes = [one.oid for one in found.stashes]
        parts = (here.head, sorted(here.branches.items()), self.named, sorted(found.kept.commits))
        return make_walk_key([*parts, sorted(self.follows.items()), stashes, self.logged])

    async def unreached(self) -> list[Logged]:
        """What the reflogs know of, and no ref leads to; nothing where it cannot be told now."""
        known = set(self.named)
        logged = [one for one in self.logged if one.oid not in known]
        others = [*self.found.kept.commits, *self.named, *(one.oid for one in self.found.stashes)]
        try:
            present = await find_present(self.git, (one.oid for one in logged))
            beyond = await read_unkept(self.git, present, others) if present else None
        except CommandError:
            self.complete = False
            return []
        if beyond is None:
            return []
        inner = {parent for parents in beyond.parents.values() for parent in parents}
        tops = [one for one in logged if one.oid in beyond.parents and one.oid not in inner]
        return tops[:_MAX_REFLOG]

    async def finish(self, safe: frozenset[str]) -> Walked:
        """With the branches for which `git branch -d` needs no force: merged into what it checks.

        Where that cannot be told now there are none.
        """
        here = self.git.repository
        at = {name: here.branches[name] for name in safe}
        by_head = [name for name in at if self.follows[name] is None]
        merged = [name for name in at if self.follows[name] == at[name]]
        try:
            if by_head and here.head:
                beyond = await read_unkept(self.git, [at[n] for n in by_head], [here.head])
                merged += [name for name in by_head if at[name] not in beyond.parents]
        except CommandError:
            self.complete = False
        return Walked(
            key=self.key,
            logged=tuple(self.found.logged),
            reached=frozenset(merged),
            judged=safe,
        )
