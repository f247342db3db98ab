"""What is said of each piece of work: its name, the verdict, and the commands for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from daydreamd.context import work_commands
from daydreamd.context.authorship import name_agent
from daydreamd.context.judged_work import JudgedTip
from daydreamd.context.lying_files import holds_repository, measure
from daydreamd.context.repository import Repository
from daydreamd.context.uncommitted import Uncommitted
from daydreamd.context.unsaved_refs import Logged, Stash, WorkTree
from daydreamd.context.workspaces import printable
from daydreamd.records.only_here import Kind, OnlyHere, Verdict
from daydreamd.units import say_count

if TYPE_CHECKING:
    from daydreamd.context.sole_copies import WorkFound


class Commands(NamedTuple):
    """What keeps a piece of work, and what removes it; None where nothing should."""

    keep: str | None = None
    remove: str | None = None


NO_COMMANDS: Final = Commands()


class Teller:
    """Makes the entries of one repository, from what was found and decided."""

    def __init__(
        self, repository: Repository, found: WorkFound, judged: dict[str, JudgedTip], now: float
    ) -> None:
        self._here = repository
        self._found = found
        self._judged = judged
        self._now = now
        self._remote = found.kept.remotes[0] if found.kept.remotes else None
        self._checked_out = {tree.branch: tree for tree in found.trees if tree.branch}

    def tell(self) -> Iterator[OnlyHere]:
        """Everything, in the order of kinds."""
        for name, oid in sorted(self._here.branches.items()):
            yield self._branch(name, oid)
        for tree in self._found.trees:
            dirt = list(self._lying(tree))
            if not tree.is_main:
                yield self._work_tree(tree, dirt)
            if tree.head and not tree.branch and self._is_nowhere(tree.head):
                yield self._commit("detached", tree.head, tree.path)
            yield from dirt
        for stash in self._found.stashes:
            yield self._stash(stash)
        for logged in self._found.logged:
            if self._judged[logged.oid].verdict != "safe":
                yield self._reflog(logged)

    def _entry(
        self,
        kind: Kind,
        name: str,
        path: Path,
        tip: JudgedTip,
        *,
        signs: tuple[str, Path | None] = ("", None),
        commands: Commands = NO_COMMANDS,
    ) -> OnlyHere:
        """`signs` are a branch and a work tree whose names may tell which agent made it."""
        branch, tree = signs
        who = {"author": tip.author, "helpers": tip.helpers}
        return OnlyHere(
            kind=kind,
            name=printable(name),
            path=printable(str(path)),
            verdict=tip.verdict,
            proof=printable(tip.proof),
            age_seconds=max(0, round(self._now - tip.at)) if tip.at is not None else None,
            bytes=tip.bytes,
            agent=name_agent(branch=branch, path=str(tree or ""), **who),
            keep=commands.keep,
            remove=commands.remove,
            commits=len(tip.commits),
            files=tip.files,
        )

    # Branches.

    def _branch(self, name: str, oid: str) -> OnlyHere:
        tip, tree = self._judged[oid], self._checked_out.get(name)
        kept, here = self._found.kept, self._here.top
        is_main = name == kept.main
        if is_main and kept.by != "remote":
            proof = f"{kept.reason}: all of it is only here"
            verdict: Verdict = "unknown" if kept.remotes else "unique"
            tip = replace(tip, verdict=verdict, proof=proof)
        keep = remove = None
        if tip.verdict != "safe":
            keep = self._keep_branch(name, oid, tip)
        elif not is_main and tree is None:
            merged = name in self._found.reached
            remove = work_commands.remove_branch(here, name, oid, merged=merged)
        place = tree.path if tree else None
        return self._entry(
            "branch", name, here, tip, signs=(name, place), commands=Commands(keep, remove)
        )

    def _keep_branch(self, name: str, oid: str, tip: JudgedTip) -> str | None:
        if self._remote is None:
            return None
        there = self._here.resolve(f"refs/remotes/{self._remote}/{name}")
        if there is None or there in tip.bases:
            return work_commands.push_branch(self._here.top, self._remote, name)
        return work_commands.push_commit(self._here.top, self._remote, oid, name)

    # Work trees, and what is not committed in them.

    def _work_tree(self, tree: WorkTree, dirt: list[OnlyHere]) -> OnlyHere:
        tip = self._judged.get(tree.head or "") or JudgedTip(
            verdict="safe", proof="it has no commit"
        )
        known = self._found.uncommitted.get(tree.path)
        reasons, verdict = self._reasons(tree, dirt), tip.verdict
        if dirt:
            verdict = "unique"
        elif verdict == "safe" and (reasons or (known is None and tree.repository)):
            verdict = "unknown"
            reasons = reasons or ["what is uncommitted there cannot be known"]
        if verdict == "safe" and tree.repository and holds_repository(tree.path):
            verdict = "unknown"
            reasons = ["another repository may lie in it, which would go with it"]
        removable = verdict == "safe" and tree.locked is None
        keep = self._keep_tree(tree, tip, dirt) if verdict != "safe" else None
        remove = work_commands.remove_work_tree(self._place, tree.path) if removable else None
        return self._entry(
            "worktree",
            tree.branch or f"{tree.path.name}",
            tree.path,
            replace(tip, verdict=verdict, proof="; ".join([*reasons, tip.proof])),
            signs=(tree.branch or "", tree.path),
            commands=Commands(keep, remove),
        )

    @property
    def _place(self) -> Path:
        """Where a linked work tree is removed from: never from within itself."""
        main = next((tree.path for tree in self._found.trees if tree.is_main), None)
        return main or self._here.common

    def _reasons(self, tree: WorkTree, dirt: list[OnlyHere]) -> list[str]:
        reasons = [f"{one.kind}: {one.name}" for one in dirt]
        if tree.repository is None:
            reasons.append("its directory is gone")
        if tree.state:
            reasons.append(f"a {tree.state} is under way")
        if tree.repository and os.path.lexists(tree.directory / "modules"):
            reasons.append("it has submodules with repositories of their own")
        if tree.locked is not None:
            reasons.append(f"locked: {tree.locked}" if tree.locked else "locked")
        return reasons

    def _keep_tree(self, tree: WorkTree, tip: JudgedTip, dirt: list[OnlyHere]) -> str | None:
        if dirt:
            return dirt[0].keep
        if tip.verdict == "safe":
            return None
        if tree.branch and tree.head:
            return self._keep_branch(tree.branch, tree.head, tip)
        return self._keep_commit(tree.head, "detached") if tree.head else None

    def _lying(self, tree: WorkTree) -> Iterator[OnlyHere]:
        changes = self._found.uncommitted.get(tree.path) or ()
        root = tree.path
        known = [one for one in changes if one.code != ".?"]
        untracked = [one for one in known if one.code == "??"]
        changed = [one for one in known if one.code != "??"]
        if changed:
            yield from self._files("uncommitted", tree, root, changed)
        if untracked:
            yield from self._files("untracked", tree, root, untracked)

    def _files(
        self, kind: Kind, tree: WorkTree, root: Path, chosen: list[Uncommitted]
    ) -> Iterator[OnlyHere]:
        lying = measure(root, chosen, self._tree_paths)
        if not lying.paths:
            return  # nothing but work trees, which are told themselves
        gone = kind == "uncommitted" and all("D" in one.code for one in chosen)
        proof = "only deletions, not committed" if gone else "in no commit"
        if lying.nested:
            proof += f"; {lying.nested[0]} is a repository of its own"
        tip = JudgedTip(
            verdict="unknown" if gone else "unique",
            proof=proof,
            at=round(lying.since) if lying.since is not None else None,
            bytes=lying.bytes,
            files=len(lying.paths),
        )
        shown = ", ".join(lying.paths[:3]) + (" …" if len(lying.paths) > 3 else "")
        name = f"{say_count(len(lying.paths), 'file')}: {shown}"
        # `git add` would take another repository for one commit of it, and not what is in it.
        may_commit = not (tree.state or lying.nested or any(one.code == "uu" for one in chosen))
        may_commit &= not self._would_add_trees(tree, root)
        keep = None
        if may_commit and tree.head:
            keep = work_commands.commit_all(tree.path, _slug(tree), self._remote)
        yield self._entry(
            kind, name, tree.path, tip, signs=(tree.branch or "", tree.path),
            commands=Commands(keep),
        )  # fmt: skip

    @cached_property
    def _tree_paths(self) -> frozenset[str]:
        return frozenset(str(tree.path) for tree in self._found.trees)

    def _would_add_trees(self, tree: WorkTree, root: Path) -> bool:
        """Whether what is untracked holds other work trees."""
        changes = self._found.uncommitted.get(tree.path) or ()
        places = [root / one.path for one in changes if one.code == "??" and one.path[-1:] == "/"]
        others = [other.path for other in self._found.trees if other.path != tree.path]
        return any(other.is_relative_to(place) for place in places for other in others)

    # Commits that no branch holds.

    def _is_nowhere(self, oid: str) -> bool:
        """Whether a commit is neither kept nor on a branch."""
        if not self._judged[oid].commits:
            return False
        return not any(oid in self._judged[tip].commits for tip in self._here.branches.values())

    def _commit(self, kind: Kind, oid: str, path: Path, *, name: str = "") -> OnlyHere:
        tip = self._judged[oid]
        named = name or f"{oid[: work_commands.SHORT]} {tip.subject}".rstrip()
        keep = None if tip.verdict == "safe" else self._keep_commit(oid, kind)
        return self._entry(kind, named, path, tip, signs=("", path), commands=Commands(keep))

    def _keep_commit(self, oid: str, kind: str) -> str:
        if self._remote is None:
            return work_commands.name_commit(self._here.top, oid)
        return work_commands.push_commit(self._here.top, self._remote, oid, kind)

    def _stash(self, stash: Stash) -> OnlyHere:
        entry = self._commit(
            "stash", stash.oid, self._here.top, name=f"stash@{{{stash.number}}}: {stash.message}"
        )
        entry = replace(entry, commits=0)  # those it consists of are git's way to keep it
        staged = self._judged.get(self._found.staged.get(stash.oid, ""))
        if staged is not None and staged.verdict != "safe" and staged.files:
            if entry.verdict != "safe":
                return entry
            keep = self._keep_commit(stash.oid, "stash")
            proof = f"what was staged in it is another matter: {staged.proof}"
            return replace(entry, verdict=staged.verdict, proof=proof, keep=keep)
        if entry.verdict != "safe":
            return entry
        remove = work_commands.drop_stash(self._here.top, stash.number, stash.oid)
        return replace(entry, remove=remove)

    def _reflog(self, logged: Logged) -> OnlyHere:
        entry = self._commit("reflog", logged.oid, self._here.top)
        where = f"no ref leads to it, only the reflog of {printable(logged.ref)}"
        if not logged.is_rewritten:
            return replace(entry, proof=f"{where}; {entry.proof}")
        proof = f"{where}; it was replaced ({printable(logged.message)}); {entry.proof}"
        return replace(entry, verdict="unknown", proof=proof)


def _slug(tree: WorkTree) -> str:
    """A branch name for what lies in a work tree."""
    named = tree.branch or tree.path.name
    kept = "".join(c if c.isalnum() or c in "._-/" else "-" for c in named).strip("-./")
    return f"{kept or 'work'}-uncommitted"
