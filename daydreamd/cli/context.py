"""`daydreamd context`: what a session would find out about a directory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.context.gathering import ContextReport
    from daydreamd.records.workspace import Workspace


@click.command("context")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
    """Show what a session would find out about PATH, by default the current directory.

    With --json one PATH gives its entry, several give an object of entries by name.

    \b
    Example: daydreamd context ~/src/shop --json
    """
    import anyio

    from daydreamd.cli.arguments import here
    from daydreamd.context.workspaces import find_workspaces
    from daydreamd.screens.context_lines import harmless_line, say_facts

    workspaces = find_workspaces(paths or (here(),), invocation.loaded.settings.workspaces)
    with tempfile.TemporaryDirectory(prefix="daydreamd-context-") as scratch:
        report = anyio.run(_gather, workspaces, Path(scratch), invocation.places.cache)
    for failure in report.failures:
        click.echo(f"daydreamd: {harmless_line(failure)}", err=True)
    entries = report.workspaces
    if as_json:
        only = len(workspaces) == 1
        print_document(next(iter(entries.values()), None) if only else entries)
    else:
        click.echo("\n\n".join("\n".join(say_facts(entry)) for entry in entries.values()))
    if len(entries) < len(workspaces):
        click.get_current_context().exit(1)


async def _gather(workspaces: Sequence[Workspace], scratch: Path, cache: Path) -> ContextReport:
    from daydreamd.context.gathering import gather_context
    from daydreamd.records.events import Emitter

    silent = Emitter("context", lambda _: None)  # failures are in the report
    return await gather_context(workspaces, scratch=scratch, cache=cache, emitter=silent)
