"""Where a workspace's repository lies and what its files say, read as plain files.

HEAD, branches, the upstream and a rebase under way are text files; reading them here needs no
process, follows no symbolic link and trusts nothing beyond their syntax.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from daydreamd.context.git_config import Config, is_true, parse_config
from daydreamd.errors import FileError
from daydreamd.host.files.access import open_beneath, read_beneath

_OID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PACKED: Final = re.compile(rb"^([0-9a-f]{40,64}) (refs/\S+)$", re.MULTILINE)
_STATES: Final = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
_MAX_PACKED_REFS: Final = 6 << 20  # about 90,000 of them
_MAX_SEARCHED: Final = 256 << 20
_MAX_LINE: Final = 8192
_MAX_LOOSE_REFS: Final = 20_000


@dataclass(frozen=True)
class Repository:
    """A git repository around a workspace.

    `top` is the top of its work tree (of the repository itself where bare), `prefix` the way from
    there to the workspace ("" or "pkg/app/"), `directory` this work tree's own git directory and
    `common` the one it shares with others.
    """

    top: Path
    prefix: str
    directory: Path
    common: Path
    bare: bool = False
    work_tree: Path | None = None
    """Where `core.worktree` says that the files are, if that is not here. It is named and never
    followed, as the workspace would choose what is read: facts are of the files that lie here."""

    @cached_property
    def config(self) -> Config:
        """The repository's own configuration, parsed and never obeyed."""
        config = parse_config(self._text(self.common, "config"))
        if is_true(config, "extensions.worktreeconfig"):
            config |= parse_config(self._text(self.directory, "config.worktree"))
        return config

    @cached_property
    def head_ref(self) -> str | None:
        """The ref that HEAD names; None where it is detached."""
        head = self._text(self.directory, "HEAD").strip() or self._link(self.directory, "HEAD")
        return self._follow(head[4:].strip())[0] if head.startswith("ref:") else None

    @cached_property
    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        if self.head_ref is not None:
            return self.resolve(self.head_ref)
        head = self._text(self.directory, "HEAD").strip()
        return head if _OID.fullmatch(head) else None

    @cached_property
    def branches(self) -> dict[str, str]:
        """Local branches and the commits they are at."""
        start = "refs/heads/"
        return {ref[len(start) :]: oid for ref, oid in self.refs_below(start).items()}

    @cached_property
    def remote_branches(self) -> dict[str, str]:
        """Remote-tracking branches and the commits they are at."""
        start = "refs/remotes/"
        return {ref[len(start) :]: oid for ref, oid in self.refs_below(start).items()}

    def refs_below(self, start: str) -> dict[str, str]:
        """The refs that begin with `start` (which ends with a slash), and what they are at."""
        found = {ref: oid for ref, oid in self._packed.items() if ref.startswith(start)}
        for ref in self._loose(start):
            if oid := self.resolve(ref):
                found[ref] = oid
        return found

    @property
    def branch(self) -> str | None:
        """The branch that is checked out, also while it is being rebased."""
        ref = self.head_ref
        for place in ("rebase-merge", "rebase-apply") if ref is None else ():
            ref = ref or self._text(self.directory, f"{place}/head-name").strip() or None
        return ref.removeprefix("refs/heads/") if ref else None

    @property
    def upstream(self) -> tuple[str, str] | None:
        """The ref that the branch is compared with, and its commit; None without one."""
        ref = self.upstream_ref
        oid = self.resolve(ref) if ref else None
        return (ref, oid) if ref and oid else None

    @property
    def upstream_ref(self) -> str | None:
        """The ref that the branch should be compared with, which may be gone."""
        return self._upstream_ref_of(self.branch)

    def upstream_of(self, branch: str) -> str | None:
        """The commit that the upstream of a branch is at; None without one."""
        ref = self._upstream_ref_of(branch)
        return self.resolve(ref) if ref else None

    def _upstream_ref_of(self, branch: str | None) -> str | None:
        merge = self.config.get(f"branch.{branch}.merge", ("",))[-1]
        remote = self.config.get(f"branch.{branch}.remote", ("",))[-1]
        if not merge or not remote:
            return None
        return merge if remote == "." else _tracking_ref(self.config, remote, merge)

    @property
    def state(self) -> str | None:
        """`rebase`, `am`, `merge`, `cherry-pick`, `revert` or `bisect` under way; None usually."""
        for name, state in _STATES.items():
            if os.path.lexists(self.directory / name):
                return state
        todo = self._text(self.directory, "sequencer/todo").lstrip()
        return {"pick": "cherry-pick", "revert": "revert"}.get(todo.split(" ", 1)[0])

    @property
    def stashes(self) -> int:
        """How many stashes there are: lines of the stash's log."""
        return self._text(self.common, "logs/refs/stash").count("\n")

    @property
    def is_partial(self) -> bool:
        """Whether objects may be missing on purpose; they are never fetched."""
        return "extensions.partialclone" in self.config or any(
            key.startswith("remote.") and key.endswith(".promisor") for key in self.config
        )

    @cached_property
    def shallow_ends(self) -> frozenset[str]:
        """The commits at which history ends early: their parents were not fetched."""
        return frozenset(self._text(self.common, "shallow").split())

    def resolve(self, ref: str) -> str | None:
        """The commit a ref is at, through symbolic refs."""
        return self._follow(ref)[1]

    def follow(self, ref: str) -> str:
        """The ref that a symbolic ref leads to; itself where it is none."""
        return self._follow(ref)[0]

    def _follow(self, ref: str) -> tuple[str, str | None]:
        """The ref at the end of symbolic refs, and the commit it is at."""
        for _ in range(5):
            text = ""
            if _is_safe_ref(ref):
                places = (self.directory, self.common)
                found = (self._text(one, ref) or self._link(one, ref) for one in places)
                text = next(filter(None, found), "")
            text = text.strip() or self._packed.get(ref, "") or self._beyond_the_cut(ref)
            if not text.startswith("ref:"):
                return ref, text if _OID.fullmatch(text) else None
            ref = text[4:].strip()
        return ref, None

    @staticmethod
    def _link(root: Path, name: str) -> str:
        """A ref that is a symbolic link, as git made them once: "ref: " and where it leads."""
        try:
            target = os.fspath((root / name).readlink())
        except (OSError, ValueError):
            return ""
        if target.startswith("refs/"):
            return f"ref: {target}"
        beside = os.path.normpath(f"{Path(name).parent}/{target}")
        return f"ref: {beside}" if _is_safe_ref(beside) else ""

    @cached_property
    def refs_are_cut(self) -> bool:
        """Whether there are more references than are read: branches may be missing then."""
        return len(self._packed_text) > _MAX_PACKED_REFS

    @cached_property
    def _packed_text(self) -> bytes:
        return self._bytes(self.common, "packed-refs", _MAX_PACKED_REFS + 1)

    @cached_property
    def _packed(self) -> dict[str, str]:
        text = self._packed_text
        if self.refs_are_cut:  # the name at the cut would be another's
            text = text[: text.rfind(b"\n") + 1]
        return {
            os.fsdecode(ref): oid.decode()
            for oid, ref in map(re.Match.groups, _PACKED.finditer(text))
        }

    def _beyond_the_cut(self, ref: str) -> str:
        """What packed-refs says of one ref, line by line: it may be too large to be kept."""
        if not self.refs_are_cut:
            return ""
        wanted = b" " + os.fsencode(ref) + b"\n"
        try:
            with os.fdopen(open_beneath(self.common, "packed-refs"), "rb") as file:
                left = _MAX_SEARCHED
                while left > 0 and (line := file.readline(_MAX_LINE)):
                    left -= len(line)
                    if line.endswith(wanted):
                        return os.fsdecode(line.split(b" ", 1)[0])
        except FileError:
            pass  # packed anew at this moment: the next look finds it
        return ""

    def _loose(self, start: str) -> list[str]:
        found: list[str] = []
        waiting = [start]
        while waiting and len(found) < _MAX_LOOSE_REFS:
            below = waiting.pop()
            try:
                with os.scandir(self.common / below) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(f"{below}{entry.name}/")
                        elif not entry.name.endswith(".lock"):
                            found.append(below + entry.name)
            except OSError:
                continue  # pruned by a `git pack-refs` just now, or not there: packed-refs has it
        return found

    def _text(self, root: Path, name: str) -> str:
        return os.fsdecode(self._bytes(root, name, 1 << 20))

    @staticmethod
    def _bytes(root: Path, name: str, most: int) -> bytes:
        try:
            return read_beneath(root, name, max_bytes=most)
        except FileError:
            return b""  # git's files are optional nearly all; a link or FIFO here counts as missing


def _is_safe_ref(ref: str) -> bool:
    return ref.startswith("refs/") and ".." not in ref and "\0" not in ref


def _tracking_ref(config: Config, remote: str, merge: str) -> str | None:
    """Where the remote's fetch refspecs put `merge`."""
    for spec in config.get(f"remote.{remote}.fetch", ()):
        source, _, target = spec.removeprefix("+").partition(":")
        head, star, tail = source.partition("*")
        if not star and source == merge:
            return target or None
        if star and merge.startswith(head) and merge.endswith(tail):
            return target.replace("*", merge[len(head) : len(merge) - len(tail)], 1) or None
    return None
