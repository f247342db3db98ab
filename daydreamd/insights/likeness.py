"""Whether two claims about the same code say the same, however they are worded.

Words of one matter count as one: who says "hangs" and who says "no timeout" speak of the same. Two
claims about the same lines are one unless they speak of different matters; two about different
lines of one function are two unless they speak of the same matter in much the same words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, utils

from daydreamd.insights.code_names import names_in
from daydreamd.insights.words import FILLERS, SYNTAX, words_in

_MATTERS: Final = {
    "time": r"time-?\s?outs?|hangs?|forever|deadline|blocks?|waits?|stall\w*",
    "swallowed": (
        r"swallow\w*|hid(?:es|den|e|ing)|silent\w*|suppress\w*|loses? (?:the )?(?:error|"
        r"exception|reason|cause)|bare except|catch-?all|broad|ignor\w+|never learns?|"
        r"(?:error|exception|reason|cause)s? (?:is|are|gets?|goes) (?:lost|unnoticed|hidden|"
        r"ignored)|unnoticed|masks?"
    ),
    "leak": (
        r"leak\w*|(?:never|not|n't) (?:\w+ )?(?:clos\w+|releas\w+|freed)|descriptors?|"
        r"left open|stays? open|handles?"
    ),
    "null": (
        r"null|none|nil|undefined|missing value|absent|NullPointer\w*|AttributeError|unset|"
        r"dereferenc\w*"
    ),
    "zero": r"by (?:zero|0)|divi(?:sion|des?|ding)|ZeroDivision\w*|denominator",
    "empty": r"empty|no (?:items|rows|elements|entries)|IndexError",
    "race": (
        r"rac(?:e|es|y|ing)|concurren\w*|locks?|lock(?:ed|ing)|threads?|atomic\w*|mutex|"
        r"synchroni[sz]\w*|simultaneous\w*|parallel"
    ),
    "unused": (
        r"unused|dead code|(?:never|not|no longer) (?:used|called|read)|no callers?|orphan\w*"
    ),
    "test": r"un-?tested|tests?|coverage|covered",
    "bound": (
        r"off[- ]by[- ]one|one (?:past|too (?:many|few)|beyond|element)|last (?:element|item|"
        r"one|line|entry)|boundary|inclusive|exclusive|past the end|out of (?:range|bounds)|"
        r"skips? the (?:first|last)"
    ),
    "overflow": (
        r"overflow\w*|wraps?(?: around)?|truncat\w*|upper bits|too large|buffer|cut (?:off|"
        r"short)|cuts"
    ),
    "injection": (
        r"inject\w*|escap\w*|quot(?:ed|ing)|sanitiz\w*|concatenat\w*|parameteri[sz]\w*|"
        r"placeholder|xss|innerHTML"
    ),
    "encoding": r"encod\w*|decod\w*|utf-?8|unicode|bytes|ascii|surrogate\w*",
    "retry": (
        r"retr(?:y|ies|ied|ying)|attempts?|back-?off|idempoten\w*|sent again|again|twice|"
        r"double[sd]?|repeat\w*|duplicate (?:charge|request|order)\w*"
    ),
    "shared": (
        r"mutable default|shar(?:ed|es|ing)|persist\w* between|between calls|carries over|"
        r"default (?:argument|value|dict|list)"
    ),
    "traversal": r"travers\w*|outside (?:of )?the (?:root|directory)|\.\./|symlinks?|escapes? the",
    "rounding": r"round\w*|precision|floats?|floating|cents?|decimal\w*|fraction\w*",
    "stale": (
        r"stale|outdated|invalidat\w*|out of date|cached?|memoi\w*|old (?:value|total|amount|"
        r"one)"
    ),
    "slow": (
        r"quadratic\w*|slow\w*|O\(n\S*|n²|expensive|every (?:row|call|time|iteration|request)|"
        r"each (?:row|call|time|iteration|request)|per (?:row|call|iteration|request)|scan\w*|"
        r"linear|recomput\w*|N\+1|performance"
    ),
    "permission": r"permissions?|world-?readable|0[67]\d\d|umask|chmod|mode",
    "secret": r"secrets?|passwords?|tokens?|credentials?|api keys?|plain ?text|logged",
    "zone": r"time-?zones?|utc|naive|local time|daylight|dst",
    "mutation": (
        r"mutat\w*|in place|alias\w*|caller's|side effects?|while iterating|modif\w+ (?:while|"
        r"during)"
    ),
    "documentation": (
        r"docs?|docstring|documented|documentation|comments?|says otherwise|misleading"
    ),
    "inverted": r"invert\w*|negat\w*|revers\w*|backwards|wrong way|opposite",
    "type": (
        r"types?|casts?|coerc\w*|TypeError|strings? (?:instead|where)|as (?:a )?(?:string|"
        r"number|int)|compar\w+"
    ),
    "await": r"await\w*|promise|async\w*|coroutine|unresolved",
    "negative": r"negative|below zero|above 100|minus",
    "limit": (
        r"unbounded|without (?:a )?(?:bound|limit)|grows?|grow(?:s|ing)? (?:for ?ever|"
        r"without)|memory|limits?|evict\w*"
    ),
    "import": r"imports?|imported|NameError",
    "order": (
        r"order of|ordering|sort\w*|random order|insertion order|first .* then|before it|"
        r"too (?:early|late)"
    ),
    "default": r"default|fall-?back",
    "exit": r"exit (?:code|status)|set -e|return code|status code",
    "after free": r"after[- ]free|freed|dangling|use[- ]after",
    "validation": (
        r"validat\w*|unchecked|(?:never|not|n't) checked|any (?:value|amount|input)|"
        r"accepts? (?:any|negative)"
    ),
    "equality": r"equals|identity|references?|==",
    "unhandled": (
        r"uncaught|unhandled|(?:never|not|n't|nobody|no one) (?:caught|handled|catches|"
        r"handles)|crash\w*|panics?|unwrap"
    ),
}  # fmt: skip
_PATTERNS: Final = {
    name: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for name, words in _MATTERS.items()
}
_SAME_LINES: Final = 52.0
_SAME_FUNCTION: Final = 78.0
_SAME_MATTER: Final = 62.0
_COVERED: Final = 0.34
_COVERED_BESIDE: Final = 0.3
_MOSTLY_COVERED: Final = 0.6
_STEM: Final = 5


@lru_cache(maxsize=256)
def matters_of(title: str, body: str) -> frozenset[str]:
    """What a claim is about, in one language's words; none where it is in another's."""
    said = f"{title}. {body}"
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(said))


def likeness(one: tuple[str, str], other: tuple[str, str]) -> float:
    """From 0 to 100: how alike two claims (title, body) are worded."""
    first, second = " ".join(one), " ".join(other)
    return max(
        fuzz.token_sort_ratio(first, second, processor=utils.default_process),
        fuzz.token_set_ratio(one[0], other[0], processor=utils.default_process) * 0.9,
    )


def is_same_claim(
    one: tuple[str, str],
    other: tuple[str, str],
    *,
    same_lines: bool,
    near: bool = False,
    about: str = "",
) -> bool:
    """Whether two claims about one function are one; `about` is what that function is called.

    `near` are those whose lines lie side by side.
    """
    alike = likeness(one, other)
    if alike >= _SAME_FUNCTION:
        return True
    mine, theirs = matters_of(*one), matters_of(*other)
    titled = _matters_of_title(one[0]) & _matters_of_title(other[0])
    common = mine & theirs
    shared = _covered(one, other, about)
    if same_lines and not (mine and theirs):
        return True
    if same_lines:
        return bool(common) or alike >= _SAME_LINES or shared >= _COVERED
    if near and ((common and shared >= _COVERED_BESIDE) or shared >= _MOSTLY_COVERED):
        return True
    return bool(common) and (alike >= _SAME_MATTER or (bool(titled) and shared >= _COVERED))


def _matters_of_title(title: str) -> frozenset[str]:
    return matters_of(title, "")


def _covered(one: tuple[str, str], other: tuple[str, str], about: str) -> float:
    """The share of the telling words of the shorter claim that the other has, too; stems count."""
    own, theirs = _telling(one, about), _telling(other, about)
    smaller = min(len(own), len(theirs))
    return len(own & theirs) / smaller if smaller else 0.0


def _telling(said: tuple[str, str], about: str) -> set[str]:
    text = " ".join(said)
    names = {name.last.lower() for name in names_in(text)}
    words = (words_in(text) - FILLERS - SYNTAX) - words_in(about)
    return {word[:_STEM] for word in words} | (names - {about.lower()})
