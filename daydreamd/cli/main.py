"""The command line itself: options before the command, and the commands by name.

A command's module is imported when it runs, so that `daydreamd version` costs what it needs.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from daydreamd import __version__
from daydreamd.cli.invocation import Invocation
from daydreamd.errors import DaemonNotRunning, DaydreamError, SettingsError, UsageError
from daydreamd.text import one_line

if TYPE_CHECKING:
    from daydreamd.settings.places import Scope

_COMMANDS: Final = {
    "run": "Run the daemon.",
    "status": "Tell how the daemon stands.",
    "trigger": "Have the daemon run a session now.",
    "reload": "Have the daemon read its settings anew.",
    "watch": "Show what happens, as it happens.",
    "once": "Run one session now, in the foreground.",
    "clean": "Tidy up alone, explained line by line.",
    "insights": "Show what was noticed, and say what you make of it.",
    "sessions": "List past sessions, or show one.",
    "why": "Tell whether a session would run now, and why not.",
    "agents": "Tell what your coding agents did, and whether it is true.",
    "context": "Show what a session would find out about a directory.",
    "prompt": "Show exactly what the model would be asked.",
    "eval": "Try a model on the faults of a workspace's own history.",
    "check": "Check the settings.",
    "doctor": "Look at what this machine offers.",
    "version": "Print the version.",
}
_CANNOT_PRINT: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
STOPPED: Final = 130
"""The exit code after Ctrl-C, as a shell gives it."""
_FOR_THE_DAEMON: Final = frozenset({"session"})


class _Commands(click.Group):
    """Finds `daydreamd NAME` in `daydreamd.cli.NAME`, and turns our errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS and cmd_name not in _FOR_THE_DAEMON:
            near = difflib.get_close_matches(cmd_name, _COMMANDS, n=1)
            if near and not ctx.resilient_parsing:
                ctx.fail(
                    f"No such command '{one_line(cmd_name, limit=60)}'; did you mean {near[0]}?"
                )
            return None
        command: click.Command = importlib.import_module(f"daydreamd.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DaydreamError as error:
            click.echo(f"daydreamd: {error}", err=True)
            sys.exit(exit_code(error))
        except OSError as error:
            if error.filename is not None or error.errno not in _CANNOT_PRINT:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still held back goes there
            click.echo(f"daydreamd: cannot print: {(error.strerror or '').lower()}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("\ndaydreamd: stopped", err=True)
            sys.exit(STOPPED)


def exit_code(error: DaydreamError) -> int:
    """The exit code that an error ends the program with."""
    match error:
        case UsageError():
            return 2
        case SettingsError():
            return 6
        case DaemonNotRunning():
            return 7
        case _:
            return 1


def _go_to_the_system(instance: str | None) -> None:
    """See the system's things from here on, as the one whose they are."""
    from daydreamd.cli.system_user import become_owner
    from daydreamd.settings.places import find_places, instance_environ

    if instance is not None:
        if not instance or "/" in instance or instance.startswith("."):
            named = one_line(instance, limit=60)
            raise UsageError(f"cannot look at daydreamd@{named}.service: there is no such unit")
        os.environ.update(instance_environ(instance))
    become_owner(find_places(os.environ, scope="system"))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="DAYDREAMD_CONFIG",
    help="Read this settings file instead of the usual ones.",
)
@click.option("--system", is_flag=True, help="Look at the system's daemon.")
@click.option("--instance", metavar="NAME", help="Look at the daemon of daydreamd@NAME.service.")
@click.option("--user", is_flag=True, help="Look at the user's own daemon.")
@click.version_option(__version__, prog_name="daydreamd", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context, config: Path | None, system: bool, user: bool, instance: str | None
) -> None:
    """Tidies up after AI coding agents, and reflects on your code while you are away."""
    if user and (system or instance is not None):
        raise UsageError("cannot look at two daemons: --user is one's own, not the system's")
    if instance is not None or (system and not ctx.resilient_parsing):
        _go_to_the_system(instance)
    chosen: Scope = "user" if user else "system" if system or instance is not None else "auto"
    ctx.obj = Invocation(config=config, scope=chosen)
