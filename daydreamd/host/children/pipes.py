"""The pipes between us and a child, none of which may hang or grow.

A child may print without end, never read, or leave a grandchild behind that holds the pipe open.
So reads are small, nothing is kept here but a bounded tail, and once the child has ended the pipe
counts as ended as well as soon as what it held has been read.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import IO, Final

import anyio
import anyio.lowlevel

_OPENING_A_FIFO: Final = (b"wait_for_partner", b"fifo_open")  # the kernel's functions
_CHUNK_BYTES: Final = 1 << 16
_DRAIN_SECONDS: Final = 0.2
_DRAIN_BYTES: Final = 1 << 20  # as much as a pipe can be made to hold


class Outflow:
    """Our end of a pipe that a child writes to."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._give_up = math.inf
        self._read_since_exit = 0
        self._waiting: anyio.CancelScope | None = None

    async def read(self) -> bytes:
        """The next bytes as they come; b"" at the end."""
        while True:
            await anyio.lowlevel.checkpoint()  # a flood must not keep deadlines from firing
            late = anyio.current_time() >= self._give_up
            if late and self._read_since_exit >= _DRAIN_BYTES:
                return b""
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK_BYTES)
            except BlockingIOError:
                if late:
                    return b""
            else:
                self._read_since_exit += len(chunk) if self._give_up < math.inf else 0
                return chunk
            with anyio.CancelScope(deadline=self._give_up) as self._waiting:
                await anyio.wait_readable(self._pipe)

    def child_ended(self) -> None:
        """Read what is left, and then stop: a grandchild may hold the other end open for ever."""
        self._give_up = anyio.current_time() + _DRAIN_SECONDS
        if self._waiting:
            self._waiting.deadline = self._give_up


def waits_for_a_pipe(pid: int) -> bool:
    """Whether a process hangs in opening a FIFO; False where the kernel does not tell."""
    try:
        return Path(f"/proc/{pid}/wchan").read_bytes() in _OPENING_A_FIFO
    except OSError:
        return False


class Tail:
    """The last bytes of a stream."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._kept = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take more, and forget as much at the front."""
        self._kept += chunk
        del self._kept[: -self._at_most]

    def __bytes__(self) -> bytes:
        return bytes(self._kept)


async def feed(pipe: IO[bytes], data: bytes) -> None:
    """Write to a child's stdin and close it; a child that does not want it all is not an error."""
    fd = pipe.fileno()
    os.set_blocking(fd, False)
    left = memoryview(data)
    try:
        while left:
            await anyio.wait_writable(fd)
            left = left[os.write(fd, left[:_CHUNK_BYTES]) :]
    except BrokenPipeError:
        pass  # it closed its end
    finally:
        pipe.close()
