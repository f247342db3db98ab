"""The screens of `daydreamd sessions` and `daydreamd trigger`: past sessions, one, and an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click
import msgspec

from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.daydream_session import DaydreamSession, Outcome
from daydreamd.records.session_end import SessionEnd, SessionSummary
from daydreamd.text import one_line
from daydreamd.units import say_duration

_COLOURS: Final = {
    Outcome.COMPLETED: "green",
    Outcome.UNCHANGED: "green",
    Outcome.FAILED: "red",
    Outcome.INTERRUPTED: "red",
}


def say_sessions(sessions: Sequence[SessionSummary]) -> Iterator[str]:
    """A line for each session, and its first reason where it came to nothing."""
    if not sessions:
        yield "No session has run yet. `daydreamd once` runs one now."
        return
    yield click.style(f" {'session':22}{'began':15}{'took':13}{'trigger':9}outcome", dim=True)
    for one in sessions:
        began, took = one.start_time.astimezone(), _took(one.seconds)
        row = f" {one.session_id:22}{began:%d %b %H:%M}   {took:13}{one.trigger.label:9}"
        yield row + style_outcome(one.outcome)
        if one.reasons and one.outcome not in (Outcome.COMPLETED, Outcome.UNCHANGED):
            yield click.style(f"   {one_line(one.reasons[0], limit=200)}", dim=True)


def say_session(session: DaydreamSession) -> Iterator[str]:
    """One session: its phases, reasons, model, insights, and what was tidied."""
    began = session.start_time.astimezone()
    yield (
        f"{session.session_id} · {style_outcome(session.outcome)} in {_took(session.seconds)}"
        f" · {session.trigger.label} · {began:%A %d %B, %H:%M %Z}"
    )
    for phase, took in session.phase_seconds.items():
        yield f"  {phase.label:12}{say_duration(took)}"
    for reason in session.reasons:
        yield f"  {one_line(reason, limit=500)}"
    if session.analysis.model:
        yield click.style(f"  {one_line(_analysis(session.analysis), limit=200)}", dim=True)
    for item in session.insight_items:
        where = ", ".join(evidence.place for evidence in item.evidence)
        told = f"  {item.id}  {one_line(item.title, limit=100)}  "
        yield told + click.style(one_line(where, limit=200), dim=True)
    for when, summary in msgspec.to_builtins(session.cleanup_summary).items():
        facts = (f"{key.replace('_', ' ')} {value}" for key, value in summary.items() if value)
        said = one_line(", ".join(facts), limit=300) or "nothing to do"
        yield click.style(f"  {when.replace('_analysis', ' analysis')}: {said}", dim=True)


def say_session_end(end: SessionEnd) -> str:
    """The outcome, how long it took, why, and what is new."""
    line = f"{end.outcome.label} in {say_duration(end.seconds)}"
    if reasons := one_line("; ".join(end.reasons), limit=400):
        line += f": {reasons}"
    if end.new_insights:
        line += f" · {end.new_insights} new, {end.insights_path}"
    return line


def style_outcome(outcome: Outcome | None) -> str:
    """The outcome in its colour; None is that of a session that runs."""
    if outcome is None:
        return click.style("running", fg="yellow")
    return click.style(outcome.label, fg=_COLOURS.get(outcome, "yellow"))


def _took(seconds: float | None) -> str:
    return "–" if seconds is None else say_duration(seconds)


def _analysis(facts: AnalysisFacts) -> str:
    counts = f", {facts.prompt_tokens:,} tokens sent" if facts.prompt_tokens else ""
    counts += f", {facts.answer_tokens:,} received" if facts.answer_tokens else ""
    return f"{facts.provider} {facts.model} through {facts.engine}{counts}"
