"""`daydreamd trigger`: a session now, by the daemon."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

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
    from daydreamd.cli.reach import reach
    from daydreamd.screens.document import print_document

    session: dict[str, Any] | None = None
    with reach(invocation) as daemon:
        answer = daemon.ask("trigger", wait=wait)
        if not as_json:
            now = answer["trigger"] == "now"
            click.echo("A session begins." if now else "A session follows the one that runs.")
        if wait:
            session = daemon.answer(within=None)["session"]
    if as_json:
        print_document(session or {"trigger": answer["trigger"]})
    elif session is not None:
        _say(session)
    if session is not None:
        from daydreamd.session import EXIT_CODES, Outcome

        sys.exit(EXIT_CODES[Outcome(session["outcome"])])


def _say(session: dict[str, Any]) -> None:
    from daydreamd.text import one_line
    from daydreamd.units import say_duration

    outcome = session["outcome"].replace("_", " ")
    reasons = one_line("; ".join(session["reasons"]), limit=400)
    line = f"{outcome} in {say_duration(session['seconds'])}"
    if reasons:
        line += f": {reasons}"
    if session["new_insights"]:
        line += f" · {session['new_insights']} new, {session['insights_path']}"
    click.echo(line)
