"""Who is at the other end: of pipes, FIFOs and sockets, whatever descriptor they are held by.

Read from `/proc` and from the kernel's socket tables, without touching anybody's descriptor. What
cannot be read is None, never "nobody". It does not know why anybody asks.
"""

from __future__ import annotations

import errno
import os
import re
import select
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from daydreamd.host.sockets import (
    TcpSocket,
    TcpTable,
    UnixSocket,
    network_of,
    tcp_sockets,
    unix_sockets,
)

_LINK: Final = re.compile(r"(pipe|socket):\[(\d+)\]")
End = tuple[str, int]
"""What a descriptor leads to: ("pipe" | "socket" | "fifo:DEVICE", inode)."""


@dataclass(frozen=True)
class Link:
    """One connection of a process. `holders` are processes at the other end; None: not known.

    `how`: a pipe or FIFO; a pair, whose ends are alike; a client that came to a socket of ours; a
    server that we went to, by its `name` ("" where it has none); a listener, whom clients may
    come to.
    """

    fd: int
    how: Literal["pipe", "pair", "client", "server", "listener"]
    holders: frozenset[int] | None = frozenset()
    name: str = ""


@dataclass
class Connections:
    """All pipes and sockets in use, as far as they can be seen, at one moment."""

    holders: dict[End, set[int]] = field(default_factory=dict)
    ends: dict[int, dict[int, End]] = field(default_factory=dict)
    unix: dict[int, UnixSocket] | None = None
    unseen: set[int] = field(default_factory=set)
    _tcp: dict[str, TcpTable | None] = field(default_factory=dict)

    def ends_of(self, pid: int) -> dict[int, End]:
        """The pipes and sockets of a process, by descriptor."""
        return self.ends.get(pid, {})

    def links(self, pid: int, family: Collection[int]) -> list[Link] | None:
        """The connections of a process to others than `family`; None where it is hidden."""
        if pid in self.unseen:
            return None
        found: list[Link | None] = []
        for fd, end in self.ends_of(pid).items():
            found.append(link := self._link(pid, fd, end, family))
            if link is not None and link.how == "listener":
                found += self._waiting(pid, link, end[1], family)
        return [link for link in found if link is not None and link.holders != frozenset()]

    def _link(self, pid: int, fd: int, end: End, family: Collection[int]) -> Link | None:
        if end[0] != "socket":
            others = self.others_at(pid, fd, family)
            return Link(fd, "pipe", None if others is None else frozenset(others))
        if self.unix is None:
            return Link(fd, "pair", None)
        if unix := self.unix.get(end[1]):
            return self._unix_link(pid, fd, unix, family)
        return self._tcp_link(pid, fd, end[1], family)

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
            return Link(fd, "server", None, peer.name)
        others = self.others_at(pid, fd, family)
        holders = None if others is None else frozenset(others)
        return Link(fd, "client" if unix.named else "pair", holders, unix.name)

    def _tcp_link(self, pid: int, fd: int, inode: int, family: Collection[int]) -> Link | None:
        table = self._tcp_of(pid)
        if table is None:
            return Link(fd, "pair", None)
        tcp = table.sockets.get(inode)
        if tcp is None:
            # Closed, closing, or of another protocol; in another network we see no unix sockets.
            elsewhere = network_of(pid) != network_of(os.getpid())
            return Link(fd, "pair", None) if elsewhere else None
        if tcp.listens:
            return Link(fd, "listener", None, tcp.said_port)
        return self._tcp_peer(fd, tcp, table, family)

    def _tcp_of(self, pid: int) -> TcpTable | None:
        network = network_of(pid)
        if network not in self._tcp:
            self._tcp[network] = tcp_sockets(pid)
        return self._tcp[network]

    def _tcp_peer(
        self, fd: int, tcp: TcpSocket, table: TcpTable, family: Collection[int]
    ) -> Link | None:
        """A connection, by whoever has its other end on this machine."""
        peer = table.at_the_other_end(tcp)
        if tcp.is_half_closed and tcp.is_local and peer is None:
            return None  # whoever it was has gone, and it has not noticed
        holders = self.holders.get(("socket", peer), set()) if peer else set()
        if holders and holders <= set(family):
            return None  # with itself
        accepted = any(one.listens and one.port == tcp.port for one in table.sockets.values())
        others = frozenset(holders.difference(family)) or None
        if accepted:
            return Link(fd, "client", others, f"port {tcp.port}")
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
        elif table := self._tcp_of(pid):
            port = table.sockets[inode].port
            for tcp in table.waiting:
                if tcp.port == port:
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
        # A FIFO that is opened once more does not tell of writers that it had before.
        asked = bool(self.unseen) or not end[0].startswith("fifo")
        if asked and not others and not self._explains(holders, pid, fd, end):
            return None
        return others

    def _explains(self, holders: set[int], pid: int, fd: int, end: End) -> bool:
        """Whether the holders that we see explain all: they have the other end, or nobody has."""
        if end[0] == "socket":
            return bool(holders)
        reads = _may(pid, fd) & 0o400
        for holder in holders:
            for own, held in self.ends_of(holder).items():
                if held == end and _may(holder, own) & (0o200 if reads else 0o400):
                    return True
        return not _other_end_is_open(pid, fd, reads=bool(reads))

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
    """Look at every process that we may look into; FIFOs only where one of `members` has them."""
    seen = Connections(unix=unix_sockets())
    for pid, number, link in _descriptors(seen.unseen):
        if match := _LINK.fullmatch(link):
            _hold(seen, pid, number, (match[1], int(match[2])))
    fifos = {end for pid in members for end in _fifos(pid)}
    if fifos:  # by what they are: another link or mount has another name for the same
        for pid, number, link in _descriptors(set()):
            end = _fifo_at(pid, number) if link.startswith("/") else None
            if end in fifos:
                _hold(seen, pid, number, end)
    return seen


def _hold(seen: Connections, pid: int, number: int, end: End) -> None:
    seen.ends.setdefault(pid, {})[number] = end
    seen.holders.setdefault(end, set()).add(pid)


def _descriptors(unseen: set[int]) -> Iterator[tuple[int, int, str]]:
    """Every descriptor: pid, number, and what it links to. Who hides them is added to `unseen`."""
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names, called for every process
        except PermissionError:
            unseen.add(pid)
            continue
        except OSError:  # gone meanwhile
            continue
        yield from _links_of(pid, names, unseen)


def _links_of(
    pid: int, names: Iterable[str], unseen: set[int] | None = None
) -> Iterator[tuple[int, int, str]]:
    for name in names:
        try:
            link = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115 - called for every descriptor
        except PermissionError:  # listed, but not shown: one with more capabilities than we have
            if unseen is not None:
                unseen.add(pid)
            return
        except OSError:  # closed meanwhile
            continue
        yield pid, int(name), link


def _fifos(pid: int) -> Iterator[End]:
    """The named pipes that a process has open."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names are what we want
    except OSError:  # gone or hidden: `see_connections` has noted it
        return
    for _, number, link in _links_of(pid, names):
        end = _fifo_at(pid, number) if link.startswith("/") else None
        if end is not None:
            yield end


def _fifo_at(pid: int, fd: int) -> End | None:
    try:
        facts = os.stat(f"/proc/{pid}/fd/{fd}")  # noqa: PTH116 - called for every file that is open
    except OSError:  # closed meanwhile
        return None
    return (f"fifo:{facts.st_dev}", facts.st_ino) if stat.S_ISFIFO(facts.st_mode) else None


def _may(pid: int, fd: int) -> int:
    """What a descriptor is open for: 0o400 reading, 0o200 writing."""
    try:
        return Path(f"/proc/{pid}/fd/{fd}").lstat().st_mode & 0o600
    except OSError:  # closed meanwhile
        return 0


def _other_end_is_open(pid: int, fd: int, *, reads: bool) -> bool:
    """Ask the pipe itself, by opening our end a second time for a moment."""
    mode = os.O_RDONLY if reads else os.O_WRONLY
    try:
        pipe = os.open(f"/proc/{pid}/fd/{fd}", mode | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return error.errno != errno.ENXIO  # that one says: nobody reads
    try:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        return not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
    finally:
        os.close(pipe)
