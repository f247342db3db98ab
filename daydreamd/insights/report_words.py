"""The sentences that the report and the screen have in common, as plain text on one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from daydreamd.insights.agents_section import first_look
from daydreamd.insights.observations import Observation
from daydreamd.records.insight import InsightItem, Survived
from daydreamd.records.insight_stats import MODEL
from daydreamd.records.origin import Origin
from daydreamd.text import one_line
from daydreamd.units import say_count, say_duration, say_number

if TYPE_CHECKING:
    from daydreamd.insights.report import Report

_MOST_FIRST: Final = 3
_MOST_FACTS: Final = 2


def look_at_first(report: Report) -> list[str]:
    """What to look at first, most pressing first: at most three."""
    said = [text for lead in LEADS for text in lead(report)]
    return [one_line(text, limit=200) for text in said][:_MOST_FIRST]


def _words_that_do_not_hold(report: Report) -> Iterator[str]:
    if said := first_look(report.agents):
        yield said


def _broken(report: Report) -> Iterator[str]:
    """The first new insight that says that something breaks."""
    for item in report.judgement.new:
        if item.category == "bug":
            yield f"{item.title}{_in(report, item.workspace)} ({item.id})"
            return


def _pressing(report: Report) -> Iterator[str]:
    for fact in pressing(report.observations)[:_MOST_FACTS]:
        yield f"{fact.text}{_in(report, fact.workspace)}"


LEADS: Sequence[Callable[[Report], Iterable[str]]] = (
    _words_that_do_not_hold,
    _broken,
    _pressing,
)
"""Each says what somebody should look at first, or nothing; the most pressing kind stands first."""


def pressing(observations: Iterable[Observation]) -> list[Observation]:
    """The facts on which somebody would act today."""
    return [one for one in observations if one.is_pressing]


def _in(report: Report, workspace: str) -> str:
    return f" in {one_line(workspace, limit=60)}" if len(report.workspaces) > 1 else ""


def say_counts(report: Report) -> str:
    """`2 new insights, 4 open, 1 addressed.`, or that there is nothing new."""
    judgement = report.judgement
    new = say_count(len(judgement.new), "new insight") if judgement.new else "Nothing new"
    standing = len(judgement.still_open) + len(report.elsewhere)
    said = [new]
    said += [f"{standing} open"] if standing else []
    said += [f"{len(judgement.addressed)} addressed"] if judgement.addressed else []
    return ", ".join(said) + "."


def say_proof(report: Report) -> str:
    """What was read and what fell: that a report with nothing in it has looked."""
    said = [*_read(report), *_fell(report)]
    if report.failure:
        reason = one_line(report.failure, limit=300).rstrip(".")
        said.append(f"No reflection this time: {reason}.")
    elif report.model is None:
        said.append("No model was asked.")
    if report.workspaces and (report.failure or report.model is None):
        said.append("The rules held the lines changed this week to account.")
    if report.partial:
        said.append("The answer was cut at the deadline: this is what had come.")
    return " ".join(said)


def _read(report: Report) -> Iterator[str]:
    if not report.files_shown or report.failure:
        return
    functions = say_count(report.functions_shown, "function")
    files = say_count(report.files_shown, "file")
    what = f"{functions} in {files}" if report.functions_shown else files
    by = f" by {one_line(report.model, limit=80)}" if report.model else ""
    took = f" in {say_duration(report.analysis_seconds)}" if report.analysis_seconds else ""
    are = "was" if (report.functions_shown or report.files_shown) == 1 else "were"
    yield f"{what} {are} read{by}{took}."


def _fell(report: Report) -> Iterator[str]:
    judgement = report.judgement
    fell = len(judgement.dropped)
    if not judgement.proposed:
        if report.files_shown and not report.failure:
            yield "Nothing was proposed."
        return
    proposals = say_count(judgement.proposed, "proposal")
    if not fell:
        yield f"None of {proposals} fell." if judgement.proposed > 1 else "The one proposal held."
        return
    yield f"Of {proposals} {fell} fell: {one_line(judgement.reasons(), limit=300)}."


def say_came(origin: Origin | None, now: datetime) -> str:
    """`new in 4be1f02 "Retry on 5xx" (yesterday)`; "" where nothing is known."""
    if origin is None or (origin.at is None and origin.is_committed):
        return ""
    if not origin.is_committed:
        return "not committed yet"
    subject = one_line(origin.subject, limit=80).replace("`", "'")
    when = say_day(origin.at, now) if origin.at else ""
    return f'last changed in {origin.commit[:7]} "{subject}"' + (f" ({when})" if when else "")


def say_day(at: datetime, now: datetime) -> str:
    """`today`, `yesterday`, `4 days ago`, or the date where that is long ago."""
    then, today = at.astimezone().date(), now.astimezone().date()
    days = (today - then).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days <= 30 else f"{then.day} {then:%B %Y}"


def say_survived(item: InsightItem) -> str:
    """Why it is told: what could have spoken against it and did not."""
    held = item.survived
    if item.source != MODEL:
        found = f"Found by the rule `{one_line(item.source, limit=60)}` on a changed line"
        return f"{found}; {_looks(held)}." if held.looks else f"{found}, which is not guessed."
    said = ["it cites lines that stand there"] if not (held.searches or held.looks) else []
    if held.searches:
        said.append(f"{say_count(held.searches, 'search', 'searches')} found nothing against it")
    if held.looks:
        said.append(_looks(held))
    return f"Survived: {'; '.join(said)}."


def _looks(held: Survived) -> str:
    of = say_count(held.looks, "look")
    return f"{say_number(held.holds)} of {of} held"
