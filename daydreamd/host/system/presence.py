"""When a person was last at this machine: input on terminals, and what logind says of desktops."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from daydreamd.errors import HostError
from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.children.programs import LOGINCTL
from daydreamd.host.processes.terminals import seconds_since_input

_GRAPHICAL: Final = frozenset({"x11", "wayland", "mir"})
_PROPERTIES: Final = ("Id", "Type", "Class", "State", "IdleHint", "IdleSinceHint")


class Presence(NamedTuple):
    """A person at `where` (terminal or desktop), idle for so many seconds."""

    where: str
    idle_seconds: float


def on_terminals() -> list[Presence]:
    """Every terminal that is open, and the seconds since its last input.

    Each pseudo-terminal counts, recorded or not: tmux and editors open some that utmp never sees.
    A console counts only while somebody is logged in on it.
    """
    try:
        logged_in = {user.terminal for user in psutil.users() if user.terminal}
        pseudo = {f"pts/{place.name}" for place in Path("/dev/pts").glob("[0-9]*")}
    except (OSError, psutil.Error) as error:
        raise HostError(f"cannot see who is logged in: {error}") from error
    found = []
    for terminal in sorted(logged_in | pseudo):
        idle = None if terminal.startswith((".", "/")) else seconds_since_input(terminal)
        if idle is not None:  # an X display such as ":0" is no terminal: logind tells of it
            found.append(Presence(terminal, idle))
    return found


async def on_desktops(deadline: float) -> list[Presence]:
    """What logind says of graphical sessions; none where systemd does not run."""
    if not _has_systemd():
        return []
    listed = await _loginctl("list-sessions", "--no-legend", deadline=deadline)
    ids = [line.split()[0] for line in listed.splitlines() if line.split()]
    if not ids:
        return []
    wanted = [f"--property={name}" for name in _PROPERTIES]
    shown = await _loginctl("show-session", *ids, *wanted, deadline=deadline)
    return read_sessions(shown.split("\n\n"), time.time())


def read_sessions(blocks: Iterable[str], now: float) -> list[Presence]:
    """Graphical sessions among the blocks of `loginctl show-session`."""
    found = []
    for block in blocks:
        about = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if about.get("Type") not in _GRAPHICAL or about.get("State") == "closing":
            continue
        if about.get("Class") != "user":  # a login screen is nobody
            continue
        since = about.get("IdleSinceHint", "")
        is_idle = about.get("IdleHint") == "yes" and since.isdigit()
        idle = max(0.0, now - int(since) / 1e6) if is_idle else 0.0
        found.append(Presence(f"desktop session {about.get('Id', '?')}", idle))
    return found


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


async def _loginctl(*arguments: str, deadline: float) -> str:
    done = await run(
        [LOGINCTL.name, *arguments],
        cwd=Path("/"),
        env=clean_environment(),
        deadline=deadline,
        program=LOGINCTL,
    )
    if done.exit_code != 0:
        reason = done.stderr.decode(errors="replace").strip() or f"exit code {done.exit_code}"
        raise HostError(f"cannot ask logind: {reason}")
    return done.stdout.decode(errors="replace")
