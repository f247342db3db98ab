"""Who is at the other end: of pipes, queues and sockets, whatever descriptor they are held by.

Read from `/proc` and from the kernel's socket tables, without touching anybody's descriptor. What
cannot be read is None, never "nobody". It does not know why anybody asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from daydreamd.host.processes.devices import Devices
from daydreamd.host.processes.lock_waits import lock_waits
from daydreamd.host.processes.networks import Networks, is_in_our_network
from daydreamd.host.processes.open_files import (
    End,
    end_of_link,
    every_descriptor,
    fdinfo,
    has_name,
    may,
    named_end,
    named_ends,
    other_end_is_open,
    protocol_of,
    said_to,
    threads_apart,
)
from daydreamd.host.processes.shared_memory import SharedMemory
from daydreamd.host.processes.sockets import (
    TcpSocket,
    TcpTable,
    UnixSocket,
    is_chosen_by_kernel,
    unix_sockets,
)

# Sockets that lead to nobody where no table of a network tells of them: they are closed, or their
# process asks the kernel, or watches the wire.
_LEAD_TO_NOBODY: Final = frozenset(
    {"TCP", "TCPv6", "UDP", "UDPv6", "NETLINK", "PACKET", "RAW", "RAWv6", "PING", "PINGv6", "ALG"}
)
_NO_DESCRIPTOR: Final = -1


@dataclass(frozen=True)
class Link:
    """One connection of a process. `holders` are processes at the other end; None: not known.

    `how`: a pipe or queue; a pair, whose ends are alike; a client that came to a socket of ours; a
    server that we went to, by its `name` ("" where it has none); a listener, whom clients may
    come to; a terminal; a device by which it serves the kernel's other users; memory that others
    have mapped, too; a lock that it waits for; a log, which others have open to read.
    """

    fd: int
    how: Literal[
        "pipe", "pair", "client", "server", "listener", "terminal", "device", "memory", "lock",
        "log",
    ]  # fmt: skip
    holders: frozenset[int] | None = frozenset()
    name: str = ""


@dataclass
class Connections:
    """All pipes and sockets in use, as far as they can be seen, at one moment.

    `watchers` hold a descriptor of a process, as who waits for its end does, by its pid.
    """

    holders: dict[End, set[int]] = field(default_factory=dict)
    ends: dict[int, dict[int, End]] = field(default_factory=dict)
    unix: dict[int, UnixSocket] | None = None
    unseen: set[int] = field(default_factory=set)
    threads: dict[int, list[int]] = field(default_factory=dict)
    watchers: dict[int, set[int]] = field(default_factory=dict)
    devices: Devices = field(default_factory=Devices)
    memory: SharedMemory = field(default_factory=SharedMemory)
    networks: Networks = field(default_factory=Networks)
    locks: dict[int, set[int]] = field(default_factory=dict)

    def ends_of(self, pid: int) -> dict[int, End]:
        """The pipes and sockets of a process, by descriptor."""
        return self.ends.get(pid, {})

    def links(self, pid: int, family: Collection[int]) -> list[Link] | None:
        """The connections of a process to others than `family`; None where it is hidden."""
        if pid in self.unseen:
            return None
        family = {*family, *(thread for one in family for thread in self.threads.get(one, ()))}
        found = [*self._without_descriptor(pid, family)]
        for one in (pid, *self.threads.get(pid, ())):
            found += self._links_of(one, family)
            found += self._links_of_devices(one, family)
        return [link for link in found if link.holders != frozenset()]

    def _links_of(self, pid: int, family: Collection[int]) -> Iterator[Link]:
        for fd, end in self.ends_of(pid).items():
            link = self._link(pid, fd, end, family)
            if link is None:
                continue
            yield link
            if link.how == "listener" and end[0] == "socket":
                yield from filter(None, self._waiting(pid, link, end[1], family))

    def _links_of_devices(self, pid: int, family: Collection[int]) -> Iterator[Link]:
        for fd, name in self.devices.terminals(pid, family):
            yield Link(fd, "terminal", None, name)
        for fd, name in self.devices.served(pid):
            yield Link(fd, "device", None, name)
        for fd in self.devices.rings(pid):  # what a ring holds is in no list of descriptors
            yield Link(fd, "pair", None)

    def _without_descriptor(self, pid: int, family: Collection[int]) -> Iterator[Link]:
        others = self.memory.sharers(pid, family)
        yield Link(_NO_DESCRIPTOR, "memory", frozenset(others))
        yield Link(_NO_DESCRIPTOR, "lock", frozenset(self.locks.get(pid, ())).difference(family))

    def _link(self, pid: int, fd: int, end: End, family: Collection[int]) -> Link | None:
        if end[0].startswith("log"):
            return Link(fd, "log", frozenset(self.holders.get(end, set()).difference(family)))
        if end[0] != "socket":
            return self._pipe_link(pid, fd, end, family)
        if self.unix is None:
            return Link(fd, "pair", None)
        if unix := self.unix.get(end[1]):
            return self._unix_link(pid, fd, unix, family)
        return self._tcp_link(pid, fd, end[1], family)

    def _pipe_link(self, pid: int, fd: int, end: End, family: Collection[int]) -> Link:
        others = self.others_at(pid, fd, family)
        if others is None:
            return Link(fd, "pipe", None)
        # Who holds both ends of a named one open waits for whoever comes to write there.
        if not others and end[0] != "pipe" and may(pid, fd) == 0o600 and has_name(pid, fd):
            return Link(fd, "listener", None, f"a {end[0].partition(':')[0]}")
        return Link(fd, "pipe", frozenset(others))

    def _unix_link(
        self, pid: int, fd: int, unix: UnixSocket, family: Collection[int]
    ) -> Link | None:
        if unix.listens:
            return Link(fd, "listener", None, unix.name)
        if not unix.peer:
            return None
        assert self.unix is not None
        peer = self.unix.get(unix.peer)
        if peer is not None and peer.named and not unix.named:
            servers = self.holders.get(("socket", unix.peer), set())
            return Link(fd, "server", frozenset(servers.difference(family)) or None, peer.name)
        others = self.others_at(pid, fd, family)
        holders = None if others is None else frozenset(others)
        return Link(fd, "client" if unix.named else "pair", holders, unix.name)

    def _tcp_link(self, pid: int, fd: int, inode: int, family: Collection[int]) -> Link | None:
        if self.networks.table_of(pid) is None:
            return Link(fd, "pair", None)
        table = self.networks.table_with(inode, pid, self.ends)
        if table is None:
            return _untold_link(pid, fd)
        tcp = table.sockets[inode]
        if tcp.listens:
            return Link(fd, "listener", None, tcp.said_port)
        return self._tcp_peer(fd, tcp, table, family)

    def _tcp_peer(
        self, fd: int, tcp: TcpSocket, table: TcpTable, family: Collection[int]
    ) -> Link | None:
        """A TCP connection, with the processes that hold its other end on this machine."""
        peer = table.at_the_other_end(tcp)
        if tcp.is_half_closed and tcp.is_local and peer is None:
            return None  # whoever it was has gone, and it has not noticed
        holders = self.holders.get(("socket", peer), set()) if peer else set()
        if holders and holders <= set(family):
            return None  # with itself
        others = frozenset(holders.difference(family)) or None
        if table.listens_at(tcp.port):
            return Link(fd, "client", others, f"port {tcp.port}")
        if peer and not table.listens_at(tcp.remote_port):
            return Link(fd, "pair", others)  # whoever listened does so no more: it may be us
        if peer is None and not tcp.is_local and not is_chosen_by_kernel(tcp.port):
            return Link(fd, "client", None, f"port {tcp.port}")
        return Link(
            fd, "server", others, f"port {tcp.remote_port}{'' if tcp.is_local else ' elsewhere'}"
        )

    def _waiting(
        self, pid: int, link: Link, inode: int, family: Collection[int]
    ) -> Iterator[Link | None]:
        """The clients that came to a listener and were not accepted yet."""
        if self.unix and (unix := self.unix.get(inode)):
            for client in filter(None, unix.waiting):
                holders = self.holders.get(("socket", client), set())
                if not holders or not holders <= set(family):
                    others = frozenset(holders.difference(family)) or None
                    yield Link(link.fd, "client", others, link.name)
            return
        table = self.networks.table_with(inode, pid, self.ends)
        for tcp in table.waiting if table else ():
            if table and tcp.port == table.sockets[inode].port:
                yield self._tcp_peer(link.fd, tcp, table, family)

    def others_at(self, pid: int, fd: int, family: Collection[int]) -> set[int] | None:
        """Processes outside `family` at the other end of a descriptor; None where unknown."""
        if pid in self.unseen:
            return None
        end = self.ends_of(pid).get(fd)
        if end is None:
            return set()
        if end[0] == "socket":
            if self.unix is None:
                return None
            connected = self.unix.get(end[1])
            if connected is None or not connected.peer:
                return set()
            end = ("socket", connected.peer)
        holders = self.holders.get(end, set())
        others = holders.difference(family)
        # One may be hidden, in flight, or in a pid namespace above ours: a pipe is asked itself.
        if not others and not self._explains(holders, pid, fd, end):
            return None
        return others

    def _explains(self, holders: set[int], pid: int, fd: int, end: End) -> bool:
        """Whether the holders that we see explain all: they have the other end, or nobody has."""
        if end[0] == "socket":
            return bool(holders)
        if end[0].startswith("queue"):
            return True  # messages lie there until somebody comes
        reads = may(pid, fd) & 0o400
        for holder in holders:
            for own, held in self.ends_of(holder).items():
                if held == end and may(holder, own) & (0o200 if reads else 0o400):
                    return True
        return not other_end_is_open(pid, fd, reads=bool(reads))

    def holds_only_at(self, pid: int, link_of: int, fd: int, fds: Collection[int]) -> bool:
        """Whether `pid` has the other end of a connection at these descriptors alone."""
        end = self.ends_of(link_of).get(fd)
        if end is None:
            return False
        if end[0] == "socket" and self.unix and (unix := self.unix.get(end[1])):
            end = ("socket", unix.peer)
        held = {own for own, what in self.ends_of(pid).items() if what == end}
        return bool(held) and held <= set(fds)


def see_connections(members: Collection[int] = ()) -> Connections:
    """Look at every process that we may look into.

    Named pipes, queues, threads and logs are looked at only where one of `members` has them.
    """
    seen = Connections(unix=unix_sockets(), locks=lock_waits())
    apart = {pid: threads for pid in members if (threads := threads_apart(pid))}
    seen.threads.update(apart)
    threads = [thread for some in apart.values() for thread in some]
    logs = {link for pid in members for link in said_to(pid)}
    for pid, fd, link in every_descriptor(seen.unseen, threads):
        if end := end_of_link(link):
            _hold(seen, pid, fd, end)
        elif link in logs:
            _hold_log(seen, pid, fd, link)
        elif link.startswith(("anon_inode:[pidfd]", "pidfd:")):
            if watched := fdinfo(pid, fd).get("Pid"):
                seen.watchers.setdefault(int(watched), set()).add(pid)
        else:
            seen.devices.note(pid, fd, link)
    named = {end for pid in (*members, *threads) for end in named_ends(pid)}
    if named:  # by what they are: another link or mount has another name for the same
        for pid, fd, link in every_descriptor(set(), threads):
            if (end := named_end(pid, fd, link)) in named and end:
                _hold(seen, pid, fd, end)
    return seen


def _hold(seen: Connections, pid: int, number: int, end: End) -> None:
    seen.ends.setdefault(pid, {})[number] = end
    seen.holders.setdefault(end, set()).add(pid)


def _hold_log(seen: Connections, pid: int, fd: int, path: str) -> None:
    """Who writes has it at its end; who reads is at the other."""
    end = (f"log:{path}", 0)
    if may(pid, fd) & 0o400:
        seen.holders.setdefault(end, set()).add(pid)
    else:
        seen.ends.setdefault(pid, {})[fd] = end


def _untold_link(pid: int, fd: int) -> Link | None:
    """A socket of which no table tells: closed or closing, or of another protocol."""
    protocol = protocol_of(pid, fd)
    # In another network we see no unix sockets; of one closed meanwhile nothing is to be said.
    unknown = protocol not in _LEAD_TO_NOBODY if protocol else not is_in_our_network(pid)
    return Link(fd, "pair", None) if unknown else None
