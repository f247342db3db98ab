"""`daydreamd check`: the settings in force, and everything that is wrong with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from daydreamd.screens.document import print_document
from daydreamd.text import visible

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.settings.faults import Fault
    from daydreamd.settings.loading import Loaded
    from daydreamd.settings.schema import Settings


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="Show defaults, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def command(invocation: Invocation, everything: bool, as_json: bool) -> None:
    """Check the settings: which files are read, what is wrong, what is in force.

    \b
    Example: daydreamd --config /etc/daydreamd/daydreamd.toml check
    Exit codes: 0 nothing is wrong, 6 something is.
    """
    from daydreamd.settings.paths import wrong_paths

    loaded = invocation.loaded
    faults = (*loaded.faults, *wrong_paths(loaded))
    if as_json:
        print_document(_as_json(loaded, faults))
    else:
        _say(loaded, faults)
        _say_in_force(loaded.settings, everything=everything)
    sys.exit(6 if faults else 0)


def _say(loaded: Loaded, faults: Sequence[Fault]) -> None:
    for fault in faults:
        click.echo(f"daydreamd: {fault}", err=True)
    if loaded.files:
        click.echo("Read, the later over the earlier:")
        for file in loaded.files:
            click.echo(f"  {file}")
    else:
        click.echo("There is no settings file: the defaults are in force.")
    count = len(faults)
    click.echo(f"{count or 'No'} fault{'' if count == 1 else 's'}.")


def _say_in_force(settings: Settings, *, everything: bool) -> None:
    """Each setting as it would be written; by itself only those that are not the default."""
    from daydreamd.settings.schema import Settings

    usual = dict(_flat(_plain(Settings()), ""))
    lines = [
        f"  {key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in _flat(_plain(settings), "")
        if everything or usual.get(key) != value
    ]
    if lines:
        click.echo("In force:" if everything else "In force where it is not the default:")
        for line in lines:
            click.echo(visible(line))


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """`("schedule.interval", "6h")`; the entries of a list of tables are counted from 1."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, 1):
            yield from _flat(item, f"{path}[{number}]")
    else:
        yield path, value


def _as_json(loaded: Loaded, faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "ok": not faults,
        "files": [str(file) for file in loaded.files],
        "faults": faults,
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
