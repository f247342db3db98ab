"""`--json`: one JSON document on stdout, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click


def print_answer(document: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the document where JSON was asked for, else the lines of its screen."""
    if as_json:
        print_document(document)
        return
    for line in lines:
        click.echo(line)


def print_document(document: Any) -> None:
    """Print plain JSON types (msgspec structs and times included), indented."""
    import msgspec

    click.echo(_visible(msgspec.json.format(msgspec.json.encode(document)).decode()))


def _visible(text: str) -> str:
    """The same JSON with everything that moves or deceives a terminal as an escape of JSON's."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text
    )


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be")
    pairs = [units[place : place + 2].hex() for place in range(0, len(units), 2)]
    return "".join(f"\\u{pair}" for pair in pairs)
