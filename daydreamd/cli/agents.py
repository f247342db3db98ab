"""`daydreamd agents`: what the coding agents did, and what of their words does not hold."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option, only_text
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.agent_session import AgentWork

_SINCE = click.option("--since", metavar="AGE", help="Only sessions younger than this: 12h, 7d.")
_LIMIT = click.option(
    "--limit", type=click.IntRange(1, 100_000), default=None, help="How many; 20 on a screen."
)
_ON_A_SCREEN = 20


@click.group("agents", invoke_without_command=True)
@_SINCE
@_LIMIT
@as_json_option
@click.pass_context
def command(ctx: click.Context, since: str | None, limit: int | None, as_json: bool) -> None:
    """Tell what your coding agents did, newest first, and which of their words do not hold.

    Their transcripts are read where they lie and never changed; nothing of them leaves the
    machine.

    \b
    Example: daydreamd agents --since 12h
             daydreamd agents show 0a1b2c3d
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, since, limit, as_json=as_json)


@command.command("list")
@_SINCE
@_LIMIT
@as_json_option
@click.pass_obj
def list_command(
    invocation: Invocation, since: str | None, limit: int | None, as_json: bool
) -> None:
    """List the sessions of agents, newest first.

    \b
    Example: daydreamd agents list --json
    """
    _list(invocation, since, limit, as_json=as_json)


@command.command("show")
@click.argument("session_id", callback=only_text, metavar="ID")
@as_json_option
@click.pass_obj
def show_command(invocation: Invocation, session_id: str, as_json: bool) -> None:
    """Show one session of an agent. The beginning of its id will do.

    \b
    Example: daydreamd agents show 0a1b2c3d
    """
    from daydreamd.errors import UsageError
    from daydreamd.screens.agent_lines import say_agent_session

    work = _gather(invocation, 0.0)
    found = [one for one in work.sessions if one.id.startswith(session_id)]
    exact = [one for one in found if one.id == session_id]
    if len(found) != 1 and len(exact) != 1:
        why = (
            "more than one begins so" if found else "`daydreamd agents list` shows those there are"
        )
        raise UsageError(f"cannot find the agent session {session_id!r}: {why}")
    session = (exact or found)[0]
    print_answer(session, say_agent_session(session), as_json=as_json)


def _list(invocation: Invocation, since: str | None, limit: int | None, *, as_json: bool) -> None:
    from daydreamd.screens.agent_lines import say_agent_work

    work = _gather(invocation, _moment(since))
    shown = work.sessions[:limit] if limit else work.sessions
    if as_json:
        for fault in work.faults:
            click.echo(f"daydreamd: {fault}", err=True)
    print_answer(shown, say_agent_work(work, limit=limit or _ON_A_SCREEN), as_json=as_json)


def _moment(since: str | None) -> float:
    from daydreamd.errors import UsageError
    from daydreamd.units import Duration

    if since is None:
        return 0.0
    try:
        return time.time() - Duration.parse(since)
    except ValueError as error:
        raise UsageError(f"cannot read --since {since!r}: {error}") from error


def _gather(invocation: Invocation, since: float) -> AgentWork:
    from functools import partial

    import anyio

    from daydreamd.sessions.agent_work import gather_agent_work

    settings = invocation.loaded.settings
    invocation.tell_faults()
    places = dict.fromkeys((*(one.path for one in settings.workspaces), _here()))
    gather = partial(
        gather_agent_work,
        settings.agents,
        cache=invocation.places.cache,
        environ=os.environ,
        workspaces=[os.fspath(Path(one).expanduser()) for one in places if one],
        since=since,
    )
    return anyio.run(gather)


def _here() -> str:
    try:
        return os.fspath(Path.cwd())
    except OSError:  # it was removed
        return ""
