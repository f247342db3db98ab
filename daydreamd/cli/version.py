"""`daydreamd version`."""

from __future__ import annotations

import click

from daydreamd import __version__


@click.command("version")
def command() -> None:
    """Print the version.

    Example: daydreamd version
    """
    click.echo(f"daydreamd {__version__}")
