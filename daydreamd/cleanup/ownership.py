"""Who would miss an agent process: a terminal, a multiplexer, a client, a living parent, or nobody.

A process counts as nobody's only when the chain of its parents has been seen to end at whoever
adopts orphans. Wrappers (shells, `env`, `npm exec`) own nothing by themselves; every other living
program does, known or not.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.cleanup.decision import Owner
from daydreamd.host.connections import Connections
from daydreamd.host.processes import Stat, ancestors, read_argv, read_exe
from daydreamd.host.terminals import seconds_since_input, terminal_name, terminal_of_stdin
from daydreamd.units import say_duration

_MULTIPLEXERS: Final = ("tmux", "screen", "zellij", "dtach", "abduco", "byobu")
_ADOPTERS: Final = {
    "init", "systemd", "tini", "dumb-init", "docker-init", "catatonit", "s6-svscan", "runsvdir",
    "containerd-shim", "containerd-shim-runc-v2", "conmon", "podman-init", "Relay", "SessionLeader",
}  # fmt: skip
_WRAPPERS: Final = {
    "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "ksh93", "mksh", "busybox", "env", "nohup",
    "timeout", "nice", "ionice", "chrt", "stdbuf", "setsid", "script", "sudo", "doas", "npx", "npm",
}  # fmt: skip
_OF_NPM: Final = ("npx-cli.js", "npm-cli.js", "npx", "npm")


@dataclass(frozen=True)
class Surroundings:
    """What was seen of the machine around the agents, in one look."""

    table: Mapping[int, Stat]
    connections: Connections
    adopted: Collection[int] = ()


def find_owner(stat: Stat, family: Collection[int], around: Surroundings, *, serves: bool) -> Owner:
    """Who owns a process. `serves` is true of kinds whose purpose is to be connected to."""
    for owner in (
        _multiplexer(stat, around.table),
        _terminal(stat),
        _client(stat, family, around, serves=serves),
    ):
        if owner is not None:
            return owner
    return parent_owner(stat, around)


def parent_owner(stat: Stat, around: Surroundings) -> Owner:
    """Who owns it by the chain of parents alone."""
    child = stat
    for parent in ancestors(stat.pid, around.table):
        name = program_name(parent)
        if is_adopted(child, parent, around):
            return Owner("nobody", f"its parent is gone, {_said_adopter(parent)} has adopted it")
        if not _is_wrapper(parent, name):
            return Owner("parent", f"works for {name} (pid {parent.pid})")
        if terminal := terminal_name(parent.tty_nr):
            return Owner("terminal", f"started from terminal {terminal}")
        child = parent
    return Owner("unknown", f"the parent of pid {child.pid} cannot be seen")


def is_adopted(child: Stat, parent: Stat, around: Surroundings) -> bool:
    """Whether `parent` is not the one who started `child`, but took it in as an orphan."""
    if child.pid in around.adopted:
        return True
    sees_all = 1 in around.table  # with hidepid, somebody who is there may not be seen
    leader_is_gone = child.session > 0 and child.session not in around.table
    if sees_all and leader_is_gone and child.session != parent.session:
        return True
    name = program_name(parent)
    if parent.pid == 1:
        # In a container the first process may be any program, and have children of its own.
        return name in _ADOPTERS or child.session != parent.session
    if name == "systemd":
        return "--user" in read_argv(parent.pid)
    return name in _ADOPTERS or name.startswith("init(")


def program_name(stat: Stat) -> str:
    """The executable's name, or where that cannot be read what the process calls itself."""
    return os.path.basename(read_exe(stat.pid)) or stat.comm  # noqa: PTH119 - a name, not a path


def _said_adopter(parent: Stat) -> str:
    if parent.pid == 1:
        return "init"
    name = program_name(parent)
    return "systemd --user" if name == "systemd" else f"{name} (pid {parent.pid})"


def _is_wrapper(parent: Stat, name: str) -> bool:
    if name in _WRAPPERS:
        return True
    argv = read_argv(parent.pid)
    if name.startswith("node") and argv:
        script = os.path.basename(argv[1]) if len(argv) > 1 else ""  # noqa: PTH119 - a word, no path
        return script in _OF_NPM or argv[0].startswith("npm ")
    return False


def _multiplexer(stat: Stat, table: Mapping[int, Stat]) -> Owner | None:
    for parent in ancestors(stat.pid, table):
        name = parent.comm.lower()
        if name.startswith(_MULTIPLEXERS):
            return Owner("multiplexer", f"runs in {name.split(':')[0]} (pid {parent.pid})")
    return None


def _terminal(stat: Stat) -> Owner | None:
    terminal = terminal_name(stat.tty_nr) or terminal_of_stdin(stat.pid)
    if not terminal:
        return None
    typed = seconds_since_input(terminal)
    when = f", typed {say_duration(typed)} ago" if typed is not None else ""
    return Owner("terminal", f"terminal {terminal}{when}")


def _client(
    stat: Stat, family: Collection[int], around: Surroundings, *, serves: bool
) -> Owner | None:
    connections = around.connections
    at_stdio = [connections.others_at(stat.pid, fd, family) for fd in (0, 1)]
    at_sockets = connections.unix_clients(stat.pid, family)
    ports = connections.ports(family)
    if None in at_stdio or at_sockets is None or ports is None:
        return Owner("unknown", "who is connected to it")
    # A parent at the other end of a pipe is a parent: `parent_owner` says more about it.
    parents = {parent.pid for parent in ancestors(stat.pid, around.table)}
    others = {pid for pids in at_stdio for pid in pids or ()} - parents
    others = {pid for pid in others if not _is_of_the_same_wreck(stat, pid, around)}
    if others or at_sockets:
        pid = min(others | at_sockets)
        name = program_name(around.table[pid]) if pid in around.table else "a process"
        return Owner("client", f"works for {name} (pid {pid}), which is connected to it")
    if ports.clients:
        return Owner("client", f"{ports.clients} clients are connected to its port")
    if serves and ports.listening:
        return Owner("client", f"listens on port {min(ports.listening)} for clients to come")
    return None


def _is_of_the_same_wreck(stat: Stat, other: int, around: Surroundings) -> bool:
    """Whether the other end is an orphan like it, of one session: `sleep 1d | claude`."""
    peer = around.table.get(other)
    if peer is None:  # born after the look at processes: it lives, and is somebody
        return False
    return (
        peer.session == stat.session
        and peer.tty_nr == 0
        and parent_owner(peer, around).kind == "nobody"
    )


def meant_to_stay(pid: int, argv: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """Why a process is meant to outlive whoever started it; "" where nothing says so."""
    if any(word in ("--daemon", "--daemonize", "--detach", "--service") for word in argv[1:]):
        return "meant to outlive its starter: it was started as a daemon"
    if argv[1:2] in (("daemon",), ("remote-control",)):
        return f"meant to outlive its starter: it was started as `{argv[1]}`"
    if environ.get("SYSTEMD_EXEC_PID") == str(pid):
        return "meant to outlive its starter: it is a systemd unit of its own"
    if unit := _own_unit(pid):
        return f"meant to outlive its starter: it is the unit {unit}"
    return ""


def _own_unit(pid: int) -> str:
    """The systemd service in whose cgroup the process is the first and oldest, if there is one."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        path = next(line[3:] for line in lines if line.startswith("0::"))
        unit = path.rsplit("/", 1)[-1]
        if not unit.endswith(".service") or unit.startswith("user@"):
            return ""
        members = Path("/sys/fs/cgroup" + path, "cgroup.procs").read_text().split()
    except (OSError, StopIteration):  # no cgroup v2, or another namespace's: then no sign of a unit
        return ""
    return unit if members[:1] == [str(pid)] else ""
