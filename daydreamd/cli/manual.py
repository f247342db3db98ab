"""The man page, made of the commands' own help: `python -m daydreamd.cli.manual >etc/daydreamd.1`.

The page is kept in the repository, so that an installation needs nothing to make it; a test holds
it against what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Final

import click

from daydreamd.cli.main import cli

_HEAD: Final = """\
.TH DAYDREAMD 1 "" "daydreamd" "User Commands"
.SH NAME
daydreamd \\- tidies up after coding agents and reflects on code while its owner is away
.SH SYNOPSIS
.B daydreamd
[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...
"""
_TAIL: Final = """\
.SH EXIT STATUS
0 done, 1 failed, 2 wrong usage, 3 skipped (not ready), 4 facts only (no answer of a model),
5 timed out, 6 faulty settings, 7 the daemon is not running.
.SH FILES
.TP
.I /etc/daydreamd/daydreamd.toml
Settings of the machine; ~/.config/daydreamd/daydreamd.toml are those of one user.
.TP
.I /etc/daydreamd/api_key
Key of a model server, mode 0600.
.TP
.I /var/lib/daydreamd, /var/log/daydreamd
History and reports of the machine's daemon; ~/.local/state/daydreamd are those of one user.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
"""


def render_manual() -> str:
    """The whole page, as troff."""
    context = click.Context(cli, info_name="daydreamd")
    return "".join((_HEAD, ".SH OPTIONS\n", *_options(cli, context), *_commands(context), _TAIL))


def _commands(parent: click.Context) -> Iterator[str]:
    yield ".SH COMMANDS\n"
    for name in cli.list_commands(parent):
        command = cli.get_command(parent, name)
        if command is None:
            continue
        context = click.Context(command, info_name=name, parent=parent)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_plain(f'daydreamd {name} {usage}')}\n"
        # From Python 3.13 on a docstring comes without its indentation: both are brought to that.
        for line in cleandoc(command.help or "").replace("\b\n", "").splitlines():
            yield f"{_plain(line.strip())}\n.br\n" if line.strip() else ".PP\n"
        yield from _options(command, context)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                about = command.get_command(context, inner)
                said = about.get_short_help_str(200) if about else ""
                yield f".TP\n.B {_plain(inner)}\n{_plain(said)}\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        if record := parameter.get_help_record(context):
            yield f".TP\n.B {_plain(record[0])}\n{_plain(record[1])}\n"


def _plain(text: str) -> str:
    """Text that troff takes for nothing but text."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    click.echo(render_manual(), nl=False)
