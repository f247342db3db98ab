"""Insights on a terminal: as a list, and one with the lines it cites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daydreamd.records.insight import KnownInsight
from daydreamd.screens.wording import print_table, say_places, screen_width
from daydreamd.text import one_line, visible

_COLOURS: Final = {"new": "bold", "accepted": "green", "addressed": "green", "dismissed": "dim"}
_QUOTE_LINES: Final = 40
_QUOTE_COLUMNS: Final = 200


def draw_list(
    console: Console, insights: Sequence[KnownInsight], *, with_status: bool = False
) -> None:
    """A line for each: id, status where they differ, title, place."""
    several = len({insight.workspace_path for insight in insights}) > 1
    mixed = with_status or len({insight.status for insight in insights}) > 1
    table = Table.grid(padding=(0, 1))
    table.width = screen_width(console)
    table.add_column(no_wrap=True, min_width=4, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(ratio=3, overflow="fold")
    table.add_column(ratio=2, overflow="fold")
    for insight in insights:
        table.add_row(
            Text(insight.id, style="bold"),
            Text(insight.status if mixed else "", style=_COLOURS.get(insight.status, "")),
            Text(one_line(insight.title, limit=200)),
            Text(places(insight, with_workspace=several), style="dim"),
        )
    print_table(console, table)


def places(insight: KnownInsight, *, with_workspace: bool) -> str:
    """`shop: payments/client.py:88-97, api/v1.py:201 …`."""
    workspace = f"{one_line(insight.workspace, limit=40)}: " if with_workspace else ""
    return workspace + say_places(insight)


def draw_insight(console: Console, insight: KnownInsight) -> None:
    """An insight whole: what it says, where, since when, and what can be done with it."""
    width = screen_width(console)
    title = Text(f"{insight.id} · {one_line(insight.title, limit=300)}", style="bold")
    console.print(title, width=width)
    facts = (insight.category, insight.status, _since(insight))
    console.print(Text(" · ".join(one_line(fact, limit=100) for fact in facts)), width=width)
    for evidence in insight.evidence:
        console.print()
        where = f"{one_line(insight.workspace_path, limit=300)}: {evidence.place}"
        commit = f" at {one_line(evidence.commit, limit=12)}" if evidence.commit else ""
        console.print(Text(where + commit, style="dim"), soft_wrap=True)
        lines = evidence.quote.split("\n")
        for number, line in enumerate(lines[:_QUOTE_LINES], evidence.line):
            shown = visible(line).replace("\n", " ").expandtabs(4)[:_QUOTE_COLUMNS]
            console.print(Text(f" {number:>5}  {shown}"), soft_wrap=True)
    console.print()
    console.print(Text(one_line(insight.body, limit=2_000)), width=width)
    if insight.status in ("new", "open"):
        console.print()
        does = (
            f"`daydreamd insights accept {insight.id}` · `daydreamd insights dismiss {insight.id}`"
        )
        console.print(Text(does, style="dim"), width=width)


def _since(insight: KnownInsight) -> str:
    first = insight.first_seen.astimezone()
    day = f"{first.day} {first:%B %Y, %H:%M %Z}"
    return (
        f"seen {insight.times_seen} times since {day}" if insight.times_seen > 1 else f"seen {day}"
    )
