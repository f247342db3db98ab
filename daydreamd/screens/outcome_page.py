"""What is said when a session is over: what its report says, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from daydreamd.insights.report import Report
from daydreamd.insights.report_words import (
    look_at_first,
    pressing,
    say_came,
    say_counts,
    say_proof,
    say_survived,
)
from daydreamd.records.daydream_session import DaydreamSession, Outcome
from daydreamd.records.insight import InsightItem
from daydreamd.screens.agent_page import draw_agents
from daydreamd.screens.wording import say_places, screen_width
from daydreamd.text import one_line
from daydreamd.units import say_duration

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
    told: Report | None = None,
    report: Path | None = None,
    program: str = "daydreamd",
    work: Sequence[str] = (),
) -> None:
    """What came of a session, as its report says it, and where to go on with `program`."""
    new = [item for item in session.insight_items if item.status == "new"]
    width = screen_width(console)
    if told is not None:
        console.print()
        for line in _told(told):
            console.print(line, soft_wrap=width is None, width=width)
    draw_agents(console, session.recent_activity.agents, width)
    for said in work:
        console.print(Text(said, overflow="fold"), soft_wrap=True)
    console.print()
    onward = f"`{program} insights show {new[0].id}`" if new else _onward(session, report, program)
    parts = [say_outcome(session), "nothing in the workspace was changed", onward]
    text = Text(_broken_between([part for part in parts if part], width), overflow="fold")
    said, colour = _ENDS[session.outcome or Outcome.FAILED]
    text.stylize(colour, 0, len(said))
    console.print(text, soft_wrap=width is None)


def _told(told: Report) -> Iterator[Text]:
    """The report in the same words, without its quotes."""
    if first := look_at_first(told):
        yield Text.assemble(("Look at first: ", "bold"), "; ".join(first) + ".")
    yield Text(f"{say_counts(told)} {say_proof(told)}".strip())
    for item in told.judgement.new:
        yield Text()
        yield from _insight(told, item)
    for title, lines in _rest(told):
        yield Text()
        yield Text(title, style="bold")
        yield from (Text(f" {one_line(line, limit=400)}") for line in lines)


def _insight(told: Report, item: InsightItem) -> Iterator[Text]:
    several = len(told.workspaces) > 1
    workspace = f" · {one_line(item.workspace, limit=60)}" if several else ""
    yield Text(f"{item.id} · {one_line(item.title, limit=200)}{workspace}", style="bold")
    origin = told.origins.get(item.id)
    function = f", in {one_line(origin.function, limit=80)}" if origin and origin.function else ""
    came = say_came(origin, told.at)
    yield Text(say_places(item) + function + (f", {came}" if came else ""), style="dim")
    yield Text(one_line(item.body, limit=1_000))
    yield Text(say_survived(item), style="dim")


def _rest(told: Report) -> Iterator[tuple[str, Sequence[str]]]:
    several = len(told.workspaces) > 1
    facts = [
        (f"{fact.workspace}: " if several else "") + f"{fact.text} · {fact.evidence}"
        for fact in pressing(told.observations)
    ]
    for title, lines in (
        ("Waiting for you", facts),
        ("Not looked at", told.not_looked_at),
        ("Rules", told.judgement.silenced),
    ):
        if lines:
            yield title, lines


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


def _broken_between(parts: Sequence[str], width: int | None) -> str:
    """The parts, ` · ` between them, on lines that break there: a command to copy stays whole."""
    lines = [parts[0]]
    for part in parts[1:]:
        if width is None or len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return "\n".join(lines)
