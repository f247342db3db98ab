"""The other end of the control socket, for commands: synchronous, small, never stuck.

Knows lines and errors, not what the answers mean.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from daydreamd.errors import DaemonError, DaemonNotRunning

ANSWER_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 1 << 16
_PEER: Final = struct.Struct("3i")


class Connection:
    """A conversation with the daemon."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def peer(self) -> tuple[int, int]:
        """Pid and uid of the daemon, as the kernel saw it listen; a hidden pid is 0."""
        told = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        pid, uid, _gid = _PEER.unpack(told)
        return pid, uid

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Send a request and read its answer; DaemonError where it was refused."""
        self._connection.settimeout(ANSWER_SECONDS)
        try:
            self._connection.sendall(msgspec.json.encode({"do": do, **more}) + b"\n")
        except OSError as error:
            raise DaemonError(f"cannot ask the daemon: {error.strerror or error}") from error
        return self.answer(within=ANSWER_SECONDS)

    def answer(self, *, within: float | None) -> dict[str, Any]:
        """The next answer, in at most so many seconds (`None`: however long it takes)."""
        line = self._line(within)
        if line is None:
            raise DaemonError("cannot read the daemon's answer: it has hung up")
        answer: dict[str, Any] = msgspec.json.decode(line)
        if not answer.get("ok"):
            raise DaemonError(str(answer.get("error", "the daemon refused")))
        return answer

    def lines(self) -> Iterator[bytes]:
        """Lines as they come, until the daemon hangs up."""
        while (line := self._line(None)) is not None:
            yield line

    def _line(self, within: float | None) -> bytes | None:
        self._connection.settimeout(within)
        try:
            while b"\n" not in self._rest:
                chunk = self._connection.recv(_CHUNK_BYTES)
                if not chunk:
                    return None
                self._rest += chunk
        except TimeoutError:
            raise DaemonError(f"cannot read the daemon's answer within {within:.0f} s") from None
        except ConnectionResetError:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line


@contextmanager
def connect(path: Path) -> Iterator[Connection]:
    """Talk to the daemon that listens at `path`; DaemonNotRunning says how to start one."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with closing(connection):
        connection.settimeout(ANSWER_SECONDS)
        try:
            # By the directory's descriptor: a socket's path may not be longer than 107 bytes.
            directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
            try:
                connection.connect(f"/proc/self/fd/{directory}/{path.name}")
            finally:
                os.close(directory)
        except (FileNotFoundError, NotADirectoryError):
            raise _not_running(path, f"no socket at {path}") from None
        except ConnectionRefusedError:
            raise _not_running(path, f"nobody listens at {path}") from None
        except TimeoutError:
            raise DaemonError(f"cannot reach the daemon: {path} does not answer") from None
        except OSError as error:
            reason = f"{path}: {error.strerror or error}"
            raise DaemonError(f"cannot reach the daemon: {reason}") from error
        yield Connection(connection)


def _not_running(path: Path, reason: str) -> DaemonNotRunning:
    """A unit's runtime directory has the unit's name; anywhere else the daemon is a person's."""
    unit = path.parent.name if path.parent.parent == Path("/run") else ""
    start = f"`systemctl start {unit}`" if unit else "`systemctl start daydreamd`, `daydreamd run`"
    return DaemonNotRunning(
        f"cannot reach the daemon: {reason}. Start it with {start},"
        " or run one session with `daydreamd once`."
    )
