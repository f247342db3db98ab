"""Lines over a unix socket with a client that may stall, flood or vanish; not what they mean.

Every read and write has a deadline, every line a bound; all that a bad client can cost is its own
connection.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Final

import anyio

from daydreamd.errors import DaemonError
from daydreamd.host.system.local_sockets import peer_of, short_path

MAX_REQUEST_BYTES: Final = 4096
_BACKLOG: Final = 32


class LineTooLong(DaemonError):
    """A line is longer than MAX_REQUEST_BYTES."""


class LineSocket:
    """One accepted connection. Deadlines are the caller's scopes."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._rest = b""

    def peer_uid(self) -> int:
        """The user at the other end, as the kernel saw it connect."""
        return peer_of(self._connection).uid

    async def read_line(self) -> bytes | None:
        """The next line without its end; `None` where the client has finished."""
        while b"\n" not in self._rest:
            if len(self._rest) > MAX_REQUEST_BYTES:
                raise LineTooLong(f"cannot read a line of more than {MAX_REQUEST_BYTES} bytes")
            await anyio.wait_readable(self._connection)
            chunk = self._connection.recv(MAX_REQUEST_BYTES)
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    async def write(self, data: bytes) -> None:
        """Send all of `data`; OSError where the client is gone."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._connection.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self._connection)

    async def gone(self) -> None:
        """Return once the client has hung up; what it still sends is not read any more."""
        while True:
            await anyio.wait_readable(self._connection)
            if not self._connection.recv(MAX_REQUEST_BYTES):
                return

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def listen_at(path: Path) -> socket.socket:
    """A listening socket that only its owner can open, in place of one that a dead daemon left.

    The caller holds the daemon's lock: a socket that is there has no living owner.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)
    try:
        _remove_socket(path)
        with short_path(path) as name:
            listener.bind(name)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise DaemonError(f"cannot listen at {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return listener


def _remove_socket(path: Path) -> None:
    try:
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    except FileNotFoundError:
        return
