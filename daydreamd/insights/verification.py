"""Whether the code says what a proposal cites: the only way into the report.

The excerpts are the only text that may be cited. The file must be one of them, and the quote must
stand there, word by word. How path, lines and quote are written down does not matter as long as one
place only can be meant: a quote that stands once is found wherever the line number says. Whether
what is said of the lines is true is asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

import msgspec

from daydreamd.insights.quoting import Found, find_quote, folded, readings, split_lines
from daydreamd.insights.words import SYNTAX, words_in
from daydreamd.records.answer import Proposal
from daydreamd.records.insight import Evidence
from daydreamd.records.workspace import Excerpt
from daydreamd.text import visible
from daydreamd.text.functions import function_around

NEARBY_LINES: Final = 12
"""How far from the cited lines one of several places may stand: models count badly."""
_MISCOUNTED: Final = 3
_MIN_LETTERS: Final = 8
_MOST_RANGE: Final = 40
_NAMES_LINES: Final = re.compile(
    r"^(?P<path>[^\s()]*?[^\s():#,])[\s,(]*(?:#|:|@|lines?\b)\s*L?(?P<line>\d{1,7})"
    r"(?:(?:-|–|—|:|\.\.|\bto\b|\s)\s*L?(?P<end>\d{1,7}))?[\s)]*$"
)
_MARKS: Final = " \t\n`'\"<>*()[]"


class Reason(StrEnum):
    """Why a proposal is not kept, as people read it after a number: `2 misquoted`."""

    EMPTY = "empty"
    UNKNOWN_FILE = "unknown file"
    NO_SUCH_LINES = "cited lines that do not exist"
    TRIVIAL_QUOTE = "quoted too little"
    MISQUOTED = "misquoted"
    RESTATES = "only restates the code"
    GENERIC = "says nothing of this code"
    PRAISE = "praise"
    SUMMARY = "only a summary"
    ADVICE = "advice that fits any code"
    UNVERIFIABLE = "cannot be known from the code"
    UNKNOWN_NAME = "names what stands nowhere"
    ELSEWHERE = "speaks of another place than it cites"
    IN_USE = "called unused, and is used"
    TESTED = "called untested, and a test names it"
    IS_THERE = "called missing, and is there"
    INVERTED = "turns a condition around"
    SAID_BEFORE = "said before"
    DISMISSED = "dismissed before"
    TOO_MANY = "over the limit"
    REFUTED = "refuted by a second look"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal whose citation holds: a claim.

    `page` is the excerpt that it cites, and `function` the one that it is about, as it is called in
    its file (`Cart.total`; "" outside of functions). `quoted` are the lines that the quote covers.
    `key` is unique among the claims of a session; `searches` counts the searches of the workspace
    that looked for something against it.
    """

    proposal: Proposal
    workspace: str
    evidence: Evidence
    page: Excerpt
    quoted: tuple[int, int]
    function: str = ""
    mark: str = ""
    key: str = ""
    searches: int = 0

    @property
    def said(self) -> str:
        """Title and body."""
        return f"{self.proposal.title}. {self.proposal.body}"


def verify(proposal: Proposal, excerpts: Sequence[Excerpt]) -> Checked | Reason:
    """The proposal with its evidence as it really stands, or why it cannot be kept."""
    if not (proposal.title and proposal.body and proposal.path):
        return Reason.EMPTY
    proposal = _with_lines_of_its_path(proposal)
    pages = _pages_of(proposal.path, excerpts)
    if not pages:
        return Reason.UNKNOWN_FILE
    places = [
        (page, found)
        for page, all_found in zip(
            pages, find_quote(proposal.quote, [page.text for page in pages]), strict=True
        )
        for found in all_found
    ]
    if not _is_evidence(proposal, places):
        return Reason.TRIVIAL_QUOTE
    if not places:
        lines_exist = any(_holds(page, proposal.line) for page in pages)
        return Reason.MISQUOTED if lines_exist else Reason.NO_SUCH_LINES
    meant = _meant(proposal, places)
    return Reason.NO_SUCH_LINES if meant is None else _checked(proposal, *meant)


def _checked(proposal: Proposal, page: Excerpt, found: Found) -> Checked:
    line, end_line = page.first_line + found.first, page.first_line + found.last
    first, last = _range(proposal, page, line, end_line)
    around = function_around(page.text, line - page.first_line + 1, page.path)
    return Checked(
        proposal=proposal,
        workspace=page.workspace,
        evidence=Evidence(
            path=page.path,
            line=first,
            end_line=last,
            quote=visible("\n".join(lines_of(page, first, last))),
            commit=page.commit,
            verified=True,
        ),
        page=page,
        quoted=(line, end_line),
        function=around.name if around else "",
    )


def says_something(quote: str) -> bool:
    """Whether a quote is evidence by itself: a name or a word in it, not a bare `return`."""
    letters = sum(char.isalnum() for char in quote)
    return letters >= _MIN_LETTERS and bool(words_in(quote) - SYNTAX)


def lines_of(page: Excerpt, line: int, end_line: int) -> list[str]:
    """The lines of an excerpt by their numbers in the file."""
    return split_lines(page.text)[line - page.first_line : end_line - page.first_line + 1]


def _with_lines_of_its_path(proposal: Proposal) -> Proposal:
    """`cart/api.py:12-14`, `cart/api.py#L12` or `cart/api.py (lines 12-14)` as path and lines."""
    path = proposal.path.strip(_MARKS).replace("\\", "/").removeprefix("file://")
    named = _NAMES_LINES.match(path + (")" if "(" in path else "")) if len(path) < 500 else None
    if named is None:
        return msgspec.structs.replace(proposal, path=path)
    line = int(named["line"])
    end_line = max(line, int(named["end"] or line))
    if proposal.line and not named["end"]:
        line, end_line = proposal.line, proposal.end_line
    return msgspec.structs.replace(
        proposal, path=named["path"].strip(_MARKS), line=line, end_line=end_line
    )


def _pages_of(path: str, excerpts: Sequence[Excerpt]) -> list[Excerpt]:
    """The excerpts of the file that is meant, or of all files that can be."""
    for is_meant in (_is_named, _ends_like, _is_called):
        if pages := [page for page in excerpts if is_meant(path, page)]:
            return pages
    return []


def _is_named(path: str, page: Excerpt) -> bool:
    """Also `shop/cart/price.py` and `shop:cart/price.py`, where several workspaces are asked of,
    and `a/cart/price.py` as in a diff."""
    named = path.removeprefix("./")
    return page.path in (named, re.sub(r"^[ab]/", "", named)) or named in (
        f"{page.workspace}/{page.path}",
        f"{page.workspace}:{page.path}",
    )


def _ends_like(path: str, page: Excerpt) -> bool:
    """The end of a path, or a path that goes on to the left."""
    if ".." in path.split("/"):
        return False
    return page.path.endswith(f"/{path}") or ("/" in page.path and path.endswith(f"/{page.path}"))


def _is_called(path: str, page: Excerpt) -> bool:
    """The base name alone, in any case, also without its suffix."""
    name, real = path.casefold(), PurePosixPath(page.path)
    return "/" not in path and name in (real.name.casefold(), real.stem.casefold())


def _holds(page: Excerpt, line: int) -> bool:
    return page.first_line <= line < page.first_line + len(split_lines(page.text))


def _is_evidence(proposal: Proposal, places: Sequence[tuple[Excerpt, Found]]) -> bool:
    """A quote that says something, or a whole line or expression that stands in one place only."""
    if says_something(proposal.quote):
        return True
    bare = min(readings(proposal.quote), key=len, default="")
    if not any(char.isalnum() for char in bare) or not places:
        return False
    if any(char.isdigit() for char in bare) or _names_in(bare) - SYNTAX:
        return _is_unique(places) or any(_is_cited(proposal, *place) for place in places)
    whole = [place for place in places if folded("\n".join(_text_of(*place))) == bare]
    return " " in bare and any(_off(proposal, *place) <= _MISCOUNTED for place in whole)


def _names_in(text: str) -> set[str]:
    return {name.lower() for name in re.findall(r"[^\W\d]\w*", text)}


def _text_of(page: Excerpt, found: Found) -> list[str]:
    return split_lines(page.text)[found.first : found.last + 1]


def _is_cited(proposal: Proposal, page: Excerpt, found: Found) -> bool:
    return _off(proposal, page, found) == 0


def _is_unique(places: Sequence[tuple[Excerpt, Found]]) -> bool:
    """Whether one place is meant; excerpts may overlap."""
    return len(_distinct(places)) == 1


def _distinct(places: Iterable[tuple[Excerpt, Found]]) -> set[tuple[str, str, int]]:
    return {(page.workspace, page.path, page.first_line + found.first) for page, found in places}


def _off(proposal: Proposal, page: Excerpt, found: Found) -> int:
    """How many lines the quote stands beyond those that are cited."""
    line, end_line = page.first_line + found.first, page.first_line + found.last
    return max(line - proposal.end_line, proposal.line - end_line, 0)


def _meant(
    proposal: Proposal, places: Sequence[tuple[Excerpt, Found]]
) -> tuple[Excerpt, Found] | None:
    """The one place that can be meant: the only one, the nearest, or that of the function named."""
    page, found = min(places, key=lambda place: _off(proposal, *place))
    if _is_unique(places) or _off(proposal, page, found) <= NEARBY_LINES:
        return page, found
    text = f"{proposal.title} {proposal.body}"
    named = [place for place in places if _function_of(*place) in _names_spoken_of(text)]
    return named[0] if named and _is_unique(named) else None


def _function_of(page: Excerpt, found: Found) -> str:
    around = function_around(page.text, found.first + 1, page.path)
    return around.name.rpartition(".")[2] if around else ""


def _names_spoken_of(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))


def _range(proposal: Proposal, page: Excerpt, line: int, end_line: int) -> tuple[int, int]:
    """The lines that are meant: those cited where they hold the quote, cut at the page's ends.

    Where the number was wrong, as many lines from the quote on. A range that goes on and on is cut
    at the border of the function.
    """
    length = min(proposal.end_line - proposal.line, _MOST_RANGE) if proposal.line else 0
    last_line = page.first_line + len(split_lines(page.text)) - 1
    if proposal.line <= line and end_line <= proposal.end_line:
        first, last = max(proposal.line, page.first_line), min(proposal.end_line, last_line)
    elif proposal.line <= end_line and line <= proposal.end_line:  # they overlap
        first, last = (
            min(max(proposal.line, page.first_line), line),
            max(end_line, min(proposal.end_line, last_line)),
        )
    else:
        first, last = line, min(max(end_line, line + length), last_line)
    around = function_around(page.text, line - page.first_line + 1, page.path)
    if around and (last - first >= _MOST_RANGE or first == line):
        offset = page.first_line - 1
        last = max(end_line, min(last, around.last_line + offset))
        first = min(line, max(first, around.first_line + offset))
    if last - first >= 2 * _MOST_RANGE:
        first, last = line, end_line
    return first, last
