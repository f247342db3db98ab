"""What the history is told and what it tells, apart from sessions, which speak for themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from daydreamd.session import Evidence


class KillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was ended: who it was, why, and how it is brought back.

    `start_ticks` is field 22 of its `/proc/<pid>/stat`. `undo` is a shell command or empty.
    """

    pid: int
    start_ticks: int
    rule: str
    command: str
    age_seconds: float
    rss_bytes: int
    reasons: tuple[str, ...]
    outcome: str
    idle_seconds: float | None = None
    undo: str = ""
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    session_id: str | None = None


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


class ReflectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The last time a workspace was reflected on, and what it looked like then."""

    fingerprint: str
    session_id: str
    at: datetime


def as_utf8(text: str) -> str:
    """Text that can be kept: command lines and paths may hold bytes that are not UTF-8."""
    return text.encode(errors="replace").decode()


def as_text(moment: datetime) -> str:
    """A moment as the tables keep it: UTC, of one length, so that text sorts as time."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def from_text(text: str) -> datetime:
    """What `as_text` wrote."""
    return datetime.fromisoformat(text)
