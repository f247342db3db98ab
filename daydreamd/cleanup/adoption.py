"""Who started a process, and who only took it in when its starter was gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from daydreamd.agents.bystanders import ADOPTERS, is_filter, is_wrapper, program_name
from daydreamd.host.processes import Stat, read_argv
from daydreamd.host.processes.connections import Connections
from daydreamd.host.processes.namespaces import Home


@dataclass(frozen=True)
class Surroundings:
    """What was seen of the machine around the agents, in one look.

    `orphans` is what was found of processes so far, by pid: those at a pipe that many share are
    asked about once for each of the many.
    """

    table: Mapping[int, Stat]
    connections: Connections
    adopted: Collection[int] = ()
    agents: Collection[int] = ()
    home: Home = field(default_factory=Home)
    our_cgroup: str = "/"
    orphans: dict[int, bool] = field(default_factory=dict)


def is_adopted(child: Stat, parent: Stat, around: Surroundings) -> bool | None:
    """Whether `parent` is not the one who started `child`, but took it in as an orphan.

    None where that cannot be told: one that adopts may be who started it, by way of another.
    """
    if child.pid in around.adopted:
        return True
    sees_all = 1 in around.table  # with hidepid, somebody who is there may not be seen
    leader_is_gone = child.session > 0 and child.session not in around.table
    name = program_name(parent)
    known = parent.pid == 1 or name in ADOPTERS or name.startswith("init(")
    if sees_all and leader_is_gone and child.session != parent.session and not is_wrapper(parent):
        return True if known else None
    if parent.pid == 1:
        return name in ADOPTERS or _is_adopted_by_first(child, parent)
    if name == "systemd":
        return "--user" in read_argv(parent.pid)
    return known


def _is_adopted_by_first(child: Stat, first: Stat) -> bool | None:
    """In a container the first process may be any program, and have children of its own.

    It may have given one a session of its own, as a daemon does to itself.
    """
    if child.session == first.session:
        return False
    if child.session != child.pid:
        return True
    return True if is_wrapper(first) or is_filter(first) else None


def say_adopter(parent: Stat) -> str:
    """The name of who has taken in an orphan, for people."""
    if parent.pid == 1:
        return "init"
    name = program_name(parent)
    return "systemd --user" if name == "systemd" else f"{name} (pid {parent.pid})"
