"""The form of a model's answer: its fields in the order asked for, their limits and categories.

The schema that servers hold the model to is made from these types, and what a model wrote is read
into them. Reading is the more generous of the two: most servers promise nothing.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

CATEGORIES: Final = ("bug", "risk", "quality", "test", "performance", "documentation")
DEFAULT_CATEGORY: Final = "quality"


class Limit(NamedTuple):
    """Characters of a text: asked for at least and at most, and kept where it has more."""

    least: int
    most: int
    kept: int


# Asked for so short that an answer fits its tokens whole: a torn item is lost.
TITLE: Final = Limit(8, 90, 120)
BODY: Final = Limit(20, 320, 900)
QUOTE: Final = Limit(8, 120, 2_000)

Line = Annotated[int, Meta(ge=1)]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One item of an answer, unchecked. `line` is 0 where none was named."""

    title: Annotated[str, Meta(min_length=TITLE.least, max_length=TITLE.most)] = ""
    path: str = ""
    line: Line = 0
    end_line: Line = 0
    quote: Annotated[str, Meta(min_length=QUOTE.least, max_length=QUOTE.most)] = ""
    body: Annotated[str, Meta(min_length=BODY.least, max_length=BODY.most)] = ""
    category: Annotated[str, Meta(extra_json_schema={"enum": list(CATEGORIES)})] = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. `session_word` gives back the word at the head of the prompt."""

    session_word: Annotated[str, Meta(max_length=24)] = ""
    insights: tuple[Proposal, ...] = ()


WORD_FIELD, ITEMS_FIELD = Answer.__struct_fields__
