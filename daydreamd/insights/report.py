"""The page people read: what is new, what is still open, and the facts that need no model.

Everything in it that somebody else wrote passes through `daydreamd.text` on its way, so that the
page stays the Markdown it was meant to be. Where it lies is the archive's matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import msgspec

from daydreamd.insights.disk_section import disk_lines
from daydreamd.insights.judgement import Judgement
from daydreamd.insights.observations import Observation
from daydreamd.records.disk import DiskUse
from daydreamd.records.insight import AnyInsight, Evidence, KnownInsight
from daydreamd.text import code, longest_run, markdown, one_line, visible
from daydreamd.units import say_duration

if TYPE_CHECKING:
    import jinja2

_QUOTE_LINES: Final = 12
_QUOTE_COLUMNS: Final = 160
_MAX_OPEN: Final = 50


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that goes into one report.

    `failure` says why there was no reflection, and is never shown as an insight; `partial` that
    the answer was cut at the deadline. `tidied` is one line; with `can_undo` the page says how to
    bring back what was ended. `elsewhere` are the open insights of other workspaces, and
    `not_looked_at` says why something was not seen. `at` is aware, shown as local time.
    """

    session_id: str
    at: datetime
    workspaces: tuple[str, ...]
    judgement: Judgement = Judgement()
    observations: Sequence[Observation] = ()
    model: str | None = None
    analysis_seconds: float | None = None
    failure: str | None = None
    partial: bool = False
    tidied: str = ""
    can_undo: bool = False
    elsewhere: Sequence[KnownInsight] = ()
    not_looked_at: Sequence[str] = ()
    disk: DiskUse | None = None


def render(report: Report) -> str:
    """The report as Markdown."""
    facts: dict[str, list[Observation]] = {}
    for observation in report.observations:
        facts.setdefault(observation.workspace, []).append(observation)
    page = _template().render(
        report=report,
        headline=headline(report),
        new=report.judgement.new,
        still_open=report.judgement.still_open[:_MAX_OPEN],
        addressed=report.judgement.addressed[:_MAX_OPEN],
        elsewhere=report.elsewhere[:_MAX_OPEN],
        facts=facts,
        disk=disk_lines(report.disk),
        several=len(report.workspaces) > 1,
    )
    return page.rstrip("\n") + "\n"


def headline(report: Report) -> str:
    """The counts, who found what, and what became of the rest; Markdown."""
    judgement = report.judgement
    counts = f"**{len(judgement.new) or 'Nothing'} new**"
    if judgement.still_open:
        counts += f", {len(judgement.still_open)} still open"
    if judgement.addressed:
        counts += f", {len(judgement.addressed)} addressed"
    if report.failure:
        reason = markdown(one_line(report.failure, limit=300)).rstrip(".")
        return f"{counts}. No reflection this time: {reason}. The facts need no model."
    if report.model is None:
        return f"{counts}. No model was asked; the facts need none."
    took = say_duration(report.analysis_seconds) if report.analysis_seconds is not None else ""
    made = f"Made by {markdown(one_line(report.model, limit=80))}" + (f" in {took}" if took else "")
    cut = " The answer was cut at the deadline: this is what had come." if report.partial else ""
    return f"{counts}. {made}; {judgement.summary()}.{cut}"


@cache
def _template() -> jinja2.Template:
    import jinja2  # noqa: PLC0415 - 80 ms, which a session's start need not wait for

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("daydreamd.insights"),
        autoescape=False,  # noqa: S701 - Markdown, not HTML: the filters below escape for it
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": lambda text: markdown(one_line(text, limit=1_000)),
        "code": lambda text: code(one_line(text, limit=200)),
        "moment": _moment,
        "place": _place,
        "quote": _quote,
        "seen": _seen,
        "changed": _changed,
    }
    return environment.get_template("report.md.j2")


def _moment(at: datetime) -> str:
    local = at.astimezone()
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M %Z}"


def _place(item: AnyInsight, several: bool) -> str:
    workspace = f"{markdown(one_line(item.workspace, limit=80))} · " if several else ""
    cited = [code(evidence.place) for evidence in item.evidence[:2]]
    return workspace + ", ".join(cited) + (" …" if len(item.evidence) > 2 else "")


def _quote(evidence: Evidence) -> str:
    """The cited lines with their numbers, fenced beyond any backticks in them."""
    lines = visible(evidence.quote).split("\n")
    shown = [
        f"{number} {line.rstrip()[:_QUOTE_COLUMNS]}"
        for number, line in enumerate(lines[:_QUOTE_LINES], evidence.line)
    ]
    shown += ["…"] if len(lines) > _QUOTE_LINES else []
    fence = "`" * max(3, longest_run(evidence.quote) + 1)
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
