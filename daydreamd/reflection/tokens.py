"""How many tokens is a text?

llama.cpp's server counts them itself. Ollama says after each answer how many there were, which
corrects the estimate for that model from then on. Else the estimate stands alone: within a tenth of
what public tokenizers (cl100k, o200k and their kin) count for prompts of code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from daydreamd.errors import ServerFault

if TYPE_CHECKING:
    import httpx

CountTokens = Callable[[str], Awaitable[int]]

# What a token is for byte-pair encodings that were learned from code and prose: a word with the
# blank before it, but a long one or one with humps is several; three digits; a few signs; a run of
# blanks. The weights are a fit to cl100k on prompts of six languages, with 3 % on top.
_WORD: Final = re.compile(r"[A-Za-z]+")
_HUMP: Final = re.compile(r"[A-Z]?[a-z]{1,8}|[A-Z]{1,4}(?![a-z])|[A-Z]")
_DIGITS: Final = re.compile(r"[0-9]{1,3}")
_SIGNS: Final = re.compile(r"[!-/:-@\[-^`{-~]{1,3}")
_BLANKS: Final = re.compile(r"[ \t]{2,}")
_RANDOM: Final = re.compile(r"[A-Za-z0-9]{20,}")
_BYTES_PER_TOKEN: Final = 3.0  # of what is not ASCII
_LEARNED: Final = (0.6, 1.8)
"""How far a model's own tokenizer may be from the estimate; a count beyond says something else."""


def estimate_tokens(text: str) -> int:
    """About as many tokens as `text` has."""
    tokens = 0.0

    def take(run: re.Match[str]) -> str:
        nonlocal tokens
        if 12 * sum(char.isdigit() for char in run[0]) < len(run[0]):
            return run[0]
        tokens += 0.7 * len(run[0])  # a key or a hash, which no vocabulary knows
        return ""

    rest = _RANDOM.sub(take, text)
    words = len(_WORD.findall(rest))
    tokens += 1.11 * words + 0.36 * (len(_HUMP.findall(rest)) - words)
    tokens += 1.28 * len(_DIGITS.findall(rest)) + 0.8 * len(_SIGNS.findall(rest))
    tokens += 2.1 * len(_BLANKS.findall(rest))
    if not text.isascii():
        tokens += sum(len(char.encode(errors="replace")) for char in text if char > "\x7f") / (
            _BYTES_PER_TOKEN
        )
    return math.ceil(tokens)


def learned_ratio(text: str, counted: int) -> float | None:
    """How many tokens a model has for one of the estimate; None where `counted` is no count of it.

    A server may count only what it had not kept from the question before.
    """
    ratio = counted / max(1, estimate_tokens(text))
    return round(ratio, 3) if _LEARNED[0] <= ratio <= _LEARNED[1] else None


def corrected(ratio: float) -> CountTokens:
    """The estimate times what was learned of a model."""

    async def count(text: str) -> int:
        return math.ceil(estimate_tokens(text) * ratio)

    return count


async def estimated(text: str) -> int:
    """`estimate_tokens` where a server's count could stand as well."""
    return estimate_tokens(text)


async def counter_of(server: httpx.AsyncClient) -> CountTokens | None:
    """The server's own count, where it offers one."""
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
        return None
    return count
