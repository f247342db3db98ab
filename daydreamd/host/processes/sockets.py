"""The kernel's tables of sockets: unix by netlink, TCP by `/proc/PID/net`.

What cannot be asked is None, never an empty table. Who holds a socket is not known here.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_DUMP: Final = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_SHOW_NAME_PEER_AND_WAITING: Final = 0x1 | 0x4 | 0x8
_NAME, _PEER, _WAITING = 0, 2, 3
_ANSWER_SECONDS: Final = 2.0
_UNIX_LISTEN: Final = 10
# Established, and closed by one side: who has said all may still wait for the answer.
_TCP_CONNECTED: Final = ("01", "05", "08")
_TCP_LISTEN, _UDP_BOUND = "0A", "07"
# A client whose connection nobody has accepted; the last where the server waits for its first data.
_TCP_WAITING: Final = ("01", "08", "03")
_NO_INODE: Final = 0
_IPV4_IN_IPV6: Final = "0000000000000000FFFF0000"
_LOOPBACK: Final = ("0100007F", "00000000000000000000000001000000")


@dataclass(frozen=True)
class UnixSocket:
    """A unix socket. `peer` is the other end's inode, 0 where there is none or it is closed.

    `name` is its path, `@` first where abstract; an accepted one bears that of its listener.
    `waiting` are the clients that a listener has not accepted yet, 0 for one that has gone.
    """

    name: str
    peer: int
    listens: bool = False
    waiting: tuple[int, ...] = ()

    @property
    def named(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True)
class TcpSocket:
    """A TCP or UDP socket that listens or is connected; addresses in hex, as in `/proc`."""

    local: str
    remote: str
    listens: bool
    datagrams: bool = False
    is_half_closed: bool = False

    @property
    def said_port(self) -> str:
        """`port 3000`, `UDP port 53`."""
        return f"{'UDP ' if self.datagrams else ''}port {self.port}"

    @property
    def port(self) -> int:
        return int(self.local.rsplit(":", 1)[1], 16)

    @property
    def remote_port(self) -> int:
        return int(self.remote.rsplit(":", 1)[1], 16)

    @property
    def is_local(self) -> bool:
        """Whether the other end is on this machine, as far as its address says so."""
        address = self.remote.rsplit(":", 1)[0]
        return address in _LOOPBACK or address == self.local.rsplit(":", 1)[0]


def unix_sockets() -> dict[int, UnixSocket] | None:
    """Every unix socket by inode; None where the kernel does not tell."""
    ask = struct.pack(
        "=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _SHOW_NAME_PEER_AND_WAITING, 0, 0
    )
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


def bound_sockets() -> set[str] | None:
    """The file names of all unix sockets that are bound, in every network that we may look into.

    None where they cannot be read.
    """
    pids = ("self", *filter(str.isdecimal, os.listdir("/proc")))  # noqa: PTH208 - names are wanted
    networks = {network_of(pid): pid for pid in reversed(pids)}
    found: set[str] = set()
    for pid in networks.values():
        try:
            lines = Path(f"/proc/{pid}/net/unix").read_text(errors="replace").splitlines()
        except OSError as error:
            if pid == "self" or error.errno == errno.EMFILE:
                return None
            continue  # gone meanwhile, or another user's, who binds nothing in what is ours alone
        # A line ends in the path that was bound, which a relative one is without a slash.
        rows = (line.split(maxsplit=7) for line in lines)
        found |= {row[7].rsplit("/", 1)[-1] for row in rows if len(row) == 8}
    return found


@dataclass
class TcpTable:
    """TCP and UDP sockets of a network that serve or are connected, by inode.

    `waiting` are connections that came to a listener and were not accepted: no process has them. A
    UDP socket that is bound and connected to nobody serves.
    """

    sockets: dict[int, TcpSocket] = field(default_factory=dict)
    waiting: list[TcpSocket] = field(default_factory=list)

    def at_the_other_end(self, tcp: TcpSocket) -> int | None:
        """The inode of a connection's other end on this machine; 0 while it is not accepted."""
        ends = (tcp.remote, tcp.local)
        for inode, one in self.sockets.items():
            if (one.local, one.remote) == ends:
                return inode
        return 0 if any((one.local, one.remote) == ends for one in self.waiting) else None

    def listens_at(self, port: int) -> bool:
        """Whether a socket listens on the port, at any address."""
        return any(one.listens and one.port == port for one in self.sockets.values())


def tcp_sockets(pid: int) -> TcpTable | None:
    """The table of a process's network; None where it cannot be read."""
    found = TcpTable()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError as error:
            if isinstance(error, FileNotFoundError) and table.endswith("6"):
                continue  # a kernel without IPv6
            return None
        _read_table(lines, found, datagrams=table.startswith("udp"))
    return found


def is_chosen_by_kernel(port: int) -> bool:
    """Whether a port is known to be of those that clients get for themselves; few servers are."""
    try:
        low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    except (OSError, ValueError):
        return False
    return low <= port <= high


def network_of(pid: int | str) -> str:
    """The identity of a process's network namespace; "" where it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")  # noqa: PTH115 - the text is the identity
    except OSError:
        return ""


def _read_table(lines: list[str], found: TcpTable, *, datagrams: bool) -> None:
    serves = _UDP_BOUND if datagrams else _TCP_LISTEN
    for line in lines:
        words = line.split()
        state, inode = words[3], int(words[9])
        waits = inode == _NO_INODE and state in _TCP_WAITING and not datagrams
        is_held = inode != _NO_INODE and state in (*_TCP_CONNECTED, serves)
        if not waits and not is_held:
            continue  # without an inode the process that had it has closed it
        half_closed = state in _TCP_CONNECTED[1:]
        ends = (_plain(words[1]), _plain(words[2]))
        one = TcpSocket(*ends, state == serves, datagrams, half_closed)
        if waits:
            found.waiting.append(one)
        else:
            found.sockets[inode] = one


def _plain(address: str) -> str:
    """An IPv4 address is the same in both tables, so that both ends of a connection agree."""
    return address.removeprefix(_IPV4_IN_IPV6)


def _read_messages(answer: bytes, found: dict[int, UnixSocket]) -> bool:
    """Add what one datagram says; True with the last. OSError where the kernel refuses."""
    place = 0
    while place < len(answer):
        length, kind = struct.unpack_from("=IH", answer, place)
        if kind == _NLMSG_DONE:
            return True
        if kind == _NLMSG_ERROR:
            raise OSError("the kernel refused")
        type_, state, inode = struct.unpack_from("=xBBxI", answer, place + 16)
        one = _read_socket(answer[place + 32 : place + length], state == _UNIX_LISTEN)
        if type_ == socket.SOCK_DGRAM and one.named and not one.peer:
            one = UnixSocket(one.name, 0, listens=True)
        found[inode] = one
        place += (length + 3) & ~3
    return False


def _read_socket(attributes: bytes, listens: bool) -> UnixSocket:
    name, peer, place, waiting = b"", 0, 0, b""
    while place + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, place)
        if kind == _NAME:
            name = attributes[place + 4 : place + length]
        elif kind == _PEER:
            peer = struct.unpack_from("=I", attributes, place + 4)[0]
        elif kind == _WAITING:
            waiting = attributes[place + 4 : place + length]
        place += max(4, (length + 3) & ~3)
    said = b"@" + name[1:] if name.startswith(b"\0") else name
    clients = struct.unpack(f"={len(waiting) // 4}I", waiting)
    return UnixSocket(said.rstrip(b"\0").decode(errors="replace"), peer, listens, clients)
