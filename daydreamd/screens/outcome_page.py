"""What is said when a session is over: the new insights, or the facts where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from daydreamd.insights.observations import Observation
from daydreamd.records.daydream_session import DaydreamSession, Outcome
from daydreamd.records.insight import InsightItem
from daydreamd.screens.wording import print_table, say_places, screen_width
from daydreamd.text import one_line
from daydreamd.units import say_duration, say_number

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


def draw_end(
    console: Console,
    session: DaydreamSession,
    *,
    observations: Sequence[Observation] = (),
    report: Path | None = None,
    program: str = "daydreamd",
    work: Sequence[str] = (),
) -> None:
    """What came of a session, and where to go on with which command of `program`."""
    new = [item for item in session.insight_items if item.status == "new"]
    width = screen_width(console)
    if new:
        _draw_new(console, new, list(session.workspace_analysis), width)
    elif observations:
        _draw_facts(console, observations, width)
    for line in work:
        console.print(Text(line, overflow="fold"), soft_wrap=True)
    console.print()
    onward = f"`{program} insights show {new[0].id}`" if new else _onward(session, report, program)
    parts = [say_outcome(session), "nothing in the workspace was changed", onward]
    text = Text(_broken_between([part for part in parts if part], width), overflow="fold")
    said, colour = _ENDS[session.outcome or Outcome.FAILED]
    text.stylize(colour, 0, len(said))
    console.print(text, soft_wrap=width is None)


def _onward(session: DaydreamSession, report: Path | None, program: str) -> str:
    """Where to go on where nothing new was found."""
    match session.outcome:
        case Outcome.UNCHANGED:
            return f"`{program} once --again` reflects all the same"
        case Outcome.SKIPPED:
            return f"`{program} why` shows each gate"
        case _:
            return one_line(str(report or ""), limit=300)


def say_outcome(session: DaydreamSession) -> str:
    """`completed in 1 min 55 s`, with the reasons where it was not."""
    said = _ENDS[session.outcome or Outcome.FAILED][0]
    if session.seconds is not None:
        said += f" in {say_duration(max(session.seconds, 0))}"
    reasons = one_line("; ".join(session.reasons), limit=400)
    return f"{said}: {reasons}" if reasons else said


def _draw_new(
    console: Console, new: Sequence[InsightItem], workspaces: Sequence[str], width: int | None
) -> None:
    number = say_number(len(new)).capitalize()
    names = [one_line(name, limit=60) for name in workspaces]
    where = f" for {_joined(names)}" if names else ""
    table = Table.grid(padding=(0, 1))
    table.width = width
    table.add_column(no_wrap=True, min_width=4, justify="right")
    table.add_column(ratio=3, overflow="fold")
    table.add_column(ratio=2, overflow="fold")
    for item in new:
        title = Text(one_line(item.title, limit=200))
        table.add_row(Text(item.id, style="bold"), title, Text(say_places(item), style="dim"))
    console.print()
    console.print(Text(f"{number} new insight{'s' if len(new) != 1 else ''}{where}", style="bold"))
    print_table(console, table)


def _draw_facts(console: Console, observations: Sequence[Observation], width: int | None) -> None:
    names = {observation.workspace for observation in observations}
    table = Table.grid(padding=(0, 1))
    table.width = width
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    for observation in observations[: _MAX_FACTS * len(names)]:
        workspace = f"{observation.workspace}: " if len(names) > 1 else ""
        line = Text(f"{workspace}{observation.text}")
        if observation.evidence not in observation.text:
            line.append(f"  {observation.evidence}", style="dim")
        table.add_row("", line)
    console.print()
    console.print(Text("No new insights. What the facts say:", style="bold"))
    print_table(console, table)


def _broken_between(parts: Sequence[str], width: int | None) -> str:
    """The parts, ` · ` between them, on lines that break there: a command to copy stays whole."""
    lines = [parts[0]]
    for part in parts[1:]:
        if width is None or len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
