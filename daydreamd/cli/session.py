"""`daydreamd session`: one session for the daemon, told as JSON lines on stdout.

Not for people: `once` is. The daemon holds this process on a leash.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.events import AnyEvent


@click.command("session", hidden=True)
@click.option(
    "--trigger",
    required=True,
    type=click.Choice(["timer", "start", "signal", "control", "pressure"]),
)
@click.option("--held-back", default="", help="Why the model is not asked; empty: it is.")
@click.pass_obj
def command(invocation: Invocation, trigger: str, held_back: str) -> None:
    """Run one session for the daemon."""
    import anyio

    from daydreamd.context.workspaces import find_workspaces
    from daydreamd.records.daydream_session import EXIT_CODES, Outcome, Trigger
    from daydreamd.sessions.holding import hold_session
    from daydreamd.sessions.plan import Plan

    settings, asked = invocation.loaded.settings, Trigger(trigger)
    plan = Plan(
        workspaces=find_workspaces(settings.workspaces),
        idle_gates=not asked.is_a_persons_wish,
        held_back=held_back,
        only_tidies="memory is short: only tidied up" if asked is Trigger.PRESSURE else "",
    )
    held = anyio.run(
        lambda: hold_session(settings, invocation.places, plan, trigger=asked, sink=_tell)
    )
    sys.exit(EXIT_CODES[held.session.outcome or Outcome.FAILED])


def _tell(event: AnyEvent) -> None:
    from daydreamd.records.events import to_line

    sys.stdout.buffer.write(to_line(event))
    sys.stdout.buffer.flush()
