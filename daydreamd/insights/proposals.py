"""What the model proposes, read out of whatever it wrote.

The answer is asked for as `{"insights": [{title, body, category, path, line, end_line, quote}]}`,
but comes with fences, prefaces and thoughts around it, and breaks off at the deadline: every whole
item is kept, a torn one is not. Whether an item is true is not asked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from daydreamd.records.answer import BODY, DEFAULT_CATEGORY, ITEMS_FIELD, QUOTE, TITLE, Proposal
from daydreamd.text import one_line, visible

MAX_ANSWER_CHARS: Final = 256 * 1024
MAX_PROPOSALS: Final = 100
_MAX_STARTS: Final = 2_000
_MAX_LINE: Final = 9_999_999
_THINKS: Final = re.compile(r"<think(?:ing)?>")
_THOUGHT_ENDS: Final = re.compile(r"</think(?:ing)?>")
_READINGS: Final = 8
"""How often every character of an answer may be read, whatever it nests and leaves open."""
_FIELDS: Final = frozenset({"title", "body", "quote", "path"})
_NUMBER: Final = re.compile(r"\d{1,7}", re.ASCII)
_OPENING: Final = re.compile(r"[{\[]")
_DECODER: Final = json.JSONDecoder(strict=False)


def read_answer(answer: str) -> tuple[Proposal, ...]:
    """The proposals in `answer`, in its order; none where it holds none. Never raises."""
    text = _without_thoughts(answer[:MAX_ANSWER_CHARS])
    items: list[Proposal] = []
    for value in _json_values(text):
        items += [_propose(item) for item in _items(value)]
        if len(items) >= MAX_PROPOSALS:
            break
    return tuple(items[:MAX_PROPOSALS])


def _without_thoughts(text: str) -> str:
    """The text with a blank for each thought; one that never ends is no thought, and stays."""
    kept: list[str] = []
    at = 0
    while opened := _THINKS.search(text, at):
        ended = _THOUGHT_ENDS.search(text, opened.end())
        if ended is None:  # and so does none behind it
            break
        kept += [text[at : opened.start()], " "]
        at = ended.end()
    return "".join((*kept, text[at:]))


def _json_values(text: str) -> Iterator[Any]:
    """The outermost JSON objects and lists; inside a torn one, those that are whole."""
    start = 0
    left = _READINGS * len(text)
    for _ in range(_MAX_STARTS):
        found = _OPENING.search(text, start)
        if found is None or left <= 0:
            return
        start = found.start()
        try:
            value, start = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            read_to = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            left -= read_to - start
            start += 1  # torn or no JSON at all: what it holds may still be whole
        else:
            yield value


def _items(value: Any) -> list[Any]:
    """The proposals in a JSON value: itself, a list of them, or an object that holds the list."""
    if isinstance(value, dict):
        inner = value.get(ITEMS_FIELD)
        if isinstance(inner, list):
            return inner
        return [value] if _FIELDS & value.keys() else []
    return [item for item in value if isinstance(item, dict) and _FIELDS & item.keys()]


def _propose(item: Any) -> Proposal:
    if not isinstance(item, dict):
        return Proposal()
    line, end_line = _number(item.get("line"), 0), _number(item.get("end_line"), -1)
    return Proposal(
        title=one_line(_text(item.get("title")), limit=TITLE.kept),
        body=one_line(_text(item.get("body")), limit=BODY.kept),
        category=one_line(_text(item.get("category")), limit=20).lower() or DEFAULT_CATEGORY,
        path=_text(item.get("path")).strip(),
        line=line,
        end_line=max(line, end_line),
        quote=visible(_text(item.get("quote"))[: QUOTE.kept]),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any, which: int) -> int:
    """A line number, also out of `"88"`, `"L88"` or (`which` = 0 or -1: its end) `"88-97"`."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() else 0
    if isinstance(value, int):
        return max(0, min(int(value), _MAX_LINE)) if value is not True else 0
    numbers = _NUMBER.findall(value) if isinstance(value, str) else []
    return int(numbers[which]) if numbers else 0
