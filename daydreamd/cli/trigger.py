"""`daydreamd trigger`: a session now, by the daemon."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("trigger")
@click.option("--wait", is_flag=True, help="Wait for the session, and exit as `once` would.")
@click.option("--json", "as_json", is_flag=True, help="Print the end as one JSON document.")
@click.pass_obj
def command(invocation: Invocation, wait: bool, as_json: bool) -> None:
    """Have the daemon run a session now, whatever the idle gates say.

    While one runs, exactly one more is noted. After failed sessions it tries again.

    \b
    Example: daydreamd trigger --wait
    """
    from daydreamd.records.daydream_session import EXIT_CODES
    from daydreamd.records.session_end import SessionEnd
    from daydreamd.screens.session_table import say_session_end

    end: SessionEnd | None = None
    with invocation.service.daemon() as daemon:
        when = daemon.trigger(wait=wait)
        if not as_json:
            now = when == "now"
            click.echo("A session begins." if now else "A session follows the one that runs.")
        if wait:
            end = daemon.session_end()
    if as_json:
        print_document(end or {"trigger": when})
    elif end is not None:
        click.echo(say_session_end(end))
    if end is not None:
        sys.exit(EXIT_CODES[end.outcome])
