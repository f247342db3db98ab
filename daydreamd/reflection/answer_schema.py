"""The form of the answer, as a JSON schema that servers constrain the model to.

Even the smallest model keeps to it where the server enforces it; without it they loop. It is made
from the types that the answer is read into, and adapted to what servers understand: no references,
every field required.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from daydreamd.records.answer import ITEMS_FIELD, Answer, Proposal

JsonSchema = dict[str, Any]
"""A JSON schema: its shape is the servers' matter."""

_ITEM_TOKENS: Final = 190
"""What the longest item comes to in tokens, about: all its characters, and the JSON around them."""
# Of six that were asked for, useful were five of eight in first place and one of eight in third.
_MAX_ITEMS: Final = 3


def most_items(max_answer_tokens: int) -> int:
    """How many insights fit into an answer."""
    return min(_MAX_ITEMS, max(1, max_answer_tokens // _ITEM_TOKENS))


def answer_schema(paths: Sequence[str], *, max_items: int) -> JsonSchema:
    """The schema of an answer about the files in `paths`; its fields in the order asked for."""
    _, types = msgspec.json.schema_components((Answer,))
    item, answer = _inlined(types[Proposal.__name__]), _inlined(types[Answer.__name__])
    item["properties"]["path"]["enum"] = list(dict.fromkeys(paths))
    items = {"type": "array", "maxItems": max_items, "items": item}
    answer["properties"][ITEMS_FIELD] = items
    return answer


def _inlined(made: Mapping[str, Any]) -> JsonSchema:
    """An object with nothing but its fields, all of them required."""
    fields = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in made["properties"].items()
    }
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
