"""What a claim is held against: the function that it cites, its file, and the whole workspace."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final, NamedTuple

from daydreamd.insights.code_names import SpokenOf, names_in
from daydreamd.insights.quoting import split_lines
from daydreamd.insights.verification import Checked, Reason
from daydreamd.insights.workspace_search import Occurrences, Place, Search
from daydreamd.text.functions import Definition, definitions, function_around
from daydreamd.text.masking import masked, uncommented

_AROUND: Final = 15  # lines, where there is no function
_BESIDE: Final = 2  # lines, between functions
_SENTENCE: Final = re.compile(r"(?<=[.!?;:])\s+|\n+|\s[\u2013\u2014]\s")
_NOT: Final = re.compile(r"n['’]t\b")
_TEST_PATH: Final = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing|testdata|e2e)/|(?:^|/)(?:test_[^/]*|conftest\.py$)"
    r"|[^/]*(?:_test|_spec|\.test|\.spec|Test|Tests|Spec|IT)\.[a-z]{1,5}$"
)
_PROSE_PATH: Final = re.compile(
    r"\.(?:md|rst|txt|adoc|org|html|po|pot|changes|csv|svg|lock|map)$|(?:^|/)(?:CHANGELOG|README|"
    r"NEWS)"
)
_DECLARES: Final = (
    r"(?:def|defp|fn|func|fun|function\*?|sub|class|struct|interface|trait|enum|const|let|var|val|"
    r"type|module|namespace|macro_rules!|#define|static|export|pub|"
    r"local)\s+(?:[\w<>\[\]*&:?]+\s+)*?"
    r"(?:\([^)]*\)\s*)?[\w.:*$]*?"
)


class Disproof(NamedTuple):
    """Why a claim is false, and what shows it: `used in cart/api.py:41`."""

    reason: Reason
    decided_by: str = ""


class Grounds:
    """A claim and all that may decide about it, read when it is first asked for."""

    def __init__(self, claim: Checked, search: Search) -> None:
        self.claim = claim
        self._search = search
        self._asked: set[str] = set()

    @property
    def searches(self) -> int:
        """How many names the workspace was searched for."""
        return len(self._asked)

    @property
    def path(self) -> str:
        return self.claim.evidence.path

    @property
    def is_test(self) -> bool:
        """Whether the claim is about a test."""
        return is_test(self.path)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """What is said, one statement after the other; the title is one. `n't` is said in full."""
        proposal = self.claim.proposal
        body = [part for part in _SENTENCE.split(_NOT.sub(" not", proposal.body)) if part.strip()]
        return (_NOT.sub(" not", proposal.title), *body)

    @cached_property
    def names(self) -> tuple[SpokenOf, ...]:
        """The names of code that are spoken of."""
        return names_in(self.claim.said)

    @cached_property
    def _whole(self) -> str | None:
        """The file's whole text, where it is known and still holds the cited lines."""
        text = self._search.text(self.claim.workspace, self.path)
        if text is None:
            return None
        first, last = self.claim.quoted
        page = self.claim.page
        shown = split_lines(page.text)[first - page.first_line : last - page.first_line + 1]
        there = split_lines(text)[first - 1 : last]
        alike = [
            _squeezed(one) == _squeezed(other) for one, other in zip(shown, there, strict=False)
        ]
        return text if len(there) == len(shown) and all(alike) else None

    @cached_property
    def text(self) -> str:
        """The file, or as much of it as was shown."""
        return self.claim.page.text if self._whole is None else self._whole

    @property
    def first_line(self) -> int:
        """The number of the first line of `text`."""
        return self.claim.page.first_line if self._whole is None else 1

    @cached_property
    def function(self) -> Definition | None:
        """The function that is cited, in lines of `text`."""
        line = self.claim.quoted[0] - self.first_line + 1
        return function_around(self.text, line, self.path)

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        return definitions(self.text, self.path)

    @property
    def function_name(self) -> str:
        return self.function.name if self.function else ""

    @property
    def _around(self) -> int:
        """How many lines belong to a citation outside of functions: in a script, more."""
        return _BESIDE if any(one.is_function for one in self.definitions) else _AROUND

    def _lines(self, text: str) -> str:
        """The lines of the function that is cited, or those around the citation."""
        lines = split_lines(text)
        line = self.claim.quoted[0] - self.first_line
        last = self.claim.quoted[1] - self.first_line
        if self.function is None:
            return "\n".join(lines[max(0, line - self._around) : last + self._around + 1])
        return "\n".join(
            lines[self.function.first_line - 1 : max(self.function.last_line, last + 1)]
        )

    @cached_property
    def function_text(self) -> str:
        """The function's text without comments."""
        return self._lines(uncommented(self.text, self.path))

    @cached_property
    def function_code(self) -> str:
        """The function's text without comments and literals."""
        return self._lines(masked(self.text, self.path))

    @cached_property
    def function_whole(self) -> str:
        """The function's text as it stands."""
        return self._lines(self.text)

    @cached_property
    def first_function_line(self) -> int:
        """The number in the file of the first line of `function_text`."""
        if self.function:
            return self.function.first_line + self.first_line - 1
        return max(self.claim.quoted[0] - self._around, self.first_line)

    @cached_property
    def cited(self) -> str:
        """The statement that is quoted: its lines, and those that close its brackets."""
        lines = split_lines(uncommented(self.text, self.path))
        first, last = (number - self.first_line for number in self.claim.quoted)
        text = "\n".join(lines[first : last + 1])
        for line in lines[last + 1 : last + 12]:
            if sum(map(text.count, "([{")) <= sum(map(text.count, ")]}")):
                break
            text += "\n" + line
        return text

    @cached_property
    def range(self) -> str:
        """All lines that are cited, without comments."""
        lines = split_lines(uncommented(self.text, self.path))
        evidence = self.claim.evidence
        return "\n".join(
            lines[evidence.line - self.first_line : evidence.end_line - self.first_line + 1]
        )

    def stands_here(self, name: str) -> bool:
        """Whether a name stands in what was shown of the file."""
        return has_word(name, self.text) or has_word(name, self.claim.page.text)

    def places(self, name: str) -> Occurrences:
        """Where in the workspace a name stands."""
        self._asked.add(name)
        return self._search.places(self.claim.workspace, name)

    def code_of(self, place: Place) -> str:
        """The line of a place without comments, where its file is known."""
        text = self._search.text(self.claim.workspace, place.path)
        if text is None:
            return place.text
        lines = split_lines(uncommented(text, place.path))
        return lines[place.line - 1] if place.line <= len(lines) else ""

    def function_of(self, place: Place) -> Definition | None:
        """The function in which a place lies."""
        text = self._search.text(self.claim.workspace, place.path)
        return function_around(text, place.line, place.path) if text is not None else None


def has_word(name: str, text: str) -> bool:
    """Whether `name` stands in `text` as a whole word."""
    return name in text and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def is_test(path: str) -> bool:
    """Whether a path is a test's."""
    return _TEST_PATH.search(path) is not None


def is_prose(path: str) -> bool:
    """Whether a path is that of text for people, or of data."""
    return _PROSE_PATH.search(path) is not None


def declares(name: str, line: str) -> bool:
    """Whether a line of code declares `name`."""
    word = re.escape(name)
    shapes = (
        rf"{_DECLARES}(?<![\w$]){word}(?![\w$])",
        rf"^\s*(?:[\w<>\[\],*&:?]+\s+)*[*&]?{word}\s*\([^;]*\{{\s*$",
        rf"^(?:[\w<>*&]+\s+)*[*&]?{word}\s*\([^;]*$",  # at the margin: C, its block below
    )
    return any(re.search(shape, line) for shape in shapes)


def _squeezed(text: str) -> str:
    return "".join(text.split())
