"""What a session tidied up: before its analysis, and after itself."""

from __future__ import annotations

import msgspec


class LeftByAgents(msgspec.Struct, frozen=True, kw_only=True):
    """What agents left running and nobody has ended; `bytes` are those whose memory is known."""

    count: int
    bytes: int


class PreCleanup(msgspec.Struct, frozen=True, kw_only=True):
    """What was abandoned, and what became of it; a megabyte is a million bytes."""

    claude_processes_killed: int
    aider_processes_killed: int
    processes_killed: int
    temp_files_cleaned: int
    memory_freed_mb: float
    logs_rotated: int
    spared: int
    left: int
    left_by_agents: LeftByAgents
    survived: int
    failures: tuple[str, ...]
    dry_run: bool
    seconds: float


class PostCleanup(msgspec.Struct, frozen=True, kw_only=True):
    """What the session itself left, and its report's former version; `left` could not be ended."""

    current_aider_killed: int
    processes_killed: int
    temp_files_cleaned: int
    left: tuple[str, ...]
    seconds: float
    insights_archived: int = 0


class CleanupSummary(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Both; None until it was done."""

    pre_analysis: PreCleanup | None = None
    post_analysis: PostCleanup | None = None
