"""What may exist nowhere but on this disk, and what is said of it.

Names and paths are other people's, but printable. `keep` and `remove` are commands for a shell;
nothing here ever runs one.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["branch", "worktree", "stash", "detached", "uncommitted", "untracked", "reflog"]
Verdict = Literal["unique", "safe", "unknown"]


class OnlyHere(msgspec.Struct, frozen=True, kw_only=True):
    """A branch, worktree or the like, and whether its content exists anywhere else.

    `unique` is shown to exist nowhere else, `safe` is proven to exist elsewhere, and `unknown` is
    neither. `proof` says why in words. `age_seconds` counts from the oldest commit or change that
    is nowhere else; `bytes` is the content of what changed; `commits` and `files` count it. `agent`
    names the agent that made it, with the sign. `remove` is only ever given for `safe`.
    """

    kind: Kind
    name: str
    path: str
    verdict: Verdict
    proof: str
    age_seconds: int | None = None
    bytes: int | None = None
    agent: str | None = None
    keep: str | None = None
    remove: str | None = None
    commits: int = 0
    files: int = 0
