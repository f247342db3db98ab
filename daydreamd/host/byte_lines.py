"""Lines in what comes by chunks, be it from a child or from a server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

_LONGEST: Final = 1 << 20


async def lines_of(
    read: Callable[[], Awaitable[bytes]], *, too_long: Exception
) -> AsyncGenerator[bytes]:
    """The lines, without their ends, of all that `read` returns until it returns b"".

    Raises `too_long` where 1 MiB has come without the end of a line.
    """
    rest = b""
    while chunk := await read():
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line
        if len(rest) > _LONGEST:
            raise too_long
    if rest:
        yield rest
