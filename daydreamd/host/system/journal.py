"""The journal's native protocol: one datagram per entry, fields instead of text to parse.

Knows nothing of what is logged. An entry too large for a datagram goes over as a sealed memfd, as
the protocol asks (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). The socket never blocks: a journal
that does not read costs entries, which are counted, and never the loop.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

JOURNAL_SOCKET: Final = Path("/run/systemd/journal/socket")
_FIELD: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3}


class Journal:
    """Sends entries to the journal at `path`. `lost` counts those that could not be sent."""

    def __init__(self, path: Path = JOURNAL_SOCKET) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.lost = 0

    def send(self, message: str, *, level: str = "info", fields: Mapping[str, str]) -> bool:
        """Send one entry; False where the journal did not take it.

        Names of `fields` are upper case letters, digits and underscores, not beginning with an
        underscore (those are the journal's own); ValueError for any other.
        """
        entry = encode({"MESSAGE": message, "PRIORITY": str(PRIORITIES[level]), **fields})
        try:
            self._send(entry)
        except OSError:
            # Nobody to tell: this *is* the way to tell. The count is in `status`.
            self.lost += 1
            return False
        return True

    def close(self) -> None:
        """Close the journal socket."""
        self._socket.close()

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._path)
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            self._send_as_file(entry)

    def _send_as_file(self, entry: bytes) -> None:
        file = os.memfd_create("journal-entry", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            with open(file, "wb", closefd=False) as writer:
                writer.write(entry)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))
            self._socket.sendmsg([], [rights], 0, self._path)
        finally:
            os.close(file)


def encode(fields: Mapping[str, str]) -> bytes:
    """One entry in the journal's export form: `NAME=value`, or counted bytes for many lines."""
    return b"".join(_encode_field(name, value) for name, value in fields.items())


def _encode_field(name: str, value: str) -> bytes:
    if not _FIELD.fullmatch(name):
        raise ValueError(f"not a journal field: {name!r}")
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return b"%s=%s\n" % (name.encode(), data)
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)


def runs_under_journal(stderr_fd: int, journal_stream: str | None) -> bool:
    """True where standard error is the journal's own stream (`$JOURNAL_STREAM` is `dev:inode`)."""
    if not journal_stream:
        return False
    try:
        found = os.fstat(stderr_fd)
    except OSError:
        return False  # a closed standard error is no journal
    return journal_stream == f"{found.st_dev}:{found.st_ino}"
