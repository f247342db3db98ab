"""The state of a workspace: what is checked out, what is uncommitted, a fingerprint of both.

This much is looked at every time, and it is all that happens where nothing changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from daydreamd.context.branches import iso
from daydreamd.context.discovery import find_repository
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.filtered import settle_filtered
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.git_config import is_true
from daydreamd.context.repository import Repository
from daydreamd.context.sources import Sources
from daydreamd.context.uncommitted import Uncommitted, Weighed, count_dirty, read_status, weigh
from daydreamd.context.workspaces import printable
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.facts import DirtyFacts, GitFacts

_EVERYTHING: Final = (Uncommitted(".", ""),)
T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """`repository` is None without one (or where it cannot be read), `git` also where git hangs.

    `fingerprint` changes with the content of what is committed or not, and with nothing else; None
    where it cannot be known.
    """

    repository: Repository | None
    git: ForeignGit | None
    uncommitted: tuple[Uncommitted, ...]
    weighed: Weighed | None
    fingerprint: str | None

    @property
    def head(self) -> str:
        """The commit that is checked out; "" where there is none."""
        return (self.repository.head if self.repository else None) or ""

    def parts(self) -> tuple[Any, ...]:
        """All that the facts depend on besides the files themselves."""
        if self.repository is None:
            return (self.fingerprint,)
        here = self.repository
        branches = sorted(here.branches.items())
        records = self.weighed.records if self.weighed else ""
        stands = (here.head, here.branch, here.state, here.upstream, here.upstream_ref)
        return (self.fingerprint, records, *stands, here.stashes, branches)

    def git_facts(self, *, now: float) -> GitFacts | None:
        """Where the repository stands, as far as no further question is needed."""
        here = self.repository
        if here is None:
            return None
        upstream = here.upstream_ref
        return GitFacts(
            head=here.head,
            branch=printable(here.branch) if here.branch else None,
            state=here.state,
            bare=here.bare and here.work_tree is None,
            work_tree=printable(str(here.work_tree)) if here.work_tree else None,
            shallow=bool(here.shallow_ends),
            partial=here.is_partial,
            sparse=is_true(here.config, "core.sparsecheckout"),
            upstream=_short(upstream) if upstream else None,
            upstream_gone=upstream is not None and here.upstream is None,
            dirty=self._dirty(now),
            stashes=here.stashes,
            branches_complete=not here.refs_are_cut,
        )

    def _dirty(self, now: float) -> DirtyFacts | None:
        if self.weighed is None:
            return None
        at, path = self.weighed.oldest_at, self.weighed.oldest_path
        return msgspec.structs.replace(
            count_dirty(self.uncommitted),
            oldest_at=iso(at) if at is not None else None,
            oldest_seconds=max(0, round(now - at)) if at is not None else None,
            oldest_path=printable(path) if path else None,
        )


def _short(ref: str) -> str:
    """A ref as people call it: `origin/main`."""
    return printable(ref.removeprefix("refs/remotes/").removeprefix("refs/heads/"))


async def read_state(
    root: Path, sources: Sources, *, place: Path, exclude: Sequence[str] = ()
) -> State:
    """Look at the workspace; its foreign git directory is laid at `place`.

    Files that match the globs of `exclude` leave the fingerprint as it is.
    """
    excluded = make_exclusion(exclude)
    repository = await sources.ask("repository", lambda: in_thread(find_repository, root))
    if repository is None:
        walked = await in_thread(partial(weigh, excluded=excluded), root, _EVERYTHING)
        return State(None, None, (), None, walked.digest)
    # Half of the time, so that one that hangs leaves some for what needs no git
    lay = partial(open_foreign, repository, place, deadline=sources.seconds / 2)
    git = await sources.ask("git", lay)
    if git is None or repository.bare:
        return State(repository, git, (), None, repository.head if repository.bare else None)
    uncommitted = await sources.ask("status", partial(_read_settled, git))
    if uncommitted is None:
        # What makes the status hang (a FIFO where git expects a file) would hang the rest as well
        return State(repository, None if sources.timed_out else git, (), None, None)
    weighed = await in_thread(partial(weigh, excluded=excluded), root, uncommitted)
    tree = await sources.ask("tree", partial(_read_tree, git, exclude))
    stands_at = f"{tree} {weighed.digest}"
    fingerprint = blake2b(stands_at.encode(), digest_size=16).hexdigest() if tree else None
    return State(repository, git, uncommitted, weighed, fingerprint)


async def _read_settled(git: ForeignGit) -> tuple[Uncommitted, ...]:
    """The status, without what only looks changed as git may not run a filter here."""
    return await settle_filtered(git, await read_status(git))


async def _read_tree(git: ForeignGit, exclude: Sequence[str]) -> str:
    """A name of what is committed of the workspace: the same for commits of equal content."""
    prefix = git.repository.prefix
    if git.repository.head is None:
        return "nothing committed"
    if not exclude:
        named = f"{git.repository.head}:{prefix}"
        printed = await git.run("rev-parse", "--verify", "-q", named, ok=(0, 1, 128))
        return printed.decode().strip() or "not in the commit"
    printed = await git.run("ls-tree", "-r", "-z", "--full-tree", str(git.repository.head), "--")
    excluded, digest = make_exclusion(exclude), blake2b(digest_size=16)
    for line in printed.split(b"\0"):
        path = os.fsdecode(line.partition(b"\t")[2]).removeprefix(prefix)
        if not excluded(path):
            digest.update(line + b"\0")
    return digest.hexdigest()


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call `function` in a thread that can be left behind: reading a workspace may hang."""
    return await in_spare_thread(partial(function, *arguments))
