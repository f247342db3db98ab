"""What is seen around an agent process, as the table of owners wants it.

Everything is read from the machine and nothing is decided here but who adopted whom: the chain of
parents is followed through whatever only waits, to somebody alive or to whoever adopts orphans.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from daydreamd.agents.bystanders import (
    ADOPTERS,
    MULTIPLEXERS,
    is_daydreamd,
    is_wrapper,
    personal_program,
    program_name,
)
from daydreamd.agents.nameless import is_daemon
from daydreamd.cleanup.adoption import Surroundings, is_adopted, say_adopter
from daydreamd.cleanup.owners import Owner, Signs, find_owner, unit_of
from daydreamd.cleanup.peers import PeerGroup, connected_owner, has_window
from daydreamd.host.processes import Stat, ancestors, descendants, read_argv, read_tracer
from daydreamd.host.processes.cgroups import is_frozen, read_cgroup
from daydreamd.host.processes.namespaces import ends_with, foreign_namespaces
from daydreamd.host.processes.terminals import seconds_since_input, terminal_name, terminal_of_stdio
from daydreamd.units import say_duration

# Of the machine itself: they hold a descriptor of whoever asks them for something.
_KEEPERS = ("systemd", "init", "dbus-", "polkit", "xdg-", "elogind")
_SANDBOXES = ("bwrap", "firejail", "unshare")


@dataclass(frozen=True)
class Belonging:
    """Who owns a process, and who stands and falls with it.

    `partners` are other agents that it is connected to. `companions` are orphans that only wait for
    it or pass on what it says: most end by themselves when it has ended.
    """

    owner: Owner
    partners: frozenset[int] = frozenset()
    companions: frozenset[int] = frozenset()


def belonging_of(
    stat: Stat,
    family: frozenset[int],
    around: Surroundings,
    *,
    serves: bool,
    remote: str = "",
    ports_are_left: bool = False,
) -> Belonging:
    """Who owns a process, and who belongs to it.

    `serves` is true of kinds whose purpose is to be connected to.

    `ports_are_left` is true where a TCP port alone, without a client, says nothing of an owner.
    """
    above = _waiting_above(stat, around)
    group = PeerGroup(
        root=stat,
        family=family | {parent.pid for parent in above},
        parents=frozenset(_real_parents(stat, around)),
        agents=around.agents,
        servers=_servers(stat, family, around) if serves else (),
        ports_are_left=ports_are_left,
        table=dict(around.table),
        connections=around.connections,
        orphan=partial(_is_orphan, around=around),
    )
    cgroup = read_cgroup(stat.pid)
    owner = find_owner(
        Signs(
            namespaces=namespaces_of(stat, around),
            cgroup=cgroup,
            our_cgroup=around.our_cgroup,
            frozen=_frozen(family),
            tracer=_tracer(group.family, around.table, lambda: _watcher(group)),
            remote=remote,
            person=_person(group, family) or _stopped(above),
            multiplexer=_multiplexer(stat, around.table),
            terminal=_terminal(stat),
            connected=connected_owner(group),
            parent=parent_owner(stat, around),
        )
    )
    return Belonging(owner, frozenset(group.partners), _companions(group, above))


def _companions(group: PeerGroup, above: Collection[Stat]) -> frozenset[int]:
    """Who has nothing to wait for without it: a shell with other commands has."""
    found = group.companions | {parent.pid for parent in above}
    ours = found | group.family
    return frozenset(
        pid for pid in found if all(one.pid in ours for one in descendants([pid], group.table))
    )


def _servers(stat: Stat, family: frozenset[int], around: Surroundings) -> frozenset[int]:
    """The process, or those for which it waits: a runner goes out only to fetch what it runs."""
    if not is_wrapper(stat):
        return frozenset({stat.pid})
    below = (around.table[pid] for pid in family if pid in around.table)
    children = [one for one in below if one.ppid == stat.pid]
    return frozenset().union(*(_servers(child, family, around) for child in children))


def _waiting_above(stat: Stat, around: Surroundings) -> list[Stat]:
    """The wrappers above that are orphans with it: what is theirs is its own."""
    found: list[Stat] = []
    child = stat
    for parent in ancestors(stat.pid, around.table):
        if is_adopted(child, parent, around) or not is_wrapper(parent):
            break
        found.append(parent)
        child = parent
    return found


def _real_parents(stat: Stat, around: Surroundings) -> Iterator[int]:
    """Who is above it by birth. Who took it in may be connected to it as any other may."""
    child = stat
    for parent in ancestors(stat.pid, around.table):
        adopts = is_adopted(child, parent, around) is not False
        if adopts and program_name(parent) not in ADOPTERS:
            return
        yield parent.pid
        child = parent


def _stopped(above: Collection[Stat]) -> str:
    stopped = next((parent for parent in above if parent.state in "Tt"), None)
    return f"{program_name(stopped)} (pid {stopped.pid}) above it is stopped" if stopped else ""


def namespaces_of(stat: Stat, around: Surroundings) -> tuple[str, ...] | None:
    """The kinds of namespaces in which it is not on this machine; None where that cannot be told.

    What only a sandbox of the same machine's files has around it is here all the same.
    """
    foreign = foreign_namespaces(stat.pid, around.home)
    if not foreign or not {"mount", "user"}.issuperset(foreign):
        return foreign
    for parent in ancestors(stat.pid, around.table):
        here = foreign_namespaces(parent.pid, around.home) == ()
        if here and program_name(parent) in _SANDBOXES:
            return ()
        if here or not is_wrapper(parent):
            break
    return foreign


def parent_owner(stat: Stat, around: Surroundings) -> Owner:
    """Who owns it by the chain of parents alone."""
    child = stat
    for parent in ancestors(stat.pid, around.table):
        adopted = is_adopted(child, parent, around)
        if adopted:
            return Owner("nobody", f"its parent is gone, {say_adopter(parent)} has adopted it")
        if adopted is None:
            name = program_name(parent)
            return Owner("unknown", f"whether {name} (pid {parent.pid}) started it or took it in")
        if not is_wrapper(parent):
            return Owner("parent", f"works for {program_name(parent)} (pid {parent.pid})")
        if terminal := terminal_name(parent.tty_nr) or terminal_of_stdio(parent.pid):
            return Owner("terminal", f"started from terminal {terminal}")
        child = parent
    return Owner("unknown", f"the parent of pid {child.pid} cannot be seen")


def _is_orphan(stat: Stat, around: Surroundings) -> bool:
    """Whether nobody owns it by its parents, its terminal or its control group."""
    if stat.pid not in around.orphans:
        around.orphans[stat.pid] = _has_nobody(stat, around)
    return around.orphans[stat.pid]


def _has_nobody(stat: Stat, around: Surroundings) -> bool:
    cgroup = read_cgroup(stat.pid)
    return (
        not _terminal(stat)
        and not _multiplexer(stat, around.table)
        and cgroup is not None
        and unit_of(cgroup, around.our_cgroup) is None
        and parent_owner(stat, around).kind == "nobody"
    )


def _frozen(family: Collection[int]) -> bool:
    return any(is_frozen(pid) for pid in family)


def _tracer(
    family: Collection[int], table: Mapping[int, Stat], watcher: Callable[[], str]
) -> str | None:
    """Who debugs the process or one below it; what the tree does to itself is its own matter.

    `watcher` names somebody who holds one of them without a debugger's rights.
    """
    for pid in sorted(family):
        tracer = read_tracer(pid)
        if tracer is None:
            return None
        if tracer and tracer not in family:
            by = table.get(tracer)
            return f"{program_name(by)} (pid {tracer})" if by else f"pid {tracer}"
    return watcher()


def _watcher(group: PeerGroup) -> str:
    """Who holds a descriptor of the process or of one below it, to be told of its end."""
    held, threads = group.connections.watchers, group.connections.threads
    watchers = {one for pid in group.family for one in held.get(pid, ())}
    watchers -= group.family.union(group.parents, *(threads.get(pid, ()) for pid in group.family))
    for watcher in sorted(watchers):
        stat = group.table.get(watcher)
        if stat is None:  # it came after the look
            return f"pid {watcher}"
        name = program_name(stat)
        if not name.startswith(_KEEPERS) and not is_daydreamd(read_argv(watcher)):
            return f"{name} (pid {watcher})"
    return ""


def _person(group: PeerGroup, family: Collection[int]) -> str:
    """A program below it in which a person works, or that is meant to go on without its starter."""
    for pid in sorted(set(family) - {group.root.pid}):
        stat = group.table.get(pid)
        if stat is None:
            continue
        name = program_name(stat)
        if personal_program(name, read_argv(pid)):
            return f"{name} (pid {pid}) below it is a person's program"
        if is_daemon(name, stat.comm, read_argv(pid)):
            return f"{name} (pid {pid}) below it is meant to outlive its starter"
        terminal = terminal_name(stat.tty_nr) or terminal_of_stdio(pid)
        if terminal and stat.session not in group.family and not _terminal(group.root):
            return f"{name} (pid {pid}) below it has terminal {terminal}"
    if guests := ends_with(family, group.table):
        guest = group.table[min(guests)]
        return f"{program_name(guest)} (pid {guest.pid}) has entered a namespace below it"
    return "a window is open in its tree" if has_window(group) else ""


def _multiplexer(stat: Stat, table: Mapping[int, Stat]) -> str:
    for parent in ancestors(stat.pid, table):
        name = parent.comm.lower()
        if name.startswith(MULTIPLEXERS):
            return f"{name.split(':')[0]} (pid {parent.pid})"
    return ""


def _terminal(stat: Stat) -> str:
    terminal = terminal_name(stat.tty_nr) or terminal_of_stdio(stat.pid)
    if not terminal:
        return ""
    typed = seconds_since_input(terminal)
    return f"{terminal}, typed {say_duration(typed)} ago" if typed is not None else terminal
