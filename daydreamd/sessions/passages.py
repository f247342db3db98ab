"""What may refute a claim: the whole function, every place that names what it speaks of, tests.

Only what the owner lets be read is searched, and no secret is shown. Nothing here judges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple, Protocol

import msgspec

from daydreamd.records.claims import Claim, Passage, PassageKind
from daydreamd.text import redact
from daydreamd.text.functions import function_around

_MOST_FUNCTION_LINES: Final = 160
_WITHOUT_FUNCTION: Final = 25
_AROUND: Final = 2
_MOST_NAMES: Final = 5
_MOST_PLACES: Final = 14
_PLACES_OF_A_NAME: Final = 6
_QUOTED: Final = re.compile(r"[`'\"]([A-Za-z_$][\w.$:]{2,60})(?:\(\))?[`'\"]")
_CALLED: Final = re.compile(r"\b([A-Za-z_$][\w$]{2,60})\s*\(")
_COMPOUND: Final = re.compile(r"\b(?:[a-z]+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Z]+_\w+)\b")
_TEST: Final = re.compile(r"(?:^|[/_.-])(?:tests?|specs?|__tests__)(?:[/_.-]|$)|Tests?\.\w+$")


class CodePlace(Protocol):
    """A line of a workspace's file, from 1."""

    @property
    def path(self) -> str: ...

    @property
    def line(self) -> int: ...


class FoundPlaces(Protocol):
    """Where a name stands."""

    @property
    def found(self) -> Sequence[CodePlace]: ...


class CodeSearch(Protocol):
    """What can be asked of the workspaces by their names."""

    def places(self, workspace: str, name: str) -> FoundPlaces:
        """The lines on which `name` stands as a word."""

    def text(self, workspace: str, path: str) -> str | None:
        """A whole file; None where it is not known."""


class NoPlaces(NamedTuple):
    """Nothing was found, because nothing could be searched."""

    found: tuple[CodePlace, ...] = ()


class WholeFiles:
    """Reads the files that claims are about, and searches no others."""

    def __init__(self, current: Callable[[str, str], str | None]) -> None:
        self._current = current

    def places(self, _workspace: str, _name: str) -> FoundPlaces:
        """Nowhere."""
        return NoPlaces()

    def text(self, workspace: str, path: str) -> str | None:
        """What the file holds now."""
        return self._current(workspace, path)


class Lines(NamedTuple):
    """Lines `first` to `last` of a file, from 1."""

    path: str
    first: int
    last: int


def with_passages(claim: Claim, search: CodeSearch, *, shown: Passage) -> Claim:
    """The claim with what is to be shown of the code; `shown` is what its model saw of it."""
    text = search.text(claim.workspace, claim.path)
    function = _function(claim, text) if text is not None else shown
    covered = [Lines(function.path, function.first_line, _last_line(function))]
    passages = [function]
    for name in names_spoken_of(claim, function):
        found = list(search.places(claim.workspace, name).found)
        # Tests come last in a search and are the fewest: they are not to be crowded out.
        found.sort(key=lambda place: not is_test(place.path))
        for place in found[:_PLACES_OF_A_NAME]:
            if len(passages) > _MOST_PLACES or any(_holds(one, place) for one in covered):
                continue
            passage = _around(claim.workspace, place, search)
            if passage is not None:
                passages.append(passage)
                covered.append(Lines(passage.path, passage.first_line, _last_line(passage)))
    return msgspec.structs.replace(claim, passages=tuple(passages))


def names_spoken_of(claim: Claim, function: Passage) -> list[str]:
    """Names of code that title and body use, and those that the lines in question call.

    Only what stands in the function, too: a word of prose is no name.
    """
    said = f"{claim.title} {claim.body}"
    lines = function.text.split("\n")
    at = claim.line - function.first_line
    cited = "\n".join(lines[max(0, at) : claim.end_line - function.first_line + 1])
    there = set(re.findall(r"[\w$]+", function.text))
    names = [
        *(name.replace("::", ".").rpartition(".")[2] for name in _QUOTED.findall(said)),
        *_COMPOUND.findall(said),
        *_CALLED.findall(cited),
        *_CALLED.findall(lines[0]),
    ]
    known = (name for name in dict.fromkeys(names) if len(name) > 2 and name in there)
    return list(known)[:_MOST_NAMES]


def is_test(path: str) -> bool:
    """Whether a file tests others, by its name or its place."""
    return _TEST.search(PurePosixPath(path).as_posix()) is not None


def _function(claim: Claim, text: str) -> Passage:
    """The function around the lines in question, or those around them where there is none."""
    lines = text.split("\n")
    around = function_around(text, claim.line, claim.path)
    first = around.first_line if around else max(1, claim.line - _WITHOUT_FUNCTION)
    last = around.last_line if around else claim.end_line + _WITHOUT_FUNCTION
    if last - first >= _MOST_FUNCTION_LINES:
        first = max(first, claim.line - _MOST_FUNCTION_LINES // 2)
        last = first + _MOST_FUNCTION_LINES - 1
    return _passage("function", claim.path, lines, first, last)


def _around(workspace: str, place: CodePlace, search: CodeSearch) -> Passage | None:
    text = search.text(workspace, place.path)
    if text is None:
        return None
    kind: PassageKind = "test" if is_test(place.path) else "place"
    lines = text.split("\n")
    return _passage(kind, place.path, lines, place.line - _AROUND, place.line + _AROUND)


def _passage(kind: PassageKind, path: str, lines: Sequence[str], first: int, last: int) -> Passage:
    first, last = max(1, first), min(last, len(lines))
    text = "\n".join(map(redact, lines[first - 1 : last]))
    return Passage(kind=kind, path=path, text=text, first_line=first)


def _last_line(passage: Passage) -> int:
    return passage.first_line + passage.text.count("\n")


def _holds(lines: Lines, place: CodePlace) -> bool:
    return lines.path == place.path and lines.first <= place.line <= lines.last
