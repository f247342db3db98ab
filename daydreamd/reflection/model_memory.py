"""Leaving a server's memory as it was found: a model that we brought there leaves with us.

Only Ollama keeps models on demand. One that somebody had loaded before is left to them, with the
time that they gave it; any other goes when we are done, or a minute later where we cannot say so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import msgspec

from daydreamd.errors import ServerFault
from daydreamd.host import web
from daydreamd.records.model_choice import ModelChoice

_KEEP_ALIVE: Final = "60s"
_ASKING_SECONDS: Final = 1.0


@asynccontextmanager
async def in_memory_for_now(
    choices: tuple[ModelChoice, ...],
) -> AsyncGenerator[tuple[ModelChoice, ...]]:
    """The choices, each set to leave the memory of its server soon unless it was there before."""
    kept = [await _kept_for_now(choice) for choice in choices]
    try:
        yield tuple(kept)
    finally:
        with anyio.move_on_after(_ASKING_SECONDS, shield=True):
            for name, choice in {one.name: one for one in kept if one.keep_alive}.items():
                question = {"model": name, "keep_alive": 0}
                await _asked(choice, "/api/generate", question)


async def _kept_for_now(choice: ModelChoice) -> ModelChoice:
    if choice.provider != "ollama" or choice.name in await _loaded(choice):
        return choice
    return msgspec.structs.replace(choice, keep_alive=_KEEP_ALIVE)


async def _loaded(choice: ModelChoice) -> set[str]:
    """The models that are in the server's memory; none where it does not tell in time."""
    with anyio.move_on_after(_ASKING_SECONDS):
        answer = await _asked(choice, "/api/ps")
        models = answer.get("models") if isinstance(answer, dict) else None
        if isinstance(models, list):
            return {str(one.get("name")) for one in models if isinstance(one, dict)}
    return set()


async def _asked(choice: ModelChoice, path: str, question: Any = None) -> Any:
    """The answer, or None: memory is freed in time all the same, and nothing hangs on it."""
    try:
        async with web.client(choice.base_url, api_key=choice.api_key) as server:
            return await web.ask_json(server, path, question)
    except ServerFault:
        return None
