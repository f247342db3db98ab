"""`daydreamd insights`: what was noticed so far, and what people make of it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daydreamd.cli.typed import only_text

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from daydreamd.cli.invocation import Invocation
    from daydreamd.history.records import KnownInsight
    from daydreamd.history.store import History

T = TypeVar("T")
_STATUSES = ("standing", "new", "open", "accepted", "dismissed", "addressed", "all")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of open insights, with their titles, for the shell's tab key."""
    from click.shell_completion import CompletionItem

    from daydreamd.cli.invocation import Invocation
    from daydreamd.errors import DaydreamError

    try:
        found = _read(ctx.obj or Invocation(), lambda history: history.insights(status="standing"))
    except DaydreamError:  # a tab key has nobody to tell; the command itself will say it
        return []
    return [
        CompletionItem(one.id, help=one.title) for one in found if one.id.startswith(incomplete)
    ]


@click.group("insights", invoke_without_command=True)
@_AS_JSON
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Show what was noticed, and say what you make of it.

    \b
    Example: daydreamd insights
             daydreamd insights show a3f
             daydreamd insights dismiss a3f
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_insights, as_json=as_json, status="standing")


@command.command("list")
@click.option(
    "--status",
    type=click.Choice(_STATUSES),
    default="standing",
    show_default=True,
    help="Which ones; standing are new and open ones.",
)
@_AS_JSON
@click.pass_obj
def list_insights(invocation: Invocation, status: str, as_json: bool) -> None:
    """List insights, newest first.

    Example: daydreamd insights list --status all
    """
    wanted = None if status == "all" else status
    found = _read(invocation, lambda history: history.insights(status=wanted))
    if as_json:
        _print_json(found)
    elif found:
        _print_table(found)
    else:
        kind = {"standing": "open ", "all": ""}.get(status, f"{status} ")
        click.echo(f"No {kind}insights. `daydreamd once` looks for some now.")


@command.command("search")
@click.argument("words", callback=only_text, nargs=-1, required=True)
@_AS_JSON
@click.pass_obj
def search(invocation: Invocation, words: tuple[str, ...], as_json: bool) -> None:
    """List the insights that hold all WORDS, whatever became of them.

    Example: daydreamd insights search retry client.py
    """
    found = _read(invocation, lambda history: history.insights(search=words[0], limit=10_000))
    found = [item for item in found if _holds(item, words)]
    if as_json:
        _print_json(found)
    elif found:
        _print_table(found, with_status=True)
    else:
        click.echo(f"No insight holds {' and '.join(words)}.")


@command.command("show")
@click.argument("name", callback=only_text, metavar="ID", shell_complete=_complete)
@_AS_JSON
@click.pass_obj
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Show an insight with the lines it cites. ID may be its beginning.

    Example: daydreamd insights show a3f
    """
    found = _read(invocation, lambda history: history.insight(name))
    if as_json:
        _print_json(found)
    else:
        _print_whole(found)


@command.command("accept")
@click.argument(
    "names", callback=only_text, metavar="ID...", nargs=-1, required=True, shell_complete=_complete
)
@_AS_JSON
@click.pass_obj
def accept(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Accept insights: they are right. They leave the open ones; `list --status accepted` has them.

    Example: daydreamd insights accept a3f b07
    """
    _set_status(invocation, names, "accepted", as_json=as_json)


@command.command("dismiss")
@click.argument(
    "names", callback=only_text, metavar="ID...", nargs=-1, required=True, shell_complete=_complete
)
@_AS_JSON
@click.pass_obj
def dismiss(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Dismiss insights: they never come back.

    Example: daydreamd insights dismiss a3f b07
    """
    _set_status(invocation, names, "dismissed", as_json=as_json)


def _set_status(
    invocation: Invocation, names: tuple[str, ...], status: str, *, as_json: bool
) -> None:
    async def look(history: History) -> None:
        for name in names:
            await history.insight(name)

    async def mark(history: History) -> list[KnownInsight]:
        return [await history.set_insight_status(name, status) for name in names]

    _read(invocation, look)  # an unknown id begins no history, and changes none of the others
    found = _ask(invocation, mark)
    if as_json:
        _print_json(found if len(found) > 1 else found[0])
        return
    from daydreamd.text import one_line

    for one in found:
        click.echo(f"{status} {one.id}: {one_line(one.title, limit=200)}")


def _read(invocation: Invocation, question: Callable[[History], Awaitable[T]]) -> T:
    return _ask(invocation, question, read_only=True)


def _ask(
    invocation: Invocation,
    question: Callable[[History], Awaitable[T]],
    *,
    read_only: bool = False,
) -> T:
    import anyio

    from daydreamd.history.store import open_history
    from daydreamd.settings.places import find_places_to_read

    path = find_places_to_read(os.environ, scope=invocation.scope).history_db

    async def ask() -> T:
        async with open_history(path, read_only=read_only) as history:
            return await question(history)

    return anyio.run(ask)


def _holds(item: KnownInsight, words: tuple[str, ...]) -> bool:
    cited = " ".join(f"{evidence.path} {evidence.quote}" for evidence in item.evidence)
    text = f"{item.workspace} {item.title} {item.body} {item.category} {cited}".lower()
    return all(word.lower() in text for word in words)


def _print_json(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def _print_table(found: list[KnownInsight], *, with_status: bool = False) -> None:
    from daydreamd.screens.console import open_console
    from daydreamd.screens.insight_pages import draw_list

    draw_list(open_console(), found, with_status=with_status)


def _print_whole(found: KnownInsight) -> None:
    from daydreamd.screens.console import open_console
    from daydreamd.screens.insight_pages import draw_insight

    draw_insight(open_console(), found)
