"""`daydreamd why`: what would happen if it were time now, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("why")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell whether a timed session would run now, gate by gate.

    \b
    Example: daydreamd why
    """
    import anyio
    import msgspec

    from daydreamd.screens.gate_table import say_readiness

    for fault in invocation.loaded.faults:
        click.echo(f"daydreamd: {fault}", err=True)
    report = anyio.run(invocation.service.why, invocation.loaded.settings)
    if as_json:
        print_document(msgspec.to_builtins(report.health) | {"metrics": report.metrics})
        return
    for line in say_readiness(report):
        click.echo(line)
    click.echo(_ways_on(invocation))


def _ways_on(invocation: Invocation) -> str:
    """When the daemon looks again, if one runs, and how not to wait for it."""
    from daydreamd.errors import DaemonError
    from daydreamd.units import say_duration

    try:
        wait = invocation.service.status().next.in_seconds
    except DaemonError:
        return "No daemon runs. `daydreamd once` runs one anyway."
    again = "" if wait is None else f"It looks again in {say_duration(max(wait, 0))}. "
    return f"{again}`daydreamd trigger` runs one anyway."
