"""`daydreamd insights`: what was noticed so far, and what people make of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from daydreamd.cli.arguments import as_json_option, only_text
from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.insight import KnownInsight

T = TypeVar("T")
_STATUSES = ("standing", "new", "open", "accepted", "dismissed", "addressed", "all")


def _complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of open insights, with their titles, for the shell's tab key."""
    from click.shell_completion import CompletionItem

    from daydreamd.cli.invocation import Invocation
    from daydreamd.errors import DaydreamError

    try:
        found = _ask((ctx.obj or Invocation()).service.insights)
    except DaydreamError:  # a tab key has nobody to tell; the command itself will say it
        return []
    return [
        CompletionItem(one.id, help=one.title) for one in found if one.id.startswith(incomplete)
    ]


_NAMES = click.argument(
    "names", callback=only_text, metavar="ID...", nargs=-1, required=True, shell_complete=_complete
)


@click.group("insights", invoke_without_command=True)
@as_json_option
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
@as_json_option
@click.pass_obj
def list_insights(invocation: Invocation, status: str, as_json: bool) -> None:
    """List insights, newest first.

    Example: daydreamd insights list --status all
    """
    wanted = None if status == "all" else status
    found = _ask(invocation.service.insights, wanted)
    if as_json:
        print_document(found)
    elif found:
        _print_table(found)
    else:
        kind = {"standing": "open ", "all": ""}.get(status, f"{status} ")
        click.echo(f"No {kind}insights. `daydreamd once` looks for some now.")


@command.command("search")
@click.argument("words", callback=only_text, nargs=-1, required=True)
@as_json_option
@click.pass_obj
def search(invocation: Invocation, words: tuple[str, ...], as_json: bool) -> None:
    """List the insights that hold all WORDS, whatever became of them.

    Example: daydreamd insights search retry client.py
    """
    found = _ask(invocation.service.search_insights, words)
    if as_json:
        print_document(found)
    elif found:
        _print_table(found, with_status=True)
    else:
        click.echo(f"No insight holds {' and '.join(words)}.")


@command.command("show")
@click.argument("name", callback=only_text, metavar="ID", shell_complete=_complete)
@as_json_option
@click.pass_obj
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Show an insight with the lines it cites. ID may be its beginning.

    Example: daydreamd insights show a3f
    """
    found = _ask(invocation.service.insight, name)
    if as_json:
        print_document(found)
    else:
        _print_whole(found)


@command.command("accept")
@_NAMES
@as_json_option
@click.pass_obj
def accept(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Accept insights: they are right. They leave the open ones; `list --status accepted` has them.

    Example: daydreamd insights accept a3f b07
    """
    _say_marked(_ask(invocation.service.accept, names), "accepted", as_json=as_json)


@command.command("dismiss")
@_NAMES
@as_json_option
@click.pass_obj
def dismiss(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> None:
    """Dismiss insights: they never come back.

    Example: daydreamd insights dismiss a3f b07
    """
    _say_marked(_ask(invocation.service.dismiss, names), "dismissed", as_json=as_json)


@command.command("stats")
@as_json_option
@click.pass_obj
def stats(invocation: Invocation, as_json: bool) -> None:
    """Count what was proposed, why it fell, and what you made of the rest.

    Example: daydreamd insights stats --json
    """
    from daydreamd.screens.document import print_answer
    from daydreamd.screens.stats_lines import say_stats

    found = _ask(invocation.service.insight_stats)
    print_answer(found, say_stats(found), as_json=as_json)


def _ask(question: Callable[..., Awaitable[T]], *words: Any) -> T:
    import anyio

    return anyio.run(question, *words)


def _say_marked(found: list[KnownInsight], status: str, *, as_json: bool) -> None:
    if as_json:
        print_document(found if len(found) > 1 else found[0])
        return
    from daydreamd.text import one_line

    for one in found:
        click.echo(f"{status} {one.id}: {one_line(one.title, limit=200)}")


def _print_table(found: list[KnownInsight], *, with_status: bool = False) -> None:
    from daydreamd.screens.console import open_console
    from daydreamd.screens.insight_pages import draw_list

    draw_list(open_console(), found, with_status=with_status)


def _print_whole(found: KnownInsight) -> None:
    from daydreamd.screens.console import open_console
    from daydreamd.screens.insight_pages import draw_insight

    draw_insight(open_console(), found)
