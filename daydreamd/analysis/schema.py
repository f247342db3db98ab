"""The form of the answer, as a JSON schema that servers constrain the model to.

Even the smallest model keeps to it where the server enforces it; without it they loop. Lengths are
chosen so that an answer fits its tokens whole: a torn item is lost. What an answer must be worth is
not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

CATEGORIES: Final = ("bug", "risk", "quality", "test", "performance", "documentation")
CANARY_FIELD: Final = "session_word"
TITLE_CHARS: Final = 90
BODY_CHARS: Final = 320
QUOTE_CHARS: Final = 120
_ITEM_TOKENS: Final = 190
"""What the longest item comes to in tokens, about: all its characters, and the JSON around them."""
_MAX_ITEMS: Final = 8


def most_items(max_answer_tokens: int) -> int:
    """How many insights fit into an answer."""
    return min(_MAX_ITEMS, max(1, max_answer_tokens // _ITEM_TOKENS))


def answer_schema(paths: Sequence[str], *, max_items: int) -> dict[str, Any]:
    """The schema of an answer about the files in `paths`; its fields in the order asked for."""
    item = {
        "title": {"type": "string", "minLength": 8, "maxLength": TITLE_CHARS},
        "path": {"type": "string", "enum": list(dict.fromkeys(paths))},
        "line": {"type": "integer", "minimum": 1},
        "end_line": {"type": "integer", "minimum": 1},
        "quote": {"type": "string", "minLength": 8, "maxLength": QUOTE_CHARS},
        "body": {"type": "string", "minLength": 20, "maxLength": BODY_CHARS},
        "category": {"type": "string", "enum": list(CATEGORIES)},
    }
    return _object(
        {
            CANARY_FIELD: {"type": "string", "maxLength": 24},
            "insights": {"type": "array", "maxItems": max_items, "items": _object(item)},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
