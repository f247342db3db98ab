"""An insight and its evidence, as one session says it and as the history knows it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from daydreamd.text import one_line


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where an insight says it is: lines `line` to `end_line` (from 1) of `path` at `commit`."""

    path: str
    line: int
    end_line: int
    quote: str
    commit: str = ""
    verified: bool = False

    @property
    def place(self) -> str:
        """`payments/client.py:88-97`, on one line."""
        last = f"-{self.end_line}" if self.end_line > self.line else ""
        return f"{one_line(self.path, limit=200)}:{self.line}{last}"


class Survived(msgspec.Struct, frozen=True, kw_only=True):
    """What an insight has withstood: searches of the workspace, and `holds` of `looks` looks."""

    searches: int = 0
    looks: int = 0
    holds: int = 0


class InsightItem(msgspec.Struct, frozen=True, kw_only=True):
    """One insight. `status` is `new`, `open`, `addressed`, `accepted` or `dismissed`.

    `function` is the one that it is about (`Cart.total`), and `mark` tells the lines of that one
    as they were when it was said.
    """

    id: str
    workspace: str
    title: str
    body: str
    category: str
    evidence: tuple[Evidence, ...]
    grounded: bool
    status: str = "new"
    survived: Survived = Survived()
    function: str = ""
    mark: str = ""


class KnownInsight(InsightItem, frozen=True, kw_only=True):
    """An insight that was said before, in the workspace that lies at `workspace_path`."""

    workspace_path: str
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    first_session: str
    last_session: str
    addressed_by: str = ""


AnyInsight = InsightItem | KnownInsight
"""One of this session or of those before it."""


class RefusedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a model proposed and nobody is told, and why.

    `decided_by` is what decided, where something did: `used in cart/api.py:41`.
    """

    title: str
    path: str
    line: int
    reason: str
    decided_by: str = ""
