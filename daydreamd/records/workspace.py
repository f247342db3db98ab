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


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that are gone; they stood before the line that has the number `before` now."""

    before: int
    text: str


class Excerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a workspace's file as it was read: the only text that insights may cite.

    `text` begins at line `first_line` (from 1) of `path`, which is relative to the workspace.
    `commit` is the commit the workspace stood at. `why` says why it was chosen.

    `new_lines` are the numbers of those that came lately, `removed` what stood there before, and
    `subject` is that of the newest commit among them, which came at `changed_at` (seconds since
    1970; 0 where nothing is new). `within` is the first line of the function that the text is cut
    from. `key` names the text as it was chosen, wherever it stands: the same text has the same.
    """

    workspace: str
    path: str
    text: str
    first_line: int = 1
    commit: str = ""
    why: str = ""
    new_lines: tuple[int, ...] = ()
    removed: tuple[Removed, ...] = ()
    subject: str = ""
    changed_at: int = 0
    within: str = ""
    key: str = ""

    @property
    def last_line(self) -> int:
        """The number of its last line."""
        return self.first_line + self.text.count("\n")
