"""Where workspaces are going, and what the last seven days brought."""

from __future__ import annotations

import msgspec

from daydreamd.records.agent_session import AgentSummary


class WeekTrend(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of this week, and its weekly mean in the four before."""

    this_week: int
    weekly_before: float


class MarkerTrend(msgspec.Struct, frozen=True, kw_only=True):
    """Markers that came and went in seven days; None where that is not known."""

    added: int | None
    removed: int | None


class WorkspaceTrends(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """This week of a workspace against those before; without a history there is nothing to tell."""

    commits: WeekTrend | None = None
    authors: WeekTrend | None = None
    added: WeekTrend | None = None
    deleted: WeekTrend | None = None
    markers: MarkerTrend | None = None


class RecentChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Seven days of one workspace; `files` are the ten most often changed."""

    commits: int
    files_changed: int
    files: tuple[str, ...]


class QueueActivity(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner's task queue went through in seven days."""

    created: int
    by_status: dict[str, int]
    completed: int
    mean_minutes_to_complete: float | None


class RecentActivity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last `days` over all workspaces; nothing of it is set before anybody has looked.

    `queue` is None where no queue keeps such a record. `agents` are the sessions of coding agents
    since the last report, newest first.
    """

    days: int | None = None
    commits: int | None = None
    files_changed: int | None = None
    workspaces: dict[str, RecentChanges] | None = None
    queue: QueueActivity | msgspec.UnsetType | None = msgspec.UNSET
    agents: tuple[AgentSummary, ...] = ()
