"""The page people read: what is new, what is still open, and the facts that need no model.

Everything in it that somebody else wrote passes through `daydreamd.text` on its way, so that the
page stays the Markdown it was meant to be. Where it lies is the archive's matter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from daydreamd.insights.agents_section import agents_section
from daydreamd.insights.disk_section import disk_lines
from daydreamd.insights.instructions_section import instruction_section
from daydreamd.insights.judgement import Judgement
from daydreamd.insights.observations import Observation
from daydreamd.insights.only_here_section import cells, only_here_section
from daydreamd.insights.page_templates import load_template
from daydreamd.insights.report_words import (
    look_at_first,
    pressing,
    say_came,
    say_counts,
    say_proof,
    say_survived,
)
from daydreamd.records.agent_session import AgentSummary
from daydreamd.records.disk import DiskUse
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.insight import AnyInsight, InsightItem, KnownInsight
from daydreamd.records.origin import Origin
from daydreamd.text import code, longest_run, markdown, one_line, visible

if TYPE_CHECKING:
    import jinja2

_QUOTE_LINES: Final = 30
_QUOTE_COLUMNS: Final = 160
_MAX_OPEN: Final = 50


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that goes into one report.

    `failure` says why there was no reflection, and is never shown as an insight; `partial` that
    the answer was cut at the deadline. `functions_shown` and `files_shown` count what the model
    read. `origins` tells by its id where each new insight's lines come from. `tidied` is one line;
    with `can_undo` the page says how to bring back what was ended. `elsewhere` are the open
    insights of other workspaces, and `not_looked_at` says why something was not seen; `facts` are
    those of the workspaces looked at. `at` is aware, shown as local time.
    """

    session_id: str
    at: datetime
    workspaces: tuple[str, ...]
    judgement: Judgement = Judgement()
    observations: Sequence[Observation] = ()
    origins: Mapping[str, Origin] = {}
    functions_shown: int = 0
    files_shown: int = 0
    model: str | None = None
    analysis_seconds: float | None = None
    failure: str | None = None
    partial: bool = False
    agents: Sequence[AgentSummary] = ()
    tidied: str = ""
    can_undo: bool = False
    elsewhere: Sequence[KnownInsight] = ()
    not_looked_at: Sequence[str] = ()
    facts: Mapping[str, WorkspaceFacts] = {}
    disk: DiskUse | None = None


def render(report: Report) -> str:
    """The report as Markdown."""
    judgement = report.judgement
    still_open = (*judgement.still_open, *report.elsewhere)
    page = _template().render(
        report=report,
        first=look_at_first(report),
        counts=say_counts(report),
        proof=say_proof(report),
        new=[_new(report, item) for item in judgement.new],
        still_open=still_open[:_MAX_OPEN],
        addressed=judgement.addressed[:_MAX_OPEN],
        facts=pressing(report.observations),
        agents=agents_section(report.agents),
        silenced=judgement.silenced,
        several=len(report.workspaces) > 1,
        several_open=len({*report.workspaces, *(one.workspace for one in still_open)}) > 1,
        only_here=only_here_section(report.facts),
        disk=disk_lines(report.disk),
        instructions=instruction_section(report.facts),
    )
    return page.rstrip("\n") + "\n"


@cache
def _template() -> jinja2.Template:
    return load_template(
        "report.md.j2",
        {
            "text": lambda text: markdown(one_line(text, limit=1_000)),
            "code": lambda text: code(one_line(text, limit=200)),
            "moment": _moment,
            "places": _places,
            "seen": _seen,
            "changed": _changed,
            "cells": cells,
        },
    )


def _moment(at: datetime) -> str:
    local = at.astimezone()
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M %Z}"


class _New(NamedTuple):
    """A new insight as the page shows it; its texts are Markdown."""

    item: InsightItem
    place: str
    quote: str
    survived: str


def _new(report: Report, item: InsightItem) -> _New:
    origin = report.origins.get(item.id)
    came = say_came(origin, report.at)
    function = (
        f", in {code(one_line(origin.function, limit=100))}" if origin and origin.function else ""
    )
    since = f", {markdown(came)}" if came else ""
    return _New(item, f"{_places(item)}{function}{since}", _quote(item, origin), say_survived(item))


def _places(item: AnyInsight) -> str:
    cited = [code(evidence.place) for evidence in item.evidence[:2]]
    return ", ".join(cited) + (" …" if len(item.evidence) > 2 else "")


def _quote(item: InsightItem, origin: Origin | None) -> str:
    """The function around the cited lines, those marked, fenced beyond any backticks in them."""
    evidence = item.evidence[0]
    around = (
        origin
        if origin and origin.text
        else Origin(first_line=evidence.line, text=visible(evidence.quote))
    )
    lines = visible(around.text).split("\n")
    meant = range(evidence.line, evidence.end_line + 1)
    is_wider = len(lines) > len(meant)
    marks = dict.fromkeys(meant, ">") if is_wider else {}
    shown = [
        f"{number:>4}{marks.get(number, ' ')} {line[:_QUOTE_COLUMNS]}".rstrip()
        for number, line in enumerate(lines[:_QUOTE_LINES], around.first_line)
    ]
    shown += ["…"] if len(lines) > _QUOTE_LINES else []
    fence = "`" * max(3, longest_run(around.text) + 1)
    language = PurePosixPath(evidence.path).suffix[1:]
    opening = fence + (language if language.isascii() and language.isalnum() else "")
    return "\n".join(f"> {line}" for line in (opening, *shown, fence))


def _seen(item: AnyInsight) -> str:
    """` · seen 4 times since 3 November`, where the history has met it before."""
    if not isinstance(item, KnownInsight) or item.times_seen < 2:
        return ""
    first = item.first_seen.astimezone()
    return f" · seen {item.times_seen} times since {first.day} {first:%B}"


def _changed(item: AnyInsight, mended: Collection[str] = ()) -> str:
    if item.id in mended:
        return "addressed"
    commit = item.evidence[0].commit[:7] if item.evidence else ""
    since = f" since {code(commit)}" if commit else ""
    return f"changed{since}, perhaps addressed"
