"""`daydreamd reload`: the settings read anew by the daemon."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("reload")
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Have the daemon read its settings anew, for the next session.

    With a fault in them the daemon keeps those that are in force.

    \b
    Example: daydreamd reload
    Exit codes: 0 they are in force, 6 they were refused.
    """
    from daydreamd.host.system.journal import runs_under_journal

    faults = invocation.service.reload()
    if not faults:
        click.echo("The settings are in force.")
        return
    if runs_under_journal(2, os.environ.get("JOURNAL_STREAM")):
        sys.exit(6)  # called by `systemctl reload`: the daemon has said it all in the same journal
    for fault in faults:
        click.echo(f"daydreamd: {fault}", err=True)
    click.echo("daydreamd: the settings were refused; the former ones stay in force", err=True)
    sys.exit(6)
