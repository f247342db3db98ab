"""The screen of `daydreamd insights stats`: what became of all that was proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from daydreamd.records.insight_stats import InsightStats, SourceCounts
from daydreamd.text import one_line

_NAME: Final = 32


def say_stats(stats: InsightStats) -> Iterator[str]:
    """A line for the whole, for each reason, and for each model and rule."""
    if not stats.proposed:
        yield "Nothing was proposed yet. `daydreamd once` asks for something now."
        return
    yield (
        f"{stats.proposed:,} proposed, {stats.kept:,} kept: {stats.accepted:,} accepted, "
        f"{stats.dismissed:,} dismissed, {stats.changed_within_14_days:,} changed within 14 days"
    )
    if stats.refuted:
        yield "\nNot kept"
        for reason, count in stats.refuted.items():
            yield f" {count:>6,}  {one_line(reason, limit=60)}"
    yield from _table("Models", stats.by_model)
    yield from _table("Rules", stats.by_rule)


def _table(title: str, counts: Mapping[str, SourceCounts]) -> Iterator[str]:
    if not counts:
        return
    yield f"\n{title:<{_NAME}} proposed  kept  accepted  dismissed  changed"
    for name, one in counts.items():
        said = one_line(name, limit=_NAME - 1)
        silent = "" if one.pays or title != "Rules" else "  silent"
        yield (
            f" {said:<{_NAME - 1}} {one.proposed:>8,} {one.kept:>5,} {one.accepted:>9,} "
            f"{one.dismissed:>10,} {one.changed_within_14_days:>8,}{silent}"
        )
