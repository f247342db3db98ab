"""`daydreamd check`: the settings in force, and everything that is wrong with them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from daydreamd.cli.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.settings.loading import Loaded


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Check the settings: which files are read, what is wrong, what is in force.

    \b
    Example: daydreamd --config /etc/daydreamd/daydreamd.toml check
    Exit codes: 0 nothing is wrong, 6 something is.
    """
    loaded = invocation.loaded
    if as_json:
        print_document(_as_json(loaded))
    else:
        _say(loaded)
    sys.exit(6 if loaded.faults else 0)


def _say(loaded: Loaded) -> None:
    for fault in loaded.faults:
        click.echo(f"daydreamd: {fault}", err=True)
    if loaded.files:
        click.echo("Read, the later over the earlier:")
        for file in loaded.files:
            click.echo(f"  {file}")
    else:
        click.echo("There is no settings file: the defaults are in force.")
    count = len(loaded.faults)
    click.echo(f"{count or 'No'} fault{'' if count == 1 else 's'}.")


def _as_json(loaded: Loaded) -> dict[str, Any]:
    return {
        "ok": not loaded.faults,
        "files": [str(file) for file in loaded.files],
        "faults": loaded.faults,
        "settings": _plain(loaded.settings),
    }


def _plain(value: Any) -> Any:
    """Settings as they are written in a file; keys and passwords are not shown."""
    from msgspec.structs import asdict

    from daydreamd.settings.faults import is_secret
    from daydreamd.settings.group import Group
    from daydreamd.units import Duration, Size

    match value:
        case Group():
            return {
                name: "…" if is_secret(name, inner) else _plain(inner)
                for name, inner in asdict(value).items()
            }
        case tuple():
            return [_plain(item) for item in value]
        case Duration() | Size():
            return str(value)
        case _:
            return value
