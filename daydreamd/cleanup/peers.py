"""Who is at the other end of an agent's pipes and sockets, and whether that makes an owner.

A pipeline of which everybody is an orphan (`claude | tee log`) owns itself: its members are looked
through on both sides until somebody alive is met who is not part of it. What a process went out to
(a model's API, the journal, the message bus) does not own it; who came to it, or may come, does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Final

from daydreamd.agents.bystanders import is_filter, is_of_an_editor, is_wrapper, program_name
from daydreamd.cleanup.owners import Owner
from daydreamd.host.processes import Stat, descendants
from daydreamd.host.processes.connections import Connections, Link

_STDIO: Final = (0, 1, 2)
_WINDOW: Final = re.compile(r"@?/tmp/\.X11-unix/X\d+|.*/wayland-\d+|port 60\d\d")
# Helpers of the machine that whoever runs on it talks to.
_BROKER: Final = re.compile(
    r"@?/(?:var/)?run/(?:systemd|dbus|nscd|user/\d+/(?:bus|systemd|gnupg|keyring|at-spi))\b.*"
    r"|@?/dev/log|.*/\.gnupg/.*|.*/ssh-[^/]+/agent\.\d+|@?/tmp/dbus-.*|.*/at-spi/.*"
)


@dataclass(frozen=True)
class PeerGroup:
    """A process with its tree, and the question whether another process is an orphan, too.

    `orphan` says that nobody owns a process by its parents, its terminal or its control group.
    `servers` are those of the family that are there to serve whoever they are connected to.
    `partners` are other agents that turn out to be connected to it: they stay or go together.
    `companions` are filters and wrappers that are connected to nobody but it.
    """

    root: Stat
    family: frozenset[int]
    parents: frozenset[int]
    agents: Collection[int]
    servers: Collection[int]
    table: dict[int, Stat]
    connections: Connections
    orphan: Callable[[Stat], bool]
    ports_are_left: bool = False
    partners: set[int] = field(default_factory=set)
    companions: set[int] = field(default_factory=set)


def connected_owner(group: PeerGroup) -> Owner | None:
    """The first owner among all that are connected; None where there is none."""
    members, waiting = set(group.family), sorted(group.family)
    unknown: Owner | None = None
    while waiting:
        pid = waiting.pop()
        links = group.connections.links(pid, members)
        if links is None:
            unknown = Owner("unknown", "who is connected to it")
            continue
        for link in links:
            owner = _owner_at(group, pid, link)
            if isinstance(owner, Owner):
                if owner.kind != "unknown":
                    return owner
                unknown = owner
            elif owner:
                fresh = {*owner, *(s.pid for s in descendants(owner, group.table))} - members
                members |= fresh
                waiting += fresh
    return unknown


def has_window(group: PeerGroup) -> bool:
    """Whether the process or one below it shows a window."""
    links = (group.connections.links(pid, ()) or () for pid in group.family)
    return any(
        link.how == "server" and _WINDOW.fullmatch(link.name) for some in links for link in some
    )


def _owner_at(group: PeerGroup, pid: int, link: Link) -> Owner | set[int] | None:
    """An owner, or the processes that belong to the same orphaned group; None where nobody is."""
    return _ASKED.get(link.how, _at_the_other_end)(group, pid, link)


def _client(group: PeerGroup, _pid: int, link: Link) -> Owner | None:
    holders = (link.holders or frozenset()) - group.parents
    if link.holders is not None and not holders:
        return None
    who = f" ({_name(group, min(holders))})" if holders else ""
    return Owner("client", f"a client{who} is connected to {_said(link)}")


def _terminal(_group: PeerGroup, _pid: int, link: Link) -> Owner:
    return Owner("terminal", f"terminal {link.name} is open in its tree")


def _device(group: PeerGroup, pid: int, link: Link) -> Owner:
    return Owner("client", f"{_name(group, pid)} serves by {link.name}")


def _memory(group: PeerGroup, pid: int, link: Link) -> Owner | set[int] | None:
    """Who shares memory with it and is no kin: what one agent forked is judged with that."""
    above = group.parents.intersection(group.agents)
    kin = {stat.pid for stat in descendants(above, group.table)}
    others = (link.holders or frozenset()) - kin
    return _at_the_other_end(group, pid, replace(link, holders=others))


def _lock(group: PeerGroup, _pid: int, link: Link) -> Owner | None:
    """Who waits for a lock goes on once it is free: whoever holds it keeps that work waiting."""
    unseen = [pid for pid in link.holders or () if pid not in group.table]
    if unseen:  # a lock outlives who took it where a child has it
        return Owner("unknown", "whose lock it waits for")
    agents = {pid for pid in link.holders or () if _is_another_agent(group, pid)}
    group.partners.update(agents)
    others = (link.holders or frozenset()) - agents
    return Owner("client", f"waits for a lock of {_name(group, min(others))}") if others else None


def _listener(group: PeerGroup, pid: int, link: Link) -> Owner | None:
    """Who listens waits for somebody; of what an agent left, only a unix socket says so.

    A dev server listens for ever, but without its agent and its files nobody comes to it any more.
    A unix socket is where daemons are found, so there one below counts as well.
    """
    if pid not in group.family:
        return Owner("client", f"{_name(group, pid)} beside it listens on {_said(link)}")
    is_port = link.name.startswith(("port ", "UDP port "))
    if is_port if group.ports_are_left else pid != group.root.pid:
        return None
    return Owner("client", f"listens on {_said(link)} for clients to come")


def _server(group: PeerGroup, pid: int, link: Link) -> Owner | None:
    """What we went to owns us only where we are there to serve: then it may be who asks."""
    if _BROKER.fullmatch(link.name):
        return None
    if person := _find(group, link, is_of_an_editor):
        return Owner("client", f"is connected to {person}")
    if link.fd not in _STDIO and pid not in group.servers:
        return None
    return Owner("client", f"is connected to {_said(link)}")


def _reader(group: PeerGroup, _pid: int, link: Link) -> Owner | None:
    """Who follows its log at a terminal; a collector of all logs wants nothing of this one."""
    reader = _find(group, link, lambda stat: bool(stat.tty_nr))
    return Owner("client", f"{reader} follows in a terminal what it says") if reader else None


def _find(group: PeerGroup, link: Link, is_wanted: Callable[[Stat], bool]) -> str:
    found = (group.table.get(pid) for pid in sorted(link.holders or ()))
    return next((_name(group, stat.pid) for stat in found if stat and is_wanted(stat)), "")


def _at_the_other_end(group: PeerGroup, pid: int, link: Link) -> Owner | set[int] | None:
    if link.holders is None:
        return Owner("unknown", "who is connected to it")
    others = link.holders - group.parents
    orphans = {other for other in others if _is_of_the_group(group, pid, link, other)}
    if others - orphans:
        other = min(others - orphans)
        return Owner("client", f"works for {_name(group, other)}, which is connected to it")
    return orphans or None


def _is_of_the_group(group: PeerGroup, pid: int, link: Link, other: int) -> bool:
    """Whether the other end is an orphan like us that wants nothing for itself.

    Another agent, or a filter or wrapper that has it as its standard input or output: whoever made
    the connection for us holds it elsewhere. Who is stopped is somebody's, who will go on with it.
    """
    peer = group.table.get(other)
    if peer is None or peer.state in "Tt" or not group.orphan(peer):
        return False  # one born after the look lives, and is somebody
    if _is_another_agent(group, other):
        group.partners.add(other)
        return True
    at_stdio = group.connections.holds_only_at(other, pid, link.fd, _STDIO)
    if not at_stdio or not (is_filter(peer) or is_wrapper(peer)):
        return False
    group.companions.add(other)
    return True


def _is_another_agent(group: PeerGroup, pid: int) -> bool:
    """One that nobody owns either: they stay or go together."""
    peer = group.table.get(pid)
    return pid in group.agents and peer is not None and group.orphan(peer)


def _name(group: PeerGroup, pid: int) -> str:
    stat = group.table.get(pid)
    return f"{program_name(stat)} (pid {pid})" if stat else "a process"


def _said(link: Link) -> str:
    return link.name or "a socket"


_ASKED: Final[dict[str, Callable[[PeerGroup, int, Link], Owner | set[int] | None]]] = {
    "listener": _listener,
    "server": _server,
    "client": _client,
    "terminal": _terminal,
    "device": _device,
    "lock": _lock,
    "memory": _memory,
    "log": _reader,
}
