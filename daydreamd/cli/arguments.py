"""What a person types after a command, taken in before anything is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import click

from daydreamd.errors import WorkspaceError
from daydreamd.text import one_line

as_json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)

Typed = TypeVar("Typed", bound="str | tuple[str, ...]")


def only_text(ctx: click.Context, param: click.Parameter, value: Typed) -> Typed:
    """Let words through, as an argument's callback; bytes that are no UTF-8 are a wrong command.

    They can be a path, but no id, and nothing that was ever noted.
    """
    for word in (value,) if isinstance(value, str) else value:
        try:
            word.encode()
        except UnicodeEncodeError:
            shown = one_line(word, limit=60)
            raise click.BadParameter(f"'{shown}' is not UTF-8.", ctx, param) from None
    return value


def here() -> Path:
    """The current directory; WorkspaceError where it was removed meanwhile."""
    try:
        return Path.cwd()
    except OSError as error:
        reason = "it was removed" if isinstance(error, FileNotFoundError) else error.strerror
        message = f"cannot look at the current directory: {reason}"
        raise WorkspaceError(message, path=Path()) from error
