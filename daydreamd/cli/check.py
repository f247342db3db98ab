"""`daydreamd check`: the settings in force, and everything that is wrong with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="Show defaults, too.")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, everything: bool, as_json: bool) -> None:
    """Check the settings: which files are read, what is wrong, what is in force.

    \b
    Example: daydreamd --config /etc/daydreamd/daydreamd.toml check
    Exit codes: 0 nothing is wrong, 6 something is.
    """
    from daydreamd.screens.settings_lines import say_settings, settings_document
    from daydreamd.settings.paths import wrong_paths

    loaded = invocation.loaded
    faults = (*loaded.faults, *wrong_paths(loaded))
    if not as_json:
        for fault in faults:
            click.echo(f"daydreamd: {fault}", err=True)
    lines = say_settings(loaded, len(faults), everything=everything)
    print_answer(settings_document(loaded, faults), lines, as_json=as_json)
    sys.exit(6 if faults else 0)
