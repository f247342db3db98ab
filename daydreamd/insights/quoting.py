"""Where a quote stands in a text, however a model has written it down.

Blanks, line numbers, fences, the signs of a diff, typographic quotes and what was left out with
`…` do not count; what the quote says does. Every reading of a quote is looked for in turn, the
most literal first, and the first that is found anywhere is the one that was meant.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from typing import Final, NamedTuple

import msgspec

from daydreamd.text import visible

_MAX_FOUND: Final = 200
_MOST_LEFT_OUT: Final = 80  # lines
_MOST_BETWEEN: Final = 3  # lines, blank ones apart, between two that were quoted as neighbours
_SHORT: Final = 12  # characters: a shorter quote has to begin and end with a whole word
_GUTTER: Final = re.compile(r"^[ \t]*L?\d+[ \t]*(?:[|:│]|[ \t]|$)", re.MULTILINE)
_ADDED: Final = re.compile(r"^[ \t]*[+>](?![+=])[ \t]?|^[ \t]*[+>]$", re.MULTILINE)
_FENCE_OPENS: Final = re.compile(r"\s*(?:```|~~~)[\w+-]*\s*\n")
_LEFT_OUT: Final = re.compile(
    r"(?:(?://|#|/\*|--)[ \t]*)?(?:\[(?:…|\.{3})\]|…|(?<![\w.)\]])\.{3}(?![\w.])|"
    r"(?<=\s)\.{3})(?:[ \t]*\*/)?"
)
_TYPOGRAPHIC: Final = str.maketrans({
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'",
    "–": "-", "—": "-", "−": "-",
})  # fmt: skip
_WORD: Final = re.compile(r"\w")


class Found(NamedTuple):
    """The lines on which a quote stands, counted from 0 within the text."""

    first: int
    last: int


class _Page(msgspec.Struct, frozen=True):
    """Text with blanks folded, and where in it each line that is not blank begins."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]


def find_quote(quote: str, texts: Sequence[str]) -> list[list[Found]]:
    """Of each text the places at which `quote` stands, all by the same reading of it."""
    pages = [_page_of(text) for text in texts]
    for reading in readings(quote):
        found = [list(_found(reading, page)) for page in pages]
        if any(found):
            return found
    for parts, gap in _in_parts(quote):
        found = [list(_found_in_parts(parts, page, gap)) for page in pages]
        if any(found):
            return found
    return [[] for _ in texts]


def folded(text: str) -> str:
    """`text` as quotes are compared: blanks folded, nothing invisible, quotes as on a keyboard."""
    return " ".join(visible(text).translate(_TYPOGRAPHIC).split())


def split_lines(text: str) -> list[str]:
    """Lines as editors count them; `splitlines` also breaks at form feeds and the like."""
    return text.removesuffix("\n").split("\n")


def readings(quote: str) -> Iterator[str]:
    """The quote as it is, and without what a model adds when it copies; folded."""
    told: set[str] = set()
    for text in _bared(quote):
        reading = folded(text)
        if reading and reading not in told:
            told.add(reading)
            yield reading


def _bared(quote: str) -> Iterator[str]:
    yield quote
    bare = without_fence(quote)
    yield bare
    for text in (bare, _without_marks(bare), _unescaped(bare)):
        yield text
        if all(_GUTTER.match(line) for line in text.splitlines() if line.strip()):
            text = _GUTTER.sub("", text)  # noqa: PLW2901 - the numbers stand before the signs
            yield text
        if any(_ADDED.match(line) for line in text.splitlines()):
            yield _ADDED.sub("", text)
    yield _without_marks(bare).rstrip(" \n\t.,;:…")


def without_fence(quote: str) -> str:
    """The quote without the lines of three backticks around it, where it has them."""
    opened = _FENCE_OPENS.match(quote)
    bare = quote[opened.end() :] if opened else quote
    inner = bare.rstrip()
    before = inner.removesuffix("```").rstrip()
    has_end = inner.endswith("```") and "\n" in inner[len(before) :]
    return before if has_end else bare


def _without_marks(quote: str) -> str:
    """Without the backticks or quotation marks that stand around the whole."""
    bare = quote.strip()
    for _ in range(3):
        if len(bare) > 2 and bare[0] in "`\"'“‘„«" and bare[-1] in "`\"'”’“»":
            bare = bare[1:-1].strip()
    return bare


def _unescaped(quote: str) -> str:
    """What was escaped once too often."""
    bare = quote.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"').replace("\\\\", "\\")
    return unescape(bare)


def _in_parts(quote: str) -> Iterator[tuple[list[str], int]]:
    """Parts that have to stand in their order, and how many lines may lie between two of them."""
    for text in dict.fromkeys(_bared(quote)):
        parts = [part for part in map(folded, _LEFT_OUT.split(text)) if _WORD.search(part)]
        if _LEFT_OUT.search(text) and parts:
            yield parts, _MOST_LEFT_OUT
    for text in dict.fromkeys(_bared(quote)):
        lines = [line for line in map(folded, text.splitlines()) if line]
        if len(lines) > 1 and sum(bool(_WORD.search(line)) for line in lines) > 1:
            yield lines, _MOST_BETWEEN


@lru_cache(maxsize=64)
def _page_of(text: str) -> _Page:
    starts, numbers, at = [], [], 0
    lines = [folded(line) for line in split_lines(text)]
    for number, line in enumerate(lines):
        if line:
            starts.append(at)
            numbers.append(number)
            at += len(line) + 1
    return _Page(" ".join(filter(None, lines)), tuple(starts), tuple(numbers))


def _found(quote: str, page: _Page) -> Iterator[Found]:
    for at in _occurrences(quote, page.text):
        yield Found(_line_at(page, at), _line_at(page, at + len(quote) - 1))


def _occurrences(quote: str, text: str, start: int = 0) -> Iterator[int]:
    at = start - 1
    for _ in range(_MAX_FOUND):
        at = text.find(quote, at + 1)
        if at < 0:
            return
        if len(quote) > _SHORT or _is_whole(quote, text, at):
            yield at


def _is_whole(quote: str, text: str, at: int) -> bool:
    """Whether no word is cut: `x = 1` does not stand in `max = 10`."""
    before, after = text[at - 1 : at], text[at + len(quote) : at + len(quote) + 1]
    cut_before = _WORD.match(quote[0]) and _WORD.match(before)
    cut_after = _WORD.match(quote[-1]) and _WORD.match(after)
    return not (cut_before or cut_after)


def _found_in_parts(parts: Sequence[str], page: _Page, gap: int) -> Iterator[Found]:
    """Places where all parts stand in order, each at most `gap` lines below the one before."""
    for start in _occurrences(parts[0], page.text):
        at, line = start + len(parts[0]), _line_at(page, start + len(parts[0]) - 1)
        for part in parts[1:]:
            following = next(_occurrences(part, page.text, at), None)
            if following is None or _line_at(page, following) - line > gap:
                break
            at = following + len(part)
            line = _line_at(page, at - 1)
        else:
            yield Found(_line_at(page, start), line)


def _line_at(page: _Page, at: int) -> int:
    return page.numbers[bisect.bisect_right(page.starts, at) - 1]
