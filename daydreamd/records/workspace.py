"""A directory to reflect on, and the parts of its files that a session has read."""

from __future__ import annotations

import msgspec


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A directory to reflect on. `path` is absolute and resolved; `name` is unique in a session."""

    name: str
    path: str
    priority: int = 5
    model: str | None = None
    exclude: tuple[str, ...] = ()


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a workspace's file as it was read: the only text that insights may cite.

    `text` begins at line `first_line` (from 1) of `path`, which is relative to the workspace.
    `commit` is the commit the workspace stood at. `why` says why it was chosen.
    """

    workspace: str
    path: str
    text: str
    first_line: int = 1
    commit: str = ""
    why: str = ""
