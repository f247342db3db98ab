"""`daydreamd clean`: the housekeeping alone, explained line by line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from daydreamd.cleanup.report import TidyReport
    from daydreamd.cli.invocation import Invocation
    from daydreamd.history.records import KillRecord


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--undo-info", is_flag=True, help="Show what was ended, and how to bring it back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, dry_run: bool, undo_info: bool, as_json: bool) -> None:
    """End abandoned agent processes, remove their temp files, rotate logs.

    Every process is listed with the decision about it and the reason. It refuses while a session
    runs.

    \b
    Example: daydreamd clean --dry-run
    Exit codes: 0 done, 1 something could not be done.
    """
    import anyio

    from daydreamd.cli.document import print_document

    for fault in invocation.loaded.faults:
        click.echo(f"daydreamd: {fault}", err=True)
    if undo_info:
        kills = anyio.run(_ended_before, invocation)
        print_document([_kill_as_json(kill) for kill in kills]) if as_json else _show_kills(kills)
        return
    report = anyio.run(partial(_clean, invocation, dry_run=dry_run))
    print_document(report.as_json()) if as_json else _show(report)
    sys.exit(1 if report.failures else 0)


async def _clean(invocation: Invocation, *, dry_run: bool) -> TidyReport:
    from daydreamd.cleanup.tidy import tidy_up
    from daydreamd.events import Emitter
    from daydreamd.history.store import open_history
    from daydreamd.host.descriptors import make_sure_of_descriptors
    from daydreamd.host.locks import hold_lock

    make_sure_of_descriptors()
    settings, places = invocation.loaded.settings, invocation.places
    dry_run = dry_run or settings.cleanup.dry_run
    with ExitStack() as stack:
        if not dry_run:
            places.create()
            stack.enter_context(hold_lock(places.lock))
        async with open_history(places.history_db, read_only=dry_run) as history:
            return await tidy_up(
                settings.cleanup,
                emitter=Emitter("", lambda _: None),  # the report says it all
                history=history,
                places=places,
                dry_run=dry_run,
                min_free_disk=settings.readiness.min_free_disk,
            )


async def _ended_before(invocation: Invocation) -> list[KillRecord]:
    import os

    from daydreamd.history.store import open_history
    from daydreamd.settings.places import find_places_to_read

    directory = invocation.loaded.settings.insights.directory
    places = find_places_to_read(os.environ, scope=invocation.scope, insights=directory)
    async with open_history(places.history_db, read_only=True) as history:
        return await history.kills()


def _kill_as_json(kill: KillRecord) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(kill)
    return plain


def _show(report: TidyReport) -> None:
    from daydreamd.cli.clean_table import say_report

    for line in say_report(report, _width()):
        click.echo(line)


def _show_kills(kills: Sequence[KillRecord]) -> None:
    from daydreamd.cli.clean_table import say_kills

    for line in say_kills(kills, _width()):
        click.echo(line)


def _width() -> int:
    import shutil

    return min(160, max(80, shutil.get_terminal_size().columns))
