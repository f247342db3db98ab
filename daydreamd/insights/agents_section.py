"""The section "Your agents" of the report: what each did, what of its words does not hold, what is
left open. Sessions that changed nothing and said nothing wrong are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from daydreamd.insights.page_templates import load_template
from daydreamd.records.agent_session import AgentClaim, AgentSummary
from daydreamd.text import code, markdown, one_line
from daydreamd.units import say_count

if TYPE_CHECKING:
    import jinja2

_MOST: Final = 12
_SAID_CHARS: Final = 160
_FACT_CHARS: Final = 500


def worth_telling(agents: Sequence[AgentSummary]) -> list[AgentSummary]:
    """Those with something to tell, the contradicted first, else as they come."""
    told = [one for one in agents if one.files or one.told or one.failed_again]
    return sorted(told, key=lambda one: not one.told)


def agents_section(agents: Sequence[AgentSummary]) -> str:
    """The section as Markdown; "" where there is nothing to say."""
    told = worth_telling(agents)
    if not told:
        return ""
    return _template().render(agents=told[:_MOST], more=max(0, len(told) - _MOST))


def first_look(agents: Sequence[AgentSummary]) -> str:
    """What to look at first, in a sentence; "" where no words were contradicted."""
    for one in worth_telling(agents):
        for claim in one.told:
            if claim.verdict == "contradicted":
                said = one_line(claim.text, limit=_SAID_CHARS).rstrip(".")
                where = _plain_name(one.workspace)
                return f"{one.agent} said “{said}” in {where}, and the facts say otherwise"
    return ""


@cache
def _template() -> jinja2.Template:
    return load_template(
        "agents.md.j2",
        {
            "name": _name,
            "span": _span,
            "did": _did,
            "claim": _claim,
            "code": lambda text: code(one_line(text, limit=120)),
        },
    )


def _name(workspace: str) -> str:
    return markdown(_plain_name(workspace))


def _plain_name(workspace: str) -> str:
    return one_line(PurePath(workspace).name or "a place unknown", limit=80)


def _span(one: AgentSummary) -> str:
    if one.end is None:
        return ""
    end, start = one.end.astimezone(), (one.start or one.end).astimezone()
    return f" {start:%H:%M}" if start == end else f" {start:%H:%M}–{_clock(start, end)}"


def _clock(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a %H:%M}"


def _did(one: AgentSummary) -> str:
    parts = [
        say_count(one.prompts, "prompt"),
        say_count(one.files, "file") + " edited" if one.files else "",
        f"{say_count(one.todos_open, 'to-do')} left open" if one.todos_open else "",
    ]
    return ", ".join(part for part in parts if part)


def _claim(claim: AgentClaim) -> str:
    """`said **“All tests pass”** (transcript line 41); the last …`."""
    said = markdown(one_line(claim.text, limit=_SAID_CHARS))
    line = f" (transcript line {claim.line:,})" if claim.line else ""
    proven = "" if claim.verdict == "contradicted" else " (unproven)"
    return (
        f"said **“{said}”**{line}{proven}; {markdown(one_line(claim.against, limit=_FACT_CHARS))}"
    )
