"""`daydreamd context`: what a session would find out about a directory."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("context")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
    """Show what a session would find out about PATH, by default the current directory.

    With --json one PATH gives its entry, several give an object of entries by name.

    \b
    Example: daydreamd context ~/src/shop --json
    """
    import anyio

    from daydreamd.cli.workspace_facts import gather_facts
    from daydreamd.screens.context_lines import say_facts

    workspaces = invocation.workspaces(paths)
    cache = invocation.places.cache
    with tempfile.TemporaryDirectory(prefix="daydreamd-context-") as scratch:
        gather = partial(gather_facts, workspaces, scratch=Path(scratch), cache=cache)
        entries = anyio.run(gather).workspaces
    document = next(iter(entries.values()), None) if len(workspaces) == 1 else entries
    screen = "\n\n".join("\n".join(say_facts(entry)) for entry in entries.values())
    print_answer(document, [screen], as_json=as_json)
    if len(entries) < len(workspaces):
        click.get_current_context().exit(1)
