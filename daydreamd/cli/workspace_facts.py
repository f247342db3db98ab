"""What a session would find out about directories, found out now for `context` and `prompt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.context.gathering import ContextReport
    from daydreamd.records.reflected import Before
    from daydreamd.records.workspace import Workspace


async def gather_facts(
    workspaces: Sequence[Workspace],
    *,
    scratch: Path,
    cache: Path,
    before: Mapping[str, Before] | None = None,
) -> ContextReport:
    """The facts of each workspace; a line on standard error for each that could not be had.

    `before` is what earlier sessions saw; without it only what is new is read.
    """
    from daydreamd.context.gathering import gather_context
    from daydreamd.records.events import Emitter
    from daydreamd.screens.context_lines import harmless_line

    silent = Emitter("", lambda _: None)  # failures are in the report
    report = await gather_context(
        workspaces, scratch=scratch, cache=cache, emitter=silent, before=before
    )
    for failure in report.failures:
        click.echo(f"daydreamd: {harmless_line(failure)}", err=True)
    return report
