"""`daydreamd sessions`: what ran, when, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option, only_text
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation

_LIMIT = click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)


@click.group("sessions", invoke_without_command=True)
@_LIMIT
@as_json_option
@click.pass_context
def command(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List sessions, newest first, or show one.

    \b
    Example: daydreamd sessions --limit 5
             daydreamd sessions show 20261122-184601
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, limit, as_json=as_json)


@command.command("list")
@_LIMIT
@as_json_option
@click.pass_obj
def list_command(invocation: Invocation, limit: int, as_json: bool) -> None:
    """List sessions, newest first.

    \b
    Example: daydreamd sessions list --json
    """
    _list(invocation, limit, as_json=as_json)


@command.command("show")
@click.argument("session_id", callback=only_text, metavar="ID")
@as_json_option
@click.pass_obj
def show_command(invocation: Invocation, session_id: str, as_json: bool) -> None:
    """Show one session. The beginning of its id will do.

    \b
    Example: daydreamd sessions show 20261122-184601-7f3a
    """
    import anyio

    from daydreamd.screens.session_table import say_session

    session = anyio.run(invocation.service.session, session_id)
    print_answer(session, say_session(session), as_json=as_json)


def _list(invocation: Invocation, limit: int, *, as_json: bool) -> None:
    import anyio

    from daydreamd.screens.session_table import say_sessions

    found = anyio.run(invocation.service.sessions, limit)
    print_answer(found, say_sessions(found), as_json=as_json)
