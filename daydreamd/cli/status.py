"""`daydreamd status`: the state of the daemon, in six lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation


@click.command("status")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Tell how the daemon stands: what runs, what comes next, how it went.

    \b
    Example: daydreamd status
    """
    from daydreamd.screens.status_lines import say_status

    status = invocation.service.status()
    print_answer(status, say_status(status), as_json=as_json)
