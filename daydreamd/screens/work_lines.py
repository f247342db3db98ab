"""What exists only on this disk, and instructions that are no longer true, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from daydreamd.insights.instructions_section import instruction_section
from daydreamd.insights.only_here_section import only_here_section
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.text import one_line

_MAX_LINES: Final = 12


def say_work(workspaces: Mapping[str, WorkspaceFacts]) -> Iterator[str]:
    """Lines under two headings; none where there is nothing to say. A command stays whole."""
    disk, told = only_here_section(workspaces), instruction_section(workspaces)
    if disk.rows:
        yield "Only on this disk"
    for row in disk.rows[:_MAX_LINES]:
        since = f" ({row.since})" if row.since else ""
        yield "  " + one_line(f"{row.what}{since}: {row.why}", limit=400)
        command = row.keep or row.remove
        if command != "look yourself" and command.isprintable():
            yield f"      {'keep' if row.keep else 'remove'}: {command}"
    if (more := disk.more + max(0, len(disk.rows) - _MAX_LINES)) > 0:
        yield f"  and {more} more"
    if told.faults:
        yield "Instructions that are no longer true"
    for _, fault in told.faults[:_MAX_LINES]:
        place = f"{fault.path}:{fault.line}"
        yield "  " + one_line(f"{place} says {fault.said}: {fault.reason}", limit=300)
