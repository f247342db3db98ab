"""`--json`: one JSON document on stdout, and nothing else."""

from __future__ import annotations

from typing import Any

import click


def print_document(document: Any) -> None:
    """Print plain JSON types (msgspec structs and times included), indented."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
