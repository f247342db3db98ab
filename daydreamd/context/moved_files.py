"""Which files have another name since a commit, as git finds out by what they hold."""

from __future__ import annotations

import os
from typing import Final

from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit

_MOST_OUTPUT: Final = 4 << 20


async def moved_since(git: ForeignGit, commit: str) -> dict[str, str]:
    """Former and present paths, relative to the workspace, of files moved since `commit`.

    CommandError where the commit is not there, or git takes too long.
    """
    head, prefix = git.repository.head, git.repository.prefix
    if head is None or not commit or commit == head:
        return {}
    printed = await git.run(
        "diff", "--name-status", "-z", "-M", "--diff-filter=R", "--no-color", *NO_PROGRAMS,
        commit, head, "--",
        max_stdout=_MOST_OUTPUT, cut=True,
    )  # fmt: skip
    parts = [os.fsdecode(part) for part in printed.split(b"\0")]
    found = {}
    for at in range(0, len(parts) - 2, 3):
        status, old, new = parts[at : at + 3]
        if status.startswith("R"):
            found[old.removeprefix(prefix)] = new.removeprefix(prefix)
    return found
