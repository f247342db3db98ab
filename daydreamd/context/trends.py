"""Where it is going: this week against the four before, and what the last seven days brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def compare_weeks(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Each figure of this week beside the weekly mean of those before; {} without a history."""
    if entry["git"] is None or entry["activity"] is None:
        return {}
    *before, this = entry["activity"]["weeks"]
    compared: dict[str, Any] = {
        figure: {
            "this_week": this[figure],
            "weekly_before": round(sum(week[figure] for week in before) / len(before), 1),
        }
        for figure in ("commits", "authors", "added", "deleted")
    }
    if markers := entry["markers"]:
        compared["markers"] = {"added": markers["added_7d"], "removed": markers["removed_7d"]}
    return compared


def last_week(
    entries: Mapping[str, Mapping[str, Any]], queue: dict[str, Any] | None
) -> dict[str, Any]:
    """`recent_activity` of the session: seven days over all workspaces and the queue."""
    known = {name: entry["activity"] for name, entry in entries.items() if entry["activity"]}
    return {
        "days": 7,
        "commits": sum(activity["commits_7d"] for activity in known.values()),
        "files_changed": sum(activity["files_changed_7d"] for activity in known.values()),
        "workspaces": {
            name: {
                "commits": activity["commits_7d"],
                "files_changed": activity["files_changed_7d"],
                "files": activity["files_7d"][:10],
            }
            for name, activity in known.items()
        },
        "queue": queue,
    }
