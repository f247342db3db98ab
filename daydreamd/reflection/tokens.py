"""How many tokens is a text?

llama.cpp's server counts them itself; others are not asked, and the text is estimated on the high
side: a prompt that is shorter than it may be costs little, one whose front the server drops
unseen costs the whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from daydreamd.errors import ServerFault

if TYPE_CHECKING:
    import httpx

CountTokens = Callable[[str], Awaitable[int]]

# Words in pieces of five letters, digits and signs one by one, blanks by the run: 1.05 to 1.5 times
# the true count on code and prose, 0.85 times on lists of hashes and versions.
_PIECES: Final = re.compile(r"[A-Z]?[a-z]{1,5}|[A-Z]{1,2}|[0-9]|[ \t]{2,}|\n+|[^A-Za-z0-9 \t\n]")


def estimate_tokens(text: str) -> int:
    """About as many tokens as `text` has, and for code and prose hardly ever fewer."""
    pieces = len(_PIECES.findall(text))
    if text.isascii():
        return pieces
    others = [char for char in text if not char.isascii()]
    return pieces + len("".join(others).encode(errors="replace")) - len(others)


async def estimated(text: str) -> int:
    """`estimate_tokens` where a server's count could stand as well."""
    return estimate_tokens(text)


async def counter_of(server: httpx.AsyncClient) -> CountTokens:
    """The server's own count where it offers one, else the estimate."""
    from daydreamd.host import web  # noqa: PLC0415  httpx costs 125 ms; see host/web.py

    async def count(text: str) -> int:
        answer = await web.ask_json(server, "/tokenize", {"content": text, "add_special": True})
        tokens = answer.get("tokens") if isinstance(answer, dict) else None
        if not isinstance(tokens, list):
            raise ServerFault(str(server.base_url), "answers /tokenize without tokens")
        return len(tokens)

    try:
        await count("one")
    except ServerFault:  # only llama.cpp's server knows the question
        return estimated
    return count
