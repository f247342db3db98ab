"""A model that answers now, and how much it can be asked.

The embedded engine is started; any other server is asked one small question first, as Aider takes
88 seconds to notice that nobody is there. What is asked then is known elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from daydreamd.errors import ModelUnreachable, ServerFault
from daydreamd.host import web
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.composition import Material, Prompt, compose_prompt
from daydreamd.reflection.embedded_engine import embedded_engine
from daydreamd.reflection.tokens import counter_of, estimated
from daydreamd.settings.schema import Analysis, Model

_ANSWERS_WITHIN_SECONDS: Final = 5.0
# The tokens of Aider's own messages and of the chat template, and what an estimate may be short.
_MARGIN_TOKENS: Final = 512
# On two processors the embedded engine reads 130 tokens a second and writes 30.
_EMBEDDED_PROMPT_TOKENS: Final = 2_000
_EMBEDDED_ANSWER_TOKENS: Final = 400


@dataclass(frozen=True)
class Budget:
    """What fits into the context that a model grants, and what its user allows."""

    prompt_tokens: int
    answer_tokens: int


def budget_for(choice: ModelChoice, model: Model) -> Budget:
    """Divide the context: at most a quarter is kept for the answer, the rest is the prompt's."""
    answer = min(model.max_answer_tokens, choice.context_tokens // 4)
    prompt = model.max_prompt_tokens
    if choice.provider == "embedded":
        answer = min(answer, _EMBEDDED_ANSWER_TOKENS)
        prompt = min(prompt, _EMBEDDED_PROMPT_TOKENS)
    return Budget(min(prompt, choice.context_tokens - answer - _MARGIN_TOKENS), answer)


@asynccontextmanager
async def serving(
    choice: ModelChoice, analysis: Analysis, *, scratch: Path, session_id: str
) -> AsyncGenerator[ModelChoice]:
    """The choice with an address that answers; ModelUnreachable where none does."""
    if choice.provider == "embedded":
        async with embedded_engine(
            choice, scratch=scratch, session_id=session_id, confine=analysis.confine
        ) as served:
            yield served
    else:
        await must_answer(choice)
        yield choice


async def must_answer(choice: ModelChoice) -> None:
    """ModelUnreachable where the server does not answer a small question within five seconds."""
    reason = f"{choice.base_url} does not answer within {_ANSWERS_WITHIN_SECONDS:.0f} s"
    path = "/api/version" if choice.provider == "ollama" else "/v1/models"
    try:
        with anyio.fail_after(_ANSWERS_WITHIN_SECONDS):
            async with web.client(choice.base_url, api_key=choice.api_key) as server:
                await web.ask_json(server, path)
                return
    except TimeoutError:
        pass  # `reason` says so
    except ServerFault as fault:
        reason = str(fault)
    raise ModelUnreachable(f"cannot ask the model: {reason}", base_url=choice.base_url)


async def compose_for(
    material: Material, choice: ModelChoice, budget: Budget
) -> tuple[Prompt, bool]:
    """The prompt for a model that is being served; True where the server counted its tokens."""
    async with web.client(choice.base_url, api_key=choice.api_key) as server:
        count = estimated if choice.provider == "ollama" else await counter_of(server)
        prompt = await compose_prompt(
            material,
            budget_tokens=budget.prompt_tokens,
            count_tokens=count,
            max_answer_tokens=budget.answer_tokens,
        )
    return prompt, count is not estimated
