"""Where what was said before stands now: its lines found again though they moved.

A function may have moved within its file, into another, or with its file; its names may be others.
In all these cases it is what it was. Where its lines are others, they have changed, and nothing
more is said here. What cannot be read has not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from daydreamd.insights.code_names import identifiers_in
from daydreamd.insights.code_shape import came_near, renaming
from daydreamd.insights.disproving.grounds import has_word
from daydreamd.insights.quoting import split_lines
from daydreamd.insights.words import SYNTAX
from daydreamd.insights.workspace_search import Search
from daydreamd.records.insight import AnyInsight, Evidence
from daydreamd.text import visible
from daydreamd.text.functions import Definition, definitions, function_around
from daydreamd.text.masking import uncommented

CurrentText = Callable[[str, str], str | None]
"""The text of `(workspace, path)` now; "" where the file is gone, None where nobody can tell."""
RenamedTo = Callable[[str, str, str], str | None]
"""Where git says that `(workspace, path)` of a commit lies now; None where it says nothing."""

_UNSHOWN: Final = "\N{REPLACEMENT CHARACTER}"
_CUT: Final = 60  # characters: a longer line may have been cut where it was shown
_MOST_FILES: Final = 12
_MOST_NAMES: Final = 4


class Whereabouts(NamedTuple):
    """An insight as it stands now.

    `state` is `there` where its lines stand as they were, wherever; `near` where lines that decide
    something came about them; `changed` where they are others; `unknown` where nobody can tell.
    """

    item: AnyInsight
    state: Literal["there", "near", "changed", "unknown"]


def relocate(
    item: AnyInsight, current: CurrentText, search: Search, renamed: RenamedTo | None = None
) -> Whereabouts:
    """Find the lines of an insight again."""
    found: list[Evidence] = []
    states = set()
    function = item.function
    for evidence in item.evidence:
        place = _find(item, evidence, current, search, renamed)
        found.append(place.evidence)
        states.add(place.state)
        function = place.function if place.state in ("there", "near") else function
    moved = msgspec.structs.replace(item, evidence=tuple(found), function=function)
    for state in ("there", "near", "unknown"):  # as long as some of its lines stand, it does
        if state in states:
            return Whereabouts(moved, state)
    return Whereabouts(item, "changed" if states else "unknown")


class _Place(NamedTuple):
    evidence: Evidence
    state: Literal["there", "near", "changed", "unknown"]
    function: str = ""


def _find(
    item: AnyInsight,
    evidence: Evidence,
    current: CurrentText,
    search: Search,
    renamed: RenamedTo | None,
) -> _Place:
    own = current(item.workspace, evidence.path)
    if own is None:
        return _Place(evidence, "unknown")
    for match in (_same_lines, _renamed_lines):
        if own and (found := match(item, evidence, own, evidence.path)):
            return _placed(item, evidence, own, evidence.path, found, match is _same_lines)
    for path, text in _elsewhere(item, evidence, current, search, renamed):
        for match in (_same_lines, _renamed_lines):
            if found := match(item, evidence, text, path):
                return _placed(item, evidence, text, path, found, match is _same_lines)
    return _Place(evidence, "changed")


def _placed(
    item: AnyInsight, evidence: Evidence, text: str, path: str, found: tuple[int, int], same: bool
) -> _Place:
    """The evidence at the lines that were found, counted from 0."""
    first, last = found
    lines = split_lines(text)
    around = function_around(text, first + 1, path)
    where = msgspec.structs.replace(
        evidence,
        path=path,
        line=first + 1,
        end_line=last + 1,
        quote=evidence.quote if same else visible("\n".join(lines[first : last + 1])),
    )
    name = around.name if around else item.function
    if around and item.mark:
        own = "\n".join(lines[around.first_line - 1 : around.last_line])
        if came_near(item.mark, own, path, last + 1 - around.first_line):
            return _Place(where, "near", name)
    return _Place(where, "there", name)


def _same_lines(
    item: AnyInsight, evidence: Evidence, text: str, path: str
) -> tuple[int, int] | None:
    """Where all lines stand one after the other; blank lines, comments and blanks do not count."""
    wanted = [line for line in _squeezed_lines(evidence.quote, path) if line[1]]
    wanted = [line for line in wanted if _UNSHOWN not in line[1]]
    there = [line for line in _squeezed_lines(text, path) if line[1]]
    if not wanted:
        return None
    starts = [
        (there[at][0], there[at + len(wanted) - 1][0])
        for at in range(len(there) - len(wanted) + 1)
        if _is_line(wanted[0][1], there[at][1])
        and all(
            _is_line(line[1], other[1])
            for line, other in zip(wanted, there[at : at + len(wanted)], strict=True)
        )
    ]
    return _best(item, evidence, text, path, starts)


def _is_line(wanted: str, there: str) -> bool:
    return wanted == there or (len(wanted) >= _CUT and there.startswith(wanted.rstrip("…")))


def _squeezed_lines(text: str, path: str) -> list[tuple[int, str]]:
    code = split_lines(uncommented(visible(text), path))
    if not any(line.strip() for line in code):
        code = split_lines(visible(text))  # a comment is what is spoken of
    return [(number, "".join(line.split())) for number, line in enumerate(code)]


def _best(
    item: AnyInsight, evidence: Evidence, text: str, path: str, starts: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """Of several places the one in the function of that name, else the nearest."""
    if len(starts) > 1 and item.function:
        within = [one for one in starts if _called(text, one[0], path) == item.function]
        starts = within or starts
    return min(starts, key=lambda one: abs(one[0] + 1 - evidence.line), default=None)


def _called(text: str, number: int, path: str) -> str:
    around = function_around(text, number + 1, path)
    return around.name if around else ""


def _renamed_lines(
    item: AnyInsight, evidence: Evidence, text: str, path: str
) -> tuple[int, int] | None:
    """Where the lines stand under other names, in the function of the insight if that is there.

    A name has become another where the old one is gone from the function and the new one is bound
    there, or the old one is gone from the file.
    """
    wanted = [
        line.strip() for line in split_lines(uncommented(evidence.quote, path)) if line.strip()
    ]
    lines = split_lines(uncommented(text, path))
    starts = []
    for first, last in _regions(item, text, path):
        code = [n for n in range(first, last) if lines[n].strip()]
        for at in range(len(code) - len(wanted) + 1):
            numbers = code[at : at + len(wanted)]
            exchanged = renaming(wanted, [lines[n].strip() for n in numbers])
            region = "\n".join(lines[first:last])
            if exchanged and _is_renaming(exchanged, region, text):
                starts.append((numbers[0], numbers[-1]))
    return _best(item, evidence, text, path, starts) if wanted else None


def _regions(item: AnyInsight, text: str, path: str) -> Iterator[tuple[int, int]]:
    """The function of the insight, or where it is gone, all of them."""
    found = [one for one in definitions(text, path) if one.is_function]
    named = [one for one in found if _ends_alike(one, item.function)]
    for one in named or found:
        yield one.first_line - 1, one.last_line
    if not found:
        yield 0, len(split_lines(text))


def _ends_alike(one: Definition, name: str) -> bool:
    return bool(name) and one.name.rpartition(".")[2] == name.rpartition(".")[2]


def _is_renaming(exchanged: dict[str, str], region: str, text: str) -> bool:
    return all(
        not has_word(old, region)
        and (_is_bound(new, region) or not has_word(old, text))
        and _is_bound(new, text)
        for old, new in exchanged.items()
    )


def _is_bound(name: str, code: str) -> bool:
    """Whether a name is given a value, is a parameter, or is declared in `code`."""
    word = re.escape(name)
    return (
        re.search(
            rf"(?<![\w$]){word}\s*(?::[^=\n]+)?(?:=(?!=)|:=|<-|\+\+|--|[-+*/|&]=)|"
            rf"\bfor\s[^:{{\n]*\b{word}\b|\bas\s+{word}\b"
            rf"|(?:def|func|fn|fun|function|class|const|let|var)\s+(?:\([^)]*\)\s*)?{word}\b|"
            rf"[(,]\s*(?:[\w<>\[\]*&.]+\s+)?[*&]?{word}\s*(?:[,)]|:|=)|"
            rf"\b(?:\w+\s+[*&]?){word}\s*[;,)]",
            code,
        )
        is not None
    )


def _elsewhere(
    item: AnyInsight,
    evidence: Evidence,
    current: CurrentText,
    search: Search,
    renamed: RenamedTo | None,
) -> Iterator[tuple[str, str]]:
    """Other files in which the lines may stand now, most likely first."""
    paths: list[str] = []
    if renamed and (path := renamed(item.workspace, evidence.path, evidence.commit)):
        paths.append(path)
    for name in _telling_names(item, evidence):
        paths += [place.path for place in search.places(item.workspace, name).found]
    for path in list(dict.fromkeys(paths))[:_MOST_FILES]:
        if path != evidence.path and (text := current(item.workspace, path)):
            yield path, text


def _telling_names(item: AnyInsight, evidence: Evidence) -> list[str]:
    """The function's name and the longest ones of the lines."""
    own = [name for name in identifiers_in(evidence.quote) if name.lower() not in SYNTAX]
    longest = sorted(own, key=lambda name: (-len(name), name))
    return [name for name in (item.function.rpartition(".")[2], *longest) if name][:_MOST_NAMES]
