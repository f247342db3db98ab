"""`daydreamd status`: the state of the daemon, in six lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell how the daemon stands: what runs, what comes next, how it went.

    \b
    Example: daydreamd status
    """
    from daydreamd.screens.status_lines import say_status

    status = invocation.service.status()
    if as_json:
        print_document(status)
        return
    for line in say_status(status):
        click.echo(line)
