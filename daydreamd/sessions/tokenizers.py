"""How the tokens of each model compare with our estimate, as its server's counts have taught."""

from __future__ import annotations

from collections.abc import Mapping
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


async def note_token_ratios(history: History, ratios: Mapping[str, float]) -> None:
    """Remember what counts taught, by provider and model as `_name` puts them."""
    if not ratios:
        return
    known = await history.get_state(_KEY, dict[str, float]) or {}
    older = {name: ratio for name, ratio in known.items() if name not in ratios}
    await history.set_state(_KEY, dict(list((older | dict(ratios)).items())[-_MOST_MODELS:]))


def _name(choice: ModelChoice) -> str:
    return f"{choice.provider} {choice.name}"
