"""The client's end of the control socket: blocking, small, and never stuck.

Answers are read by their types; a refusal is a DaemonError with the daemon's own words.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from daydreamd.errors import DaemonError, DaemonNotRunning
from daydreamd.host.system.local_sockets import connected
from daydreamd.records.control import (
    ControlRequest,
    Refusal,
    ReloadAnswer,
    SessionAnswer,
    StatusAnswer,
    TriggerAnswer,
    WatchAnswer,
    When,
)
from daydreamd.records.daemon_status import Status
from daydreamd.records.session_end import SessionEnd

ANSWER_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 1 << 16
_A = TypeVar("_A")


class DaemonConnection:
    """A conversation with the daemon. Every question raises DaemonError where it is refused."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def status(self) -> Status:
        """The state of the daemon."""
        return self._ask(ControlRequest("status"), StatusAnswer).status

    def trigger(self, *, wait: bool = False) -> When:
        """Have a session run; with `wait`, `session_end` is to be read next."""
        return self._ask(ControlRequest("trigger", wait), TriggerAnswer).trigger

    def session_end(self) -> SessionEnd:
        """How the session ended that was triggered with `wait`, however long it takes."""
        return self._answer(SessionAnswer, within=None).session

    def reload(self) -> tuple[str, ...]:
        """Have the settings read anew; a line for each fault if they were refused."""
        return self._ask(ControlRequest("reload"), ReloadAnswer).faults

    def event_lines(self) -> Iterator[bytes]:
        """Events as JSON lines without their end, until the daemon hangs up."""
        self._ask(ControlRequest("watch"), WatchAnswer)
        while (line := self._line(None)) is not None:
            yield line

    def _ask(self, request: ControlRequest, kind: type[_A]) -> _A:
        self._connection.settimeout(ANSWER_SECONDS)
        try:
            self._connection.sendall(msgspec.json.encode(request) + b"\n")
        except OSError as error:
            raise DaemonError(f"cannot ask the daemon: {error.strerror or error}") from error
        return self._answer(kind, within=ANSWER_SECONDS)

    def _answer(self, kind: type[_A], *, within: float | None) -> _A:
        """The next answer, in at most so many seconds (`None`: however long it takes)."""
        line = self._line(within)
        if line is None:
            raise DaemonError("cannot read the daemon's answer: it has hung up")
        try:
            refusal = msgspec.json.decode(line, type=Refusal)
            if refusal.ok:
                return msgspec.json.decode(line, type=kind)
        except msgspec.DecodeError as error:
            raise DaemonError(f"cannot read the daemon's answer: {error}") from error
        raise DaemonError(refusal.error)

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
def connect(path: Path) -> Iterator[DaemonConnection]:
    """Talk to the daemon that listens at `path`; DaemonNotRunning says how to start one."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connected(path, within=ANSWER_SECONDS))
        except (FileNotFoundError, NotADirectoryError):
            raise _not_running(path, f"no socket at {path}") from None
        except ConnectionRefusedError:
            raise _not_running(path, f"nobody listens at {path}") from None
        except TimeoutError:
            raise DaemonError(f"cannot reach the daemon: {path} does not answer") from None
        except OSError as error:
            reason = f"{path}: {error.strerror or error}"
            raise DaemonError(f"cannot reach the daemon: {reason}") from error
        yield DaemonConnection(connection)


def _not_running(path: Path, reason: str) -> DaemonNotRunning:
    """A unit's runtime directory has the unit's name; anywhere else the daemon is a person's."""
    unit = path.parent.name if path.parent.parent == Path("/run") else ""
    start = f"`systemctl start {unit}`" if unit else "`systemctl start daydreamd`, `daydreamd run`"
    return DaemonNotRunning(
        f"cannot reach the daemon: {reason}. Start it with {start},"
        " or run one session with `daydreamd once`."
    )
