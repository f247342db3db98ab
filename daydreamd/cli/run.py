"""`daydreamd run`: the daemon, in the foreground, as systemd wants it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.daydream_session import Trigger
    from daydreamd.settings.places import Scope


@click.command("run")
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    \b
    SIGUSR1 runs a session now, SIGHUP takes up the settings anew.
    Example: daydreamd --user run
    """
    from daydreamd.host.system.signals import hold_early

    hold_early()  # before the imports that take time: an early SIGUSR1 is a session, not a death
    from daydreamd.daemon.without_openssl import import_without_openssl

    serve = import_without_openssl("daydreamd.daemon.serving").serve

    import anyio

    from daydreamd.daemon.active_settings import reader
    from daydreamd.daemon.supervisor import Start

    start = Start(
        read_settings=reader(invocation.config, invocation.scope, os.environ),
        places=invocation.places,
        environ=os.environ,
        session_command=partial(session_command, invocation.scope),
    )
    anyio.run(serve, start)


def session_command(scope: Scope, trigger: Trigger, settings: Path) -> Sequence[str]:
    """The words that start a session. What lies in the daemon's directory is never imported."""
    python = [sys.executable, "-I" if sys.flags.isolated else "-P"]
    where = [] if scope == "auto" else [f"--{scope}"]
    ours = ["-m", "daydreamd", "--config", os.fspath(settings), *where]
    return [*python, *ours, "session", "--trigger", str(trigger)]
