"""What `daydreamd once` says of the agents when it is over: those whose words do not hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from rich.console import Console
from rich.text import Text

from daydreamd.insights.agents_section import worth_telling
from daydreamd.records.agent_session import AgentSummary
from daydreamd.text import one_line
from daydreamd.units import say_count

_MOST: Final = 5


def draw_agents(console: Console, agents: Sequence[AgentSummary], width: int | None) -> None:
    """A line for each session that changed something; nothing where there is none."""
    told = worth_telling(agents)
    if not told:
        return
    console.print()
    console.print(Text("Your agents", style="bold"))
    for one in told[:_MOST]:
        console.print(_line(one), soft_wrap=width is None)
    if len(told) > _MOST:
        console.print(f"  {len(told) - _MOST} more: `daydreamd agents`", soft_wrap=width is None)


def _line(one: AgentSummary) -> Text:
    where = one_line(PurePath(one.workspace).name or "somewhere", limit=60)
    line = Text(f"  {where}, {one.agent}: {say_count(one.files, 'file')} edited")
    for claim in one.told[:2]:
        line.append(f"; said “{one_line(claim.text, limit=100)}”, ")
        style = "red" if claim.verdict == "contradicted" else "yellow"
        line.append(f"{claim.verdict}: {one_line(claim.against, limit=200)}", style=style)
    line.append(f"  daydreamd agents show {one_line(one.id, limit=40)}", style="dim")
    return line
