"""Is somebody else using Ollama just now? A loaded model alone does not say so.

Ollama pushes a model's expiry ahead each time it is used: by its keep-alive, five minutes unless
set otherwise. An expiry that moves while we look, or stands nearly five minutes ahead, was used.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import anyio

from daydreamd.errors import ServerFault

_KEEP_ALIVE: Final = timedelta(minutes=5)
_LATELY: Final = timedelta(seconds=30)
_LOOK_AGAIN_SECONDS: Final = 0.5


async def models_in_use(base_url: str) -> list[str]:
    """Names of the models that are being used, or were within half a minute.

    ServerFault where Ollama does not answer as it should.
    """
    from daydreamd.host import web  # noqa: PLC0415 - httpx costs 125 ms, and is not always needed

    async with web.client(base_url) as server:
        first = _expiries(await web.ask_json(server, "/api/ps"))
        if not first:
            return []
        await anyio.sleep(_LOOK_AGAIN_SECONDS)
        second = _expiries(await web.ask_json(server, "/api/ps"))
    return sorted(in_use(first, second, datetime.now(UTC)))


def in_use(first: dict[str, str], second: dict[str, str], now: datetime) -> set[str]:
    """The models that two looks show to be in use."""
    return {
        name
        for name, expiry in second.items()
        if first.get(name) != expiry or _was_used_lately(expiry, now)
    }


def _was_used_lately(expiry: str, now: datetime) -> bool:
    try:
        left = datetime.fromisoformat(expiry) - now
    except (ValueError, TypeError):  # another format, or without a zone: then only moving tells
        return False
    return _KEEP_ALIVE - _LATELY < left <= _KEEP_ALIVE


def _expiries(answer: Any) -> dict[str, str]:
    models = answer.get("models") if isinstance(answer, dict) else None
    if not isinstance(models, list):
        raise ServerFault("", "answers /api/ps, but not as Ollama does")
    return {str(m.get("name")): str(m.get("expires_at")) for m in models if isinstance(m, dict)}
