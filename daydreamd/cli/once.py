"""`daydreamd once`: one session now, in the foreground."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("once")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--if-idle", is_flag=True, help="Only when the machine is idle; else exit 3.")
@click.option("--again", is_flag=True, help="Reflect even though nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the session as one JSON document.")
@click.pass_obj
def command(
    invocation: Invocation, paths: tuple[str, ...], if_idle: bool, again: bool, as_json: bool
) -> None:
    """Run one session now and show it.

    PATH is a directory to reflect on, by default the current one. Nothing in it is changed.

    \b
    Example: daydreamd once ~/src/shop
    Exit codes: 0 done, 1 failed, 3 not ready, 4 facts only, 5 timed out, 130 stopped by Ctrl-C.
    """
    import anyio

    from daydreamd.errors import UsageError
    from daydreamd.records.daydream_session import EXIT_CODES, Outcome, Trigger
    from daydreamd.screens.console import watch_session
    from daydreamd.sessions.holding import hold_session
    from daydreamd.sessions.plan import Plan

    loaded = invocation.loaded
    invocation.tell_faults()
    workspaces = invocation.workspaces(paths)
    most = loaded.settings.analysis.max_workspaces
    if len(workspaces) > most:
        given = f"cannot look at {len(workspaces)} workspaces at once"
        raise UsageError(f"{given}: at most {most}, see analysis.max_workspaces")
    plan = Plan(workspaces=workspaces, idle_gates=if_idle, again=again)
    with watch_session(to_stderr=as_json, program=invocation.program) as view:
        held = anyio.run(
            lambda: hold_session(
                loaded.settings,
                invocation.places,
                plan,
                trigger=Trigger.ONCE,
                sink=view.sink,
            )
        )
    session = held.session
    if as_json:
        print_document(session)
    else:
        view.conclude(session, held.told)
    if held.stopped_by:
        sys.exit(128 + held.stopped_by)  # as a shell says it of a program that a signal ended
    sys.exit(EXIT_CODES[session.outcome or Outcome.FAILED])
