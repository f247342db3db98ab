"""The control socket: JSON lines in, JSON lines out, for this user (and root) alone.

`records.control` shows the lines. What an answer holds is the daemon's to say; here bad clients are
kept from doing harm.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Final

import anyio
import msgspec

from daydreamd.daemon.clock import LOOK_SECONDS, until_next_look
from daydreamd.daemon.line_socket import LineSocket, LineTooLong
from daydreamd.daemon.requests import SessionRequest
from daydreamd.errors import DaemonError, DaydreamError
from daydreamd.host.loops import Beat
from daydreamd.records.control import (
    ControlAnswer,
    ControlRequest,
    Refusal,
    ReloadAnswer,
    SessionAnswer,
    StatusAnswer,
    StopAnswer,
    TriggerAnswer,
    WatchAnswer,
)

if TYPE_CHECKING:
    from daydreamd.daemon.supervisor import Supervisor

MAX_CLIENTS: Final = 32
MAX_STAYING: Final = 32
"""Clients that watch or wait are counted apart, so that they keep no other from asking."""
REQUEST_SECONDS: Final = 10.0
"""A client that has said nothing for so long has stalled."""
WRITE_SECONDS: Final = 10.0
_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_encode: Final = msgspec.json.Encoder().encode


class ControlSocket:
    """Accepts clients and serves each in a task of its own; `allowed` are the users who may ask."""

    def __init__(
        self, listener: socket.socket, daemon: Supervisor, *, allowed: Collection[int]
    ) -> None:
        self._listener = listener
        self._daemon = daemon
        self._allowed = allowed
        self.clients = 0
        self._staying = 0

    async def serve(self, beat: Beat) -> None:
        """The loop that accepts clients; it returns only when cancelled."""
        async with anyio.create_task_group() as group:
            while True:
                beat(LOOK_SECONDS)
                with anyio.move_on_after(until_next_look()):
                    await anyio.wait_readable(self._listener)
                    await self._accept(group)

    async def _accept(self, group: anyio.abc.TaskGroup) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # the client has gone again
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS:
                raise
            await anyio.sleep(1)  # the client stays in the queue, and would wake us at once
            return
        group.start_soon(self._serve_client, LineSocket(connection))

    async def _serve_client(self, client: LineSocket) -> None:
        self.clients += 1
        try:
            # A client that hangs up, at any moment, is the end of it and no fault.
            with suppress(OSError, TimeoutError):
                await self._converse(client)
        finally:
            self.clients -= 1
            client.close()

    async def _converse(self, client: LineSocket) -> None:
        if client.peer_uid() not in self._allowed:
            await self._refuse(client, "this daemon belongs to another user")
            return
        if self.clients - self._staying > MAX_CLIENTS:
            await self._refuse(client, f"more than {MAX_CLIENTS} clients at once")
            return
        try:
            while True:
                with anyio.fail_after(REQUEST_SECONDS):
                    line = await client.read_line()
                if line is None:
                    return
                await self._answer(client, msgspec.json.decode(line, type=ControlRequest))
        except (msgspec.MsgspecError, LineTooLong, UnicodeDecodeError) as error:
            await self._refuse(client, f"not a request: {error}")
        except DaydreamError as error:
            await self._refuse(client, str(error))

    async def _answer(self, client: LineSocket, request: ControlRequest) -> None:
        match request.do:
            case "status":
                await self._tell(client, StatusAnswer(status=self._daemon.status()))
            case "reload":
                await self._tell(client, ReloadAnswer(faults=await self._daemon.reload()))
            case "stop_session":
                await self._tell(client, StopAnswer(stopped=self._daemon.stop_session()))
            case "trigger":
                when, noted = self._daemon.trigger()
                await self._tell(client, TriggerAnswer(trigger=when))
                if request.wait:
                    await self._while_connected(client, self._tell_session, noted)
            case "watch":
                await self._tell(client, WatchAnswer())
                await self._while_connected(client, self._stream)

    async def _tell_session(self, client: LineSocket, request: SessionRequest) -> None:
        await self._tell(client, SessionAnswer(session=await request.wait()))

    async def _stream(self, client: LineSocket) -> None:
        async with aclosing(self._daemon.watch()) as lines:
            async for line in lines:
                await self._write(client, line)

    async def _while_connected(
        self, client: LineSocket, body: Callable[..., Awaitable[None]], *args: Any
    ) -> None:
        """Run `body` until it ends or the client hangs up; what the client sends is not read."""
        if self._staying >= MAX_STAYING:
            raise DaemonError(f"more than {MAX_STAYING} clients watch or wait")
        self._staying += 1
        try:
            await self._stay(client, body, *args)
        finally:
            self._staying -= 1

    async def _stay(
        self, client: LineSocket, body: Callable[..., Awaitable[None]], *args: Any
    ) -> None:
        failure: Exception | None = None
        async with anyio.create_task_group() as group:

            async def until_gone() -> None:
                with suppress(OSError):
                    await client.gone()
                group.cancel_scope.cancel()

            group.start_soon(until_gone)
            try:
                await body(client, *args)
            except (DaydreamError, OSError) as error:
                failure = error  # raised below, where no group wraps it
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _refuse(self, client: LineSocket, reason: str) -> None:
        await self._write(client, _encode(Refusal(error=reason)) + b"\n")

    async def _tell(self, client: LineSocket, answer: ControlAnswer) -> None:
        await self._write(client, _encode(answer) + b"\n")

    async def _write(self, client: LineSocket, line: bytes) -> None:
        with anyio.fail_after(WRITE_SECONDS):
            await client.write(line)
