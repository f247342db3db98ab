"""The state of a running daemon: what `daydreamd status --json` prints, and what faces are handed.

Durations are seconds, moments aware UTC. The daemon makes a `Status` for each question.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from daydreamd.records.daydream_session import Phase, Trigger
from daydreamd.records.failing import FailingPart
from daydreamd.records.hazard import Hazard
from daydreamd.records.session_end import SessionEnd

DaemonState = Literal["waiting", "running", "stopping"]
WaitReason = Literal["due", "interval", "busy", "left over", "quiet hours"]


class RunningSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session in hand. `phase` and its budget are None until the first phase begins."""

    session_id: str
    trigger: Trigger
    started_at: datetime
    workspaces: tuple[str, ...]
    phase: Phase | None = None
    phase_since: datetime
    budget_seconds: float | None = None


class NextSession(msgspec.Struct, frozen=True, kw_only=True):
    """The next timed session: none where `at` is None. `interval` is written as in the settings.

    `failures` sessions have failed in a row since `failing_since`; `reflection_in_seconds` is how
    long the model is not asked for that reason.
    """

    at: datetime | None
    in_seconds: float | None
    reason: WaitReason
    interval: str
    failures: int
    failing_since: datetime | None
    reflection_in_seconds: float


class AgentCount(msgspec.Struct, frozen=True):
    """Agent processes of one kind, and the memory that they hold."""

    count: int
    rss_bytes: int


class DaemonHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Which loops there are and which are late, and when systemd's watchdog was fed."""

    loops: tuple[str, ...]
    late: tuple[str, ...]
    watchdog_seconds: float | None
    watchdog_fed_seconds_ago: float | None
    settings_faults: tuple[str, ...]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon at one moment. `status` is the line that systemd shows, `places` its directories.

    Of the last `sessions_seen` sessions, `sessions_well` did what their owner wants of them.
    """

    version: str
    pid: int
    uid: int
    state: DaemonState
    status: str
    started_at: datetime
    uptime_seconds: float
    session: RunningSession | None
    last: SessionEnd | None
    sessions_well: int
    sessions_seen: int
    failing: tuple[FailingPart, ...]
    next: NextSession
    agents: Mapping[str, AgentCount]
    health: DaemonHealth
    places: Mapping[str, str]
    settings_files: tuple[str, ...]
    hazards: tuple[Hazard, ...] = ()
