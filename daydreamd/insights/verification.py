"""Whether the code says what a proposal cites: the only way into the report.

The excerpts are the only text that may be cited. The file must be one of them, the lines must lie
inside, and the quote must stand there, word by word (blanks do not count). A line number that is
off by a little is put right, never the quote. Whether an insight is clever is not asked, only
whether it speaks of this code at all.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from daydreamd.insights.words import FILLERS, SYNTAX, words_in
from daydreamd.records.answer import Proposal
from daydreamd.records.insight import Evidence
from daydreamd.records.workspace import Excerpt
from daydreamd.text import visible

NEARBY_LINES: Final = 12
"""How far from the cited lines the quote may stand: models count badly, but not wildly."""
_CONTEXT_LINES: Final = 15
_MIN_LETTERS: Final = 8
_MAX_FOUND: Final = 200
_GUTTER: Final = re.compile(r"^[ \t]*\d+[ \t]*(?:[|:│]|[ \t])", re.MULTILINE)
_FENCE_OPENS: Final = re.compile(r"\s*```\w*\s*\n")


class Reason(StrEnum):
    """Why a proposal is not kept, as people read it after a number: `2 misquoted`."""

    EMPTY = "empty"
    UNKNOWN_FILE = "unknown file"
    NO_SUCH_LINES = "cited lines that do not exist"
    TRIVIAL_QUOTE = "quoted too little"
    MISQUOTED = "misquoted"
    RESTATES = "only restates the code"
    GENERIC = "says nothing of this code"
    SAID_BEFORE = "said before"
    DISMISSED = "dismissed before"
    TOO_MANY = "over the limit"
    REFUTED = "refuted by a second look"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal whose citation holds: a claim.

    `key` is unique among the claims of a session; `searches` counts the searches of the workspace
    that looked for something against it.
    """

    proposal: Proposal
    workspace: str
    evidence: Evidence
    key: str = ""
    searches: int = 0


def verify(proposal: Proposal, excerpts: Sequence[Excerpt]) -> Checked | Reason:
    """The proposal with its evidence as it really stands, or why it cannot be kept."""
    if not (proposal.title and proposal.body and proposal.path):
        return Reason.EMPTY
    pages = [excerpt for excerpt in excerpts if _is_of(proposal.path, excerpt)]
    if not pages:
        return Reason.UNKNOWN_FILE
    pages = [page for page in pages if _holds(page, proposal.line, proposal.end_line)]
    if not pages:
        return Reason.NO_SUCH_LINES
    if not says_something(proposal.quote):
        return Reason.TRIVIAL_QUOTE
    found = min(_places(proposal, pages), key=lambda place: place[0], default=None)
    if found is None:
        return Reason.MISQUOTED
    _, page, line, end_line = found
    doubt = _doubt(proposal, page, line, end_line)
    return doubt or Checked(
        proposal=proposal,
        workspace=page.workspace,
        evidence=Evidence(
            path=page.path,
            line=line,
            end_line=end_line,
            quote=visible("\n".join(_lines(page, line, end_line))),
            commit=page.commit,
            verified=True,
        ),
    )


def says_something(quote: str) -> bool:
    """Whether a quote is evidence: a name or a word in it, not a brace or a bare `return`."""
    letters = sum(char.isalnum() for char in quote)
    return letters >= _MIN_LETTERS and bool(words_in(quote) - SYNTAX)


def folded(text: str) -> str:
    """`text` as quotes are compared: blanks folded, nothing invisible."""
    return " ".join(visible(text).split())


def _is_of(path: str, excerpt: Excerpt) -> bool:
    """Also `shop/cart/price.py` and `shop:cart/price.py`, where several workspaces are asked of."""
    named = path.removeprefix("./")
    return named == excerpt.path or named in (
        f"{excerpt.workspace}/{excerpt.path}",
        f"{excerpt.workspace}:{excerpt.path}",
    )


def _holds(page: Excerpt, line: int, end_line: int) -> bool:
    return page.first_line <= line <= end_line < page.first_line + len(_split(page.text))


def _lines(page: Excerpt, line: int, end_line: int) -> list[str]:
    return _split(page.text)[line - page.first_line : end_line - page.first_line + 1]


def _split(text: str) -> list[str]:
    """Lines as editors count them; `splitlines` also breaks at form feeds and the like."""
    return text.removesuffix("\n").split("\n")


class _Page(msgspec.Struct, frozen=True):
    """Text with blanks folded, and where in it each line that is not blank begins."""

    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]


@lru_cache(maxsize=64)
def _page_of(text: str) -> _Page:
    starts, numbers, at = [], [], 0
    lines = [folded(line) for line in _split(text)]
    for number, line in enumerate(lines):
        if line:
            starts.append(at)
            numbers.append(number)
            at += len(line) + 1
    return _Page(" ".join(filter(None, lines)), tuple(starts), tuple(numbers))


def _places(
    proposal: Proposal, pages: Sequence[Excerpt]
) -> Iterator[tuple[int, Excerpt, int, int]]:
    """Where the quote stands near the cited lines: how far off, and from which line to which."""
    for quote in _readings(proposal.quote):
        for page in pages:
            for line, end_line in _found(quote, page):
                off = max(line - proposal.end_line, proposal.line - end_line, 0)
                if off <= NEARBY_LINES:
                    yield off, page, line, end_line


def _readings(quote: str) -> Iterator[str]:
    """The quote as it is, and without the line numbers or the fence that a model copies along."""
    yield folded(quote)
    bare = _without_fence(quote)
    if all(_GUTTER.match(line) for line in bare.splitlines() if line.strip()):
        bare = _GUTTER.sub("", bare)
    if bare != quote and says_something(bare):
        yield folded(bare)


def _without_fence(quote: str) -> str:
    """The quote without the lines of three backticks around it, where it has them."""
    opened = _FENCE_OPENS.match(quote)
    bare = quote[opened.end() :] if opened else quote
    inner = bare.rstrip()
    before = inner.removesuffix("```").rstrip()
    has_end = inner.endswith("```") and "\n" in inner[len(before) :]
    return before if has_end else bare


def _found(quote: str, page: Excerpt) -> Iterator[tuple[int, int]]:
    folds = _page_of(page.text)
    at = -1
    for _ in range(_MAX_FOUND):
        at = folds.text.find(quote, at + 1)
        if at < 0:
            return
        first = bisect.bisect_right(folds.starts, at) - 1
        last = bisect.bisect_right(folds.starts, at + len(quote) - 1) - 1
        yield page.first_line + folds.numbers[first], page.first_line + folds.numbers[last]


def _doubt(proposal: Proposal, page: Excerpt, line: int, end_line: int) -> Reason | None:
    """Why a well-cited proposal may still say nothing."""
    said = words_in(f"{proposal.title} {proposal.body}") - FILLERS - SYNTAX
    first = max(page.first_line, line - _CONTEXT_LINES)
    around = words_in("\n".join([page.path, *_lines(page, first, end_line + _CONTEXT_LINES)]))
    if not said & around:
        return Reason.GENERIC
    quoted = words_in("\n".join(_lines(page, line, end_line)))
    return Reason.RESTATES if len(said - quoted) < 2 else None
