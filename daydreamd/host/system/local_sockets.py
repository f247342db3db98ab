"""Unix sockets by path, for both ends: connecting, and who is at the other one.

What is said over them is not known here.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

_CREDENTIALS: Final = struct.Struct("3i")


class Peer(NamedTuple):
    """The process at the other end, as the kernel saw it connect or listen; a hidden pid is 0."""

    pid: int
    uid: int


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Another name of `path`, below the 107 bytes that a socket's may have."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


@contextmanager
def connected(path: Path, *, within: float) -> Iterator[socket.socket]:
    """A connection to the listener at `path`; OSError without an answer in `within` seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within)
        with short_path(path) as name:
            connection.connect(name)
        yield connection


def peer_of(connection: socket.socket) -> Peer:
    """Pid and user id at the other end (SO_PEERCRED)."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(told)
    return Peer(pid, uid)
