"""Where it is going: this week against the four before, and what the last seven days brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.trends import (
    MarkerTrend,
    QueueActivity,
    RecentActivity,
    RecentChanges,
    WeekTrend,
    WorkspaceTrends,
)


def compare_weeks(facts: WorkspaceFacts) -> WorkspaceTrends:
    """Each figure of this week beside the weekly mean of those before, where there is a history."""
    if facts.git is None or facts.activity is None:
        return WorkspaceTrends()
    weeks, marks = facts.activity.weeks, facts.markers
    return WorkspaceTrends(
        commits=_trend([week.commits for week in weeks]),
        authors=_trend([week.authors for week in weeks]),
        added=_trend([week.added for week in weeks]),
        deleted=_trend([week.deleted for week in weeks]),
        markers=MarkerTrend(added=marks.added_7d, removed=marks.removed_7d) if marks else None,
    )


def _trend(weekly: Sequence[int]) -> WeekTrend:
    *before, this = weekly
    return WeekTrend(this_week=this, weekly_before=round(sum(before) / len(before), 1))


def last_week(
    workspaces: Mapping[str, WorkspaceFacts], queue: QueueActivity | None
) -> RecentActivity:
    """Seven days over all workspaces and the queue."""
    known = {name: facts.activity for name, facts in workspaces.items() if facts.activity}
    return RecentActivity(
        days=7,
        commits=sum(activity.commits_7d for activity in known.values()),
        files_changed=sum(activity.files_changed_7d for activity in known.values()),
        workspaces={
            name: RecentChanges(
                commits=activity.commits_7d,
                files_changed=activity.files_changed_7d,
                files=activity.files_7d[:10],
            )
            for name, activity in known.items()
        },
        queue=queue,
    )
