"""Claims about what is not there: names that stand nowhere, and functions that are not cited.

A name may be spoken of and stand nowhere where it is advised, or where its absence is what is
claimed; words around it tell, in English. In another language only a claim none of whose names
stand anywhere is refused.
"""

from __future__ import annotations

import re
from typing import Final

from daydreamd.insights.code_names import SpokenOf, identifiers_in, is_of_any_code
from daydreamd.insights.disproving.grounds import (
    Disproof,
    Grounds,
    declares,
    has_word,
    is_prose,
)
from daydreamd.insights.languages import is_english
from daydreamd.insights.verification import Reason

_ADVISED: Final = re.compile(
    r"\b(?:use|uses|using|add|adding|adds|prefer|replace\w*|wrap\w*|rais(?:e|es|ed|ing)|"
    r"throw(?:s|n|ing)?|introduc\w+|"
    r"rename\w*|extract\w*|switch\w*|should|could|would|must|consider|e\.g\.|such as|like|needs?|"
    r"let|try|via|instead|call it|"
    r"missing|lacks?|lacking|without|no|not|never|absent|forgets?|omits?|guard\w*|catch\w*|"
    r"rather than|set|"
    r"import|pass|passing|make it|move|into|becomes?|named|calling|call|with|yields?|gives?|"
    r"returns?|as in|for example|for instance|"
    r"than|unlike|says?|prints?|reads?|input|given|value|string|key|path)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_STRONGLY_ADVISED: Final = re.compile(
    r"\b(?:use|using|add|adding|prefer|replace\w*|wrap\w*|raises?|throws?|introduce|rename\w*|"
    r"extract|switch\w*|"
    r"should|could|would|must|consider|e\.g\.|such as|needs?|let|try|instead|missing|lacks?|"
    r"without|no|not|never|omits?|forgets?)\b"
    r"[^.;]{0,60}$",
    re.IGNORECASE,
)
_ABSENT_AFTER: Final = re.compile(
    r"^[`'\"]?\s*(?:\w+\s+){0,2}(?:is|are|was|were|has|does)?\s*(?:never|not|missing|absent|"
    r"omitted|instead|would|should|could|lacking|"
    r"n't|left out|forgotten)\b",
    re.IGNORECASE,
)
_MOST_ASKED: Final = 12


def disprove_names(grounds: Grounds) -> Disproof | None:
    """A name that is spoken of as if it were there, and stands nowhere in the workspace."""
    said = grounds.claim.said
    named = [name for name in grounds.names if not is_of_any_code(name.name)][:_MOST_ASKED]
    missing = [name for name in named if _stands_nowhere(grounds, name)]
    if not missing:
        return None
    if not is_english(said):
        return _unknown(missing[0]) if len(missing) == len(named) else None
    if len(missing) == len(named) and not _is_advised(said, missing[0], _STRONGLY_ADVISED):
        return _unknown(missing[0])
    real = [name for name in missing if not _is_advised(said, name, _ADVISED)]
    return _unknown(real[0]) if real else None


def _unknown(name: SpokenOf) -> Disproof:
    return Disproof(Reason.UNKNOWN_NAME, f"`{name.name}` stands nowhere")


def _stands_nowhere(grounds: Grounds, name: SpokenOf) -> bool:
    """Whether the whole workspace was searched in vain, for the name and what it belongs to."""
    if grounds.stands_here(name.last) or name.last in grounds.path:
        return False
    if name.first != name.last and _is_library(grounds, name.first):
        return False
    places = grounds.places(name.last)
    return places.whole and not places.found


def _is_library(grounds: Grounds, name: str) -> bool:
    """Whether a name is imported here: what it offers stands elsewhere."""
    imported = re.compile(
        rf"^.*\b(?:import|require|include|use|using|from)\b.*(?<![\w$]){re.escape(name)}(?![\w$])",
        re.MULTILINE,
    )
    return is_of_any_code(name) or imported.search(grounds.text) is not None


def _is_advised(said: str, name: SpokenOf, words: re.Pattern[str]) -> bool:
    return (
        words.search(said[: name.start]) is not None
        or _ABSENT_AFTER.match(said[name.end :]) is not None
    )


def disprove_place(grounds: Grounds) -> Disproof | None:
    """A claim whose subject is another function than the one that is cited."""
    own = grounds.function_name.rpartition(".")[2]
    if not grounds.names or (own and has_word(own, grounds.claim.said)):
        return None
    here = identifiers_in(grounds.function_whole) | identifiers_in(grounds.path)
    here |= identifiers_in(grounds.claim.evidence.quote) | identifiers_in(grounds.function_name)
    named = [name for name in grounds.names if not is_of_any_code(name.name)]
    subject = _subject(grounds)
    if subject and subject.last not in here and (defined := _defined(grounds, subject)):
        return Disproof(Reason.ELSEWHERE, f"`{defined[0]}` is in {defined[1]}")
    if any(name.last in here for name in named):
        return None
    elsewhere = next((place for name in named if (place := _defined(grounds, name))), None)
    if elsewhere is None:
        return None
    return Disproof(Reason.ELSEWHERE, f"`{elsewhere[0]}` is in {elsewhere[1]}")


def _subject(grounds: Grounds) -> SpokenOf | None:
    """What the claim is about: the first name of its title, or that with which its body begins."""
    title = grounds.claim.proposal.title
    first = grounds.names[0]
    return first if first.start < len(title) or first.start == len(title) + 2 else None


def _defined(grounds: Grounds, name: SpokenOf) -> tuple[str, str] | None:
    """Where a function of this name is defined, if somewhere else than where is cited."""
    for one in grounds.definitions:
        if one.is_function and one.name.rpartition(".")[2] == name.last:
            return name.name, f"{grounds.path}:{one.first_line + grounds.first_line - 1}"
    for place in () if is_of_any_code(name.name) else grounds.places(name.last).found:
        if not is_prose(place.path) and declares(name.last, grounds.code_of(place)):
            return name.name, str(place)
    return None
