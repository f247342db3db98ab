"""`daydreamd why`: what would happen if it were time now, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("why")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell whether a timed session would run now, gate by gate.

    \b
    Example: daydreamd why
    """
    import anyio
    import msgspec

    from daydreamd.screens.gate_table import say_readiness

    invocation.tell_faults()
    report = anyio.run(invocation.service.why, invocation.loaded.settings)
    document = msgspec.to_builtins(report.health) | {"metrics": report.metrics}
    print_answer(document, chain(say_readiness(report), _ways_on(invocation)), as_json=as_json)


def _ways_on(invocation: Invocation) -> Iterator[str]:
    """When the daemon looks again, if one runs, and how not to wait for it."""
    from daydreamd.errors import DaemonError
    from daydreamd.units import say_duration

    try:
        wait = invocation.service.status().next.in_seconds
    except DaemonError:
        yield "No daemon runs. `daydreamd once` runs one anyway."
        return
    again = "" if wait is None else f"It looks again in {say_duration(max(wait, 0))}. "
    yield f"{again}`daydreamd trigger` runs one anyway."
