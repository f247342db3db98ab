"""`daydreamd clean`: the housekeeping alone, explained line by line."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cleanup.tidy_report import TidyReport
    from daydreamd.cli.invocation import Invocation


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--undo-info", is_flag=True, help="Show what was ended, and how to bring it back.")
@as_json_option
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

    from daydreamd.screens.clean_table import say_kills, say_report

    invocation.tell_faults()
    if undo_info:
        kills = anyio.run(invocation.service.kills)
        print_answer(kills, say_kills(kills, _width()), as_json=as_json)
        return
    report = anyio.run(partial(_clean, invocation, dry_run=dry_run))
    print_answer(report.document, say_report(report, _width()), as_json=as_json)
    sys.exit(1 if report.failures else 0)


async def _clean(invocation: Invocation, *, dry_run: bool) -> TidyReport:
    from daydreamd.cleanup.tidy import tidy_up
    from daydreamd.history.store import open_history
    from daydreamd.host.files.descriptors import make_sure_of_descriptors
    from daydreamd.host.files.locks import hold_lock
    from daydreamd.records.events import Emitter
    from daydreamd.sessions.plan import paths_of

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
                disk_of=paths_of(settings.workspaces),
            )


def _width() -> int:
    import shutil

    return min(160, max(80, shutil.get_terminal_size().columns))
