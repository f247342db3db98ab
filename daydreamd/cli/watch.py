"""`daydreamd watch`: what the daemon's sessions do, as they do it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.events import AnyEvent


@click.command("watch")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Show events as they happen, until Ctrl-C or the daemon's end.

    \b
    Example: daydreamd watch
    """
    service = invocation.service
    # Ctrl-C is how watching ends; a reader that has left (`| head`) ends it too.
    with suppress(KeyboardInterrupt, BrokenPipeError):
        _print_lines(service.event_lines()) if as_json else _print_events(service.events())


def _print_lines(lines: Iterator[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()


def _print_events(events: Iterator[AnyEvent]) -> None:
    from daydreamd.observe.logs import configure
    from daydreamd.records.events import PhaseStarted
    from daydreamd.settings.schema import Observe

    log = configure(Observe(format="console", level="debug"), stream=sys.stdout)
    for event in events:
        if not isinstance(event, PhaseStarted):  # its end says more
            log(event)
            sys.stdout.flush()
