"""`daydreamd sessions`: what ran, when, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daydreamd.cli.typed import only_text
from daydreamd.screens.document import print_document
from daydreamd.session import Phase, Trigger

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.history.store import History

T = TypeVar("T")
_LIMIT = click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_COLOURS = {"completed": "green", "unchanged": "green", "failed": "red", "interrupted": "red"}


@click.group("sessions", invoke_without_command=True)
@_LIMIT
@_JSON
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
@_JSON
@click.pass_obj
def list_command(invocation: Invocation, limit: int, as_json: bool) -> None:
    """List sessions, newest first.

    \b
    Example: daydreamd sessions list --json
    """
    _list(invocation, limit, as_json=as_json)


@command.command("show")
@click.argument("session_id", callback=only_text, metavar="ID")
@_JSON
@click.pass_obj
def show_command(invocation: Invocation, session_id: str, as_json: bool) -> None:
    """Show one session. The beginning of its id will do.

    \b
    Example: daydreamd sessions show 20261122-184601-7f3a
    """
    record = _ask(invocation, lambda history: history.session(session_id))
    if as_json:
        print_document(record)
    else:
        _say_session(record)


def _list(invocation: Invocation, limit: int, *, as_json: bool) -> None:
    rows = _ask(invocation, lambda history: history.sessions(limit))
    if as_json:
        print_document(rows)
    elif not rows:
        click.echo("No session has run yet. `daydreamd once` runs one now.")
    else:
        click.secho(f" {'session':22}{'began':15}{'took':13}{'trigger':9}outcome", dim=True)
        for row in rows:
            _say_row(row)


def _ask(invocation: Invocation, question: Callable[[History], Awaitable[T]]) -> T:
    import anyio

    from daydreamd.history.store import open_history
    from daydreamd.settings.places import find_places_to_read

    async def ask() -> T:
        places = find_places_to_read(os.environ, scope=invocation.scope)
        async with open_history(places.history_db, read_only=True) as history:
            return await question(history)

    return anyio.run(ask)


def _say_row(row: dict[str, Any]) -> None:
    began = datetime.fromisoformat(row["start_time"]).astimezone()
    outcome, trigger = row["outcome"] or "running", Trigger(row["trigger"]).label
    click.echo(
        f" {row['session_id']:22}{began:%d %b %H:%M}   {_took(row):13}{trigger:9}"
        + click.style(outcome.replace("_", " "), fg=_COLOURS.get(outcome, "yellow"))
    )
    if row["reasons"] and outcome not in ("completed", "unchanged"):
        from daydreamd.text import one_line

        click.secho(f"   {one_line(row['reasons'][0], limit=200)}", dim=True)


def _took(row: dict[str, Any]) -> str:
    from daydreamd.units import say_duration

    if row["end_time"] is None:
        return "–"
    began, ended = (datetime.fromisoformat(row[key]) for key in ("start_time", "end_time"))
    return say_duration((ended - began).total_seconds())


def _say_session(record: dict[str, Any]) -> None:
    from daydreamd.text import one_line
    from daydreamd.units import say_duration

    outcome = record["outcome"] or "running"
    began = datetime.fromisoformat(record["start_time"]).astimezone()
    click.echo(
        f"{record['session_id']} · "
        + click.style(outcome.replace("_", " "), fg=_COLOURS.get(outcome, "yellow"))
        + f" in {_took(record)} · {Trigger(record['trigger']).label} · {began:%A %d %B, %H:%M %Z}"
    )
    for phase, seconds in record["phase_seconds"].items():
        click.echo(f"  {Phase(phase).label:12}{say_duration(seconds)}")
    for reason in record["reasons"]:
        click.echo(f"  {one_line(reason, limit=500)}")
    if record["analysis"]["model"]:
        click.secho(f"  {one_line(_analysis(record['analysis']), limit=200)}", dim=True)
    for item in record["insight_items"]:
        where = ", ".join(_place(evidence) for evidence in item["evidence"])
        told = f"  {item['id']}  {one_line(item['title'], limit=100)}  "
        click.echo(told + click.style(one_line(where, limit=200), dim=True))
    for when, summary in record["cleanup_summary"].items():
        facts = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in summary.items() if value
        )
        said = one_line(facts, limit=300) or "nothing to do"
        click.secho(f"  {when.replace('_analysis', ' analysis')}: {said}", dim=True)


def _place(evidence: dict[str, Any]) -> str:
    last = f"-{evidence['end_line']}" if evidence["end_line"] > evidence["line"] else ""
    return f"{evidence['path']}:{evidence['line']}{last}"


def _analysis(facts: dict[str, Any]) -> str:
    sent, received = facts["prompt_tokens"], facts["answer_tokens"]
    counts = f", {sent:,} tokens sent" if sent else ""
    counts += f", {received:,} received" if received else ""
    return f"{facts['provider']} {facts['model']} through {facts['engine']}{counts}"
