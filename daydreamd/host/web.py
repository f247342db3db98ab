"""Asking an HTTP server that may be slow, broken or hostile.

Every fault becomes one `ServerFault` whose reason is fit for people; a body is read up to a limit
and never unpacked; the environment's proxies are not obeyed, as a prompt must not travel through
them. It knows nothing of models. It is the only place that imports httpx for asking (125 ms), so
import it where it is used.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import httpx
import msgspec

from daydreamd.errors import ServerFault
from daydreamd.text import hide

MAX_BODY_BYTES: Final = 8 << 20
_TORN: Final = re.compile("disconnected|closed connection")


@asynccontextmanager
async def client(base_url: str, *, api_key: str = "") -> AsyncGenerator[httpx.AsyncClient]:
    """A client for one server. It has no time-outs of its own: deadlines are the caller's."""
    headers = {b"Accept-Encoding": b"identity", b"User-Agent": b"daydreamd"}
    if key := api_key.strip():  # a key from a file ends in a newline
        if not (key.isascii() and key.isprintable()):
            raise ServerFault(
                base_url, "cannot be sent the key: it holds more than plain characters"
            )
        hide(key)
        headers[b"Authorization"] = b"Bearer " + key.encode()
    try:
        url = httpx.URL(base_url.rstrip("/"))
        if not url.host or not 0 < (url.port or 80) < 65_536:
            raise ServerFault(base_url, "is not an address of a server")
    except httpx.InvalidURL as error:
        raise ServerFault(base_url, f"is not an address of a server: {error}") from error
    async with httpx.AsyncClient(
        base_url=url,
        headers=headers,
        timeout=None,  # noqa: S113  see the docstring
        trust_env=False,
        verify=_certificates(),
    ) as opened:
        yield opened


@cache
def _certificates() -> ssl.SSLContext:
    """The certificates to trust: reading them takes 18 ms, and a session makes many clients."""
    return httpx.create_ssl_context(trust_env=False)


async def ask_json(
    server: httpx.AsyncClient, path: str, body: Any = None, *, max_bytes: int = MAX_BODY_BYTES
) -> Any:
    """GET (or POST `body` to) `path` and return the JSON of the answer."""
    answer = bytearray()
    async with ask(server, path, body) as chunks:
        async for chunk in chunks:
            answer += chunk
            if len(answer) > max_bytes:
                raise _fault(server, f"answers {path} with more than {max_bytes >> 20} MiB")
    try:
        return msgspec.json.decode(bytes(answer))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _fault(server, f"answers {path} with something that is not JSON") from error


@asynccontextmanager
async def ask(
    server: httpx.AsyncClient, path: str, body: Any = None
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """GET (or POST `body` to) `path`; the chunks of a 200's body as they come."""
    content = None if body is None else msgspec.json.encode(body)
    headers = {} if body is None else {"Content-Type": "application/json"}
    method = "GET" if body is None else "POST"
    try:
        async with server.stream(method, path, content=content, headers=headers) as response:
            if response.status_code != 200:
                raise _fault(server, f"answers {path} with HTTP {response.status_code}", response)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise _fault(server, f"answers {path} packed, which was not asked for", response)
            yield response.aiter_raw()
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise _fault(server, _reason(error)) from error


def _fault(
    server: httpx.AsyncClient, reason: str, response: httpx.Response | None = None
) -> ServerFault:
    status = response.status_code if response is not None else None
    return ServerFault(str(server.base_url).rstrip("/"), reason, status=status)


def _reason(error: Exception) -> str:
    """What went wrong, in words that follow the server's address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "refuses connections"
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return f"cannot be reached: {str(error) or type(error).__name__}"
        case httpx.RemoteProtocolError() if not _TORN.search(str(error)):
            return f"does not answer in HTTP: {error}"
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            return "breaks the connection off"
        case _:
            return f"cannot be asked: {str(error) or type(error).__name__}"
