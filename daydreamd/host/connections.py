"""Who is at the other end: of pipes, of sockets, of the ports a process listens on.

Read from `/proc` and from the kernel's socket diagnostics, without touching anybody's descriptor.
What cannot be read is None, never "nobody". It does not know why anybody asks.
"""

from __future__ import annotations

import errno
import os
import re
import select
import socket
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LINK: Final = re.compile(r"(pipe|socket):\[(\d+)\]")
_ESTABLISHED, _LISTEN = "01", "0A"
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_DUMP: Final = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_SHOW_NAME_AND_PEER: Final = 0x1 | 0x4
_NAME, _PEER = 0, 2
_ANSWER_SECONDS: Final = 2.0


@dataclass(frozen=True)
class UnixSocket:
    """A connected unix socket. `peer` is the other end's inode, 0 where that end is closed."""

    named: bool
    peer: int


@dataclass
class Connections:
    """All pipes and sockets in use, as far as they can be seen, at one moment."""

    holders: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    ends: dict[int, dict[int, tuple[str, int]]] = field(default_factory=dict)
    unix: dict[int, UnixSocket] | None = None
    unseen: set[int] = field(default_factory=set)

    def ends_of(self, pid: int) -> dict[int, tuple[str, int]]:
        """The pipes and sockets of a process, by descriptor."""
        return self.ends.get(pid, {})

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
        if self.unseen and not others and not self._explains(holders, pid, fd, end):
            return None  # somebody may be there whose descriptors we may not see
        return others

    def _explains(self, holders: set[int], pid: int, fd: int, end: tuple[str, int]) -> bool:
        """Whether the holders that we see explain all: they have the other end, or nobody has."""
        if end[0] == "socket":
            return bool(holders)
        reads = _may(pid, fd) & 0o400
        for holder in holders:
            for own, held in self.ends_of(holder).items():
                if held == end and _may(holder, own) & (0o200 if reads else 0o400):
                    return True
        return not _other_end_is_open(pid, fd, reads=bool(reads))

    def unix_clients(self, pid: int, family: Collection[int]) -> set[int] | None:
        """Processes outside `family` that connected to a unix socket on which `pid` listens."""
        clients: set[int] = set()
        for fd, (what, inode) in self.ends_of(pid).items():
            if what == "socket":
                if self.unix is None:
                    return None
                # an accepted socket bears the name it was reached under; one that went out does not
                if inode in self.unix and self.unix[inode].named:
                    clients |= self.others_at(pid, fd, family) or set()
        return clients

    def ports(self, pids: Iterable[int]) -> Ports | None:
        """The TCP ports that these processes listen on, and how many clients they have."""
        ports = Ports()
        for pid in pids:
            inodes = {inode for what, inode in self.ends_of(pid).values() if what == "socket"}
            if inodes and not _add_tcp(pid, inodes, ports):
                return None
        ports.clients = sum(port in ports.listening for port in ports.connected)
        return ports


@dataclass
class Ports:
    """TCP of some processes: ports they listen on, local ports of connections, and clients."""

    listening: set[int] = field(default_factory=set)
    connected: list[int] = field(default_factory=list)
    clients: int = 0


def see_connections() -> Connections:
    """Look at every process that we may look into."""
    seen = Connections(unix=_unix_sockets())
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    for pid in pids:
        try:
            with os.scandir(f"/proc/{pid}/fd") as descriptors:
                names = [descriptor.name for descriptor in descriptors]
        except PermissionError:
            seen.unseen.add(pid)
            continue
        except OSError:  # gone meanwhile
            continue
        _add_ends(seen, pid, names)
    return seen


def _add_ends(seen: Connections, pid: int, names: Iterable[str]) -> None:
    for name in names:
        try:
            link = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115 - called for every descriptor
        except OSError:  # closed meanwhile
            continue
        if match := _LINK.fullmatch(link):
            end = (match[1], int(match[2]))
            seen.ends.setdefault(pid, {})[int(name)] = end
            seen.holders.setdefault(end, set()).add(pid)


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


def _add_tcp(pid: int, inodes: Collection[int], ports: Ports) -> bool:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except FileNotFoundError:
            continue  # no IPv6, or gone meanwhile
        except OSError:
            return False
        for line in lines:
            words = line.split()
            if int(words[9]) in inodes:
                port = int(words[1].rsplit(":", 1)[1], 16)
                if words[3] == _LISTEN:
                    ports.listening.add(port)
                elif words[3] == _ESTABLISHED:
                    ports.connected.append(port)
    return True


def _unix_sockets() -> dict[int, UnixSocket] | None:
    """Every unix socket by inode; None where the kernel does not tell."""
    ask = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW_NAME_AND_PEER, 0, 0)
    header = struct.pack("=IHHII", 16 + len(ask), _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0)
    found: dict[int, UnixSocket] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(_ANSWER_SECONDS)
            kernel.send(header + ask)
            while True:
                if _read_messages(kernel.recv(1 << 18), found):
                    return found
    except OSError:  # no such netlink family, or not allowed: then it is not known
        return None


def _read_messages(answer: bytes, found: dict[int, UnixSocket]) -> bool:
    """Add what one datagram says; True with the last. OSError where the kernel refuses."""
    place = 0
    while place < len(answer):
        length, kind = struct.unpack_from("=IH", answer, place)
        if kind == _NLMSG_DONE:
            return True
        if kind == _NLMSG_ERROR:
            raise OSError("the kernel refused")
        inode = struct.unpack_from("=I", answer, place + 20)[0]
        found[inode] = _read_socket(answer[place + 32 : place + length])
        place += (length + 3) & ~3
    return False


def _read_socket(attributes: bytes) -> UnixSocket:
    named, peer, place = False, 0, 0
    while place + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, place)
        if kind == _NAME:
            named = length > 4
        elif kind == _PEER:
            peer = struct.unpack_from("=I", attributes, place + 4)[0]
        place += max(4, (length + 3) & ~3)
    return UnixSocket(named, peer)
