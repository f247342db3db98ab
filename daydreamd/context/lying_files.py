"""Files that lie in a work tree and are not committed: how many, how large, since when."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.exclusion import VENDORED
from daydreamd.context.uncommitted import Uncommitted

_MAX_ENTRIES: Final = 100_000


@dataclass(frozen=True)
class Lying:
    """Files that are not committed: how many, how large, since when, and other repositories."""

    paths: tuple[str, ...]
    bytes: int
    since: float | None
    nested: tuple[str, ...] = ()


def measure(root: Path, chosen: Iterable[Uncommitted], trees: frozenset[str]) -> Lying:
    """What lies there, but for `trees`, and which directories are repositories of their own."""
    size, since, nested, paths, left = 0, None, [], [], _MAX_ENTRIES
    for one in chosen:
        waiting, counted = [f"{root}/{one.path}".rstrip("/")], 0
        while waiting and left > 0:
            here = waiting.pop()
            left -= 1
            try:
                facts = os.lstat(here)
                below = [e.name for e in os.scandir(here)] if stat.S_ISDIR(facts.st_mode) else None
            except OSError:
                counted += not os.path.lexists(here)  # deleted: that is the change
                continue
            if below is None:
                counted += 1
                size += facts.st_size
                changed = max(facts.st_mtime, facts.st_ctime)
                since = changed if since is None else min(since, changed)
            elif here not in trees and ".git" in below:
                counted += 1
                nested.append(os.path.relpath(here, root))
            elif here not in trees:
                waiting.extend(f"{here}/{name}" for name in below)
        if counted or left <= 0:
            paths.append(one.path)
    return Lying(tuple(paths), size, since, tuple(nested))


def holds_repository(root: Path) -> bool:
    """Whether another repository lies below a work tree, or it is too large to tell.

    `git worktree remove` looks at nothing that is ignored, and would take such a one with it.
    """
    waiting, left = [str(root)], _MAX_ENTRIES // 2
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    left -= 1
                    if entry.name == ".git" and here != str(root):
                        return True
                    if entry.is_dir(follow_symlinks=False) and entry.name not in VENDORED:
                        waiting.append(entry.path)
        except OSError:
            return True  # not ours to look into
        if left < 0:
            return True
    return False
