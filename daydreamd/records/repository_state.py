"""How a repository stands, as far as an agent's words can be held against it."""

from __future__ import annotations

import msgspec


class RepositoryState(msgspec.Struct, frozen=True, kw_only=True):
    """One work tree, and the commits of its repository since some moment.

    `uncommitted` are absolute paths and when each was last written to (seconds since 1970, None
    where it is gone). `commits` are those made since then, by id, on any branch, HEAD or in a log
    of references, with their time; `unpushed` those of them that no remote-tracking reference
    holds. `remote_moved` is when a remote-tracking reference last changed. Each is None where it
    cannot be told.
    """

    top: str
    branch: str = ""
    uncommitted: dict[str, float | None] | None = None
    commits: dict[str, float] | None = None
    unpushed: tuple[str, ...] | None = None
    has_remote: bool | None = None
    remote_moved: float | None = None
