"""A process that was ended."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class KillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was ended: who it was, why, and how it is brought back.

    `start_ticks` is field 22 of its `/proc/<pid>/stat`: clock ticks since the boot `boot_id` of the
    machine `machine_id`; None where those were not noted. `undo` is a shell command or empty.
    """

    pid: int
    start_ticks: int
    rule: str
    command: str
    age_seconds: float
    rss_bytes: int
    reasons: tuple[str, ...]
    outcome: str
    boot_id: str | None = None
    machine_id: str | None = None
    idle_seconds: float | None = None
    undo: str = ""
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    session_id: str | None = None
