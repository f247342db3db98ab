"""How the tokens of each model compare with our estimate, as its server's counts have taught."""

from __future__ import annotations

from typing import Final

import msgspec

from daydreamd.history.store import History
from daydreamd.records.model_choice import ModelChoice

_KEY: Final = "token_ratios"
_MOST_MODELS: Final = 100


async def with_token_ratio(history: History, choice: ModelChoice) -> ModelChoice:
    """The choice, with what is known of the model's tokenizer."""
    known = await history.get_state(_KEY, dict[str, float]) or {}
    return msgspec.structs.replace(choice, token_ratio=known.get(_name(choice), 1.0))


async def note_token_ratio(history: History, choice: ModelChoice, ratio: float | None) -> None:
    """Remember what a count taught; None where there was none."""
    if ratio is None:
        return
    known = await history.get_state(_KEY, dict[str, float]) or {}
    known.pop(_name(choice), None)
    newest = [*list(known.items())[1 - _MOST_MODELS :], (_name(choice), ratio)]
    await history.set_state(_KEY, dict(newest))


def _name(choice: ModelChoice) -> str:
    return f"{choice.provider} {choice.name}"
