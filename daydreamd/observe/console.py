"""`daydreamd once` as people see it: which screen fits the console, and what is said at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daydreamd.events import Sink
from daydreamd.insights.observations import Observation
from daydreamd.insights.report import place
from daydreamd.insights.untrusted import one_line
from daydreamd.observe.live import MAX_WIDTH, LiveScreen
from daydreamd.observe.plain import PlainLines
from daydreamd.session import DaydreamSession, InsightItem, Outcome
from daydreamd.units import say_duration

_NUMBERS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_MAX_FACTS: Final = 8
_ENDS: Final = {
    Outcome.COMPLETED: ("completed", "green"),
    Outcome.UNCHANGED: ("unchanged", "green"),
    Outcome.SKIPPED: ("skipped", "yellow"),
    Outcome.CLEANUP_ONLY: ("facts only", "yellow"),
    Outcome.TIMED_OUT: ("timed out", "yellow"),
    Outcome.PREEMPTED: ("stopped, you came back", "yellow"),
    Outcome.INTERRUPTED: ("interrupted", "red"),
    Outcome.FAILED: ("failed", "red"),
}


@contextmanager
def open_screen(console: Console) -> Iterator[Sink]:
    """The sink that draws a session: live on a terminal, else one line per phase."""
    if console.is_terminal and not console.is_dumb_terminal:
        with LiveScreen(console) as screen:
            yield screen
    else:
        yield PlainLines(console)


def draw_end(
    console: Console,
    session: DaydreamSession,
    *,
    observations: Sequence[Observation] = (),
    report: Path | None = None,
) -> None:
    """What came of a session: the new insights, or the facts where there are none; and one line."""
    new = [item for item in session.insight_items if item.status == "new"]
    if new:
        _draw_new(console, new, list(session.workspace_analysis))
    elif observations:
        _draw_facts(console, observations)
    console.print()
    console.print(_last_lines(session, new, report, width=_width(console)))


def _draw_new(console: Console, new: Sequence[InsightItem], workspaces: Sequence[str]) -> None:
    number = _NUMBERS[len(new)] if len(new) < len(_NUMBERS) else str(len(new))
    names = [one_line(name, limit=60) for name in workspaces]
    where = f" for {_joined(names)}" if names else ""
    console.print()
    console.print(Text(f"{number} new insight{'s' if len(new) != 1 else ''}{where}", style="bold"))
    table = Table.grid(padding=(0, 1))
    table.width = _width(console)
    table.add_column(no_wrap=True, min_width=4, justify="right")
    table.add_column(ratio=3, overflow="fold")
    table.add_column(ratio=2, overflow="fold")
    for item in new:
        title = Text(one_line(item.title, limit=200))
        table.add_row(Text(item.id, style="bold"), title, Text(_places(item), style="dim"))
    console.print(table)


def _places(item: InsightItem) -> str:
    cited = [place(evidence.path, evidence) for evidence in item.evidence]
    return ", ".join(cited[:2]) + (" …" if len(cited) > 2 else "")


def _draw_facts(console: Console, observations: Sequence[Observation]) -> None:
    console.print()
    console.print(Text("No new insights. What the facts say:", style="bold"))
    names = {observation.workspace for observation in observations}
    table = Table.grid(padding=(0, 1))
    table.width = _width(console)
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    for observation in observations[: _MAX_FACTS * len(names)]:
        workspace = f"{observation.workspace}: " if len(names) > 1 else ""
        line = Text(f"{workspace}{observation.text}")
        if observation.evidence not in observation.text:
            line.append(f"  {observation.evidence}", style="dim")
        table.add_row("", line)
    console.print(table)


def _last_lines(
    session: DaydreamSession, new: Sequence[InsightItem], report: Path | None, *, width: int
) -> Text:
    """How it ended, and where to go on; broken between its parts, so that a command stays whole."""
    said, colour = _ENDS[session.outcome or Outcome.FAILED]
    took = ""
    if session.end_time is not None:
        seconds = (session.end_time - session.start_time).total_seconds()
        took = f" in {say_duration(max(seconds, 0))}"
    reasons = one_line("; ".join(session.reasons), limit=400)
    parts = [f"{said}{took}" + (f": {reasons}" if reasons else "")]
    parts.append("nothing in the workspace was changed")
    if new:
        parts.append(f"`daydreamd insights show {new[0].id}`")
    elif report is not None:
        parts.append(one_line(str(report), limit=300))
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    text = Text("\n".join(lines), overflow="fold")
    text.stylize(colour, 0, len(said))
    return text


def _width(console: Console) -> int:
    return min(console.width, MAX_WIDTH)


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
