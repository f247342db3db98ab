"""The tables of all networks of this machine, each read once, when first asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from daydreamd.host.processes.sockets import TcpTable, network_of, tcp_sockets


@dataclass
class Networks:
    """TCP and UDP sockets by network. A socket stays in the one that it was made in."""

    _tables: dict[str, TcpTable | None] = field(default_factory=dict)
    _inhabitants: dict[str, int] = field(default_factory=dict)

    def table_of(self, pid: int) -> TcpTable | None:
        """The table of the network in which a process is now; None where it cannot be read."""
        return self._table(network_of(pid), pid)

    def table_with(self, inode: int, pid: int, everybody: Collection[int]) -> TcpTable | None:
        """The table that tells of a socket of `pid`, be it handed on from another network.

        `everybody` are processes through whom networks are found.
        """
        if (own := self.table_of(pid)) and inode in own.sockets:
            return own
        if not self._inhabitants:
            self._inhabitants |= {network_of(one): one for one in everybody}
        tables = (self._table(network, one) for network, one in self._inhabitants.items())
        return next((table for table in tables if table and inode in table.sockets), None)

    def _table(self, network: str, pid: int) -> TcpTable | None:
        if network not in self._tables:
            self._tables[network] = tcp_sockets(pid)
        return self._tables[network]


def is_in_our_network(pid: int) -> bool:
    """Whether a process sees the same network as we do."""
    return network_of(pid) == network_of("self")
