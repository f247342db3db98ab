"""`daydreamd watch`: what the daemon's sessions do, as they do it."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.daemon.client import Connection


@click.command("watch")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Show events as they happen, until Ctrl-C or the daemon's end.

    \b
    Example: daydreamd watch
    """
    from daydreamd.cli.reach import reach

    with reach(invocation) as daemon:
        daemon.ask("watch")
        # Ctrl-C is how watching ends; a reader that has left (`| head`) ends it too.
        with suppress(KeyboardInterrupt, BrokenPipeError):
            _print(daemon, as_json=as_json)


def _print(daemon: Connection, *, as_json: bool) -> None:
    if as_json:
        for line in daemon.lines():
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
        return
    from daydreamd.events import PhaseStarted, from_line
    from daydreamd.observe.logs import configure
    from daydreamd.settings.schema import Observe

    log = configure(Observe(format="console", level="debug"), stream=sys.stdout)
    for line in daemon.lines():
        event = from_line(line)
        if not isinstance(event, PhaseStarted):  # its end says more
            log(event)
            sys.stdout.flush()
