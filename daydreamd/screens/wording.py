"""The words and colours that the live and the plain screen share."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daydreamd.records.events import Notice, PhaseEnded
from daydreamd.records.insight import InsightItem
from daydreamd.text import one_line

MAX_WIDTH: Final = 110
"""Wider than this, a line is hard to follow to its end."""
COLOURS: Final = {
    "done": "green",
    "failed": "red",
    "timed_out": "yellow",
    "skipped": "yellow",
    "stopped": "yellow",
}
_STATES: Final = {"failed": "failed", "timed_out": "timed out", "skipped": "skipped"}
_SUMMARY_CHARS: Final = 400


def screen_width(console: Console) -> int | None:
    """Where lines are broken; None where nobody looks at a screen."""
    return min(console.width, MAX_WIDTH) if console.is_terminal else None


def say_notice(event: Notice) -> str:
    """What happened and its facts, on one line."""
    facts = ", ".join(f"{name} {value}" for name, value in event.facts.items())
    return one_line(f"{event.what}: {facts}" if facts else event.what, limit=300)


def print_table(console: Console, table: Table) -> None:
    """A table; in a pipe without the blanks that fill its last column."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.print(Text(line.rstrip()), soft_wrap=True)


def say_end(event: PhaseEnded) -> str:
    """The summary of a phase, its state before it where that is not plain success."""
    summary = one_line(event.summary, limit=_SUMMARY_CHARS)
    state = _STATES.get(event.state, "")
    if state and not summary.lower().startswith(state):
        return f"{state}: {summary}" if summary else state
    return summary


def say_places(insight: InsightItem) -> str:
    """The first two places that an insight cites: `payments/client.py:88-97, api/v1.py:201 …`."""
    cited = [evidence.place for evidence in insight.evidence]
    return ", ".join(cited[:2]) + (" …" if len(cited) > 2 else "")
