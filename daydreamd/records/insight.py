"""An insight and its evidence, as one session says it and as the history knows it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where an insight says it is: lines `line` to `end_line` (from 1) of `path` at `commit`."""

    path: str
    line: int
    end_line: int
    quote: str
    commit: str = ""
    verified: bool = False


class InsightItem(msgspec.Struct, frozen=True, kw_only=True):
    """One insight. `status` is `new`, `open`, `addressed`, `accepted` or `dismissed`."""

    id: str
    workspace: str
    title: str
    body: str
    category: str
    evidence: tuple[Evidence, ...]
    grounded: bool
    status: str = "new"


class KnownInsight(msgspec.Struct, frozen=True, kw_only=True):
    """An insight that was said before. `status` as in `InsightItem`."""

    id: str
    workspace: str
    workspace_path: str
    title: str
    body: str
    category: str
    evidence: tuple[Evidence, ...]
    grounded: bool
    status: str
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    first_session: str
    last_session: str
    addressed_by: str = ""
