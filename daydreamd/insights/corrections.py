"""Corrections that the owner types again and again, as rules that the instructions lack.

Pure: it is given the prompts and proposes; nothing is written anywhere. A correction is a short
sentence that forbids or demands. Two are the same where both forbid, or both demand, nearly the
same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz

from daydreamd.records.instructions import ProposedRule, TypedPrompt
from daydreamd.text import one_line

_TIMES: Final = 3
_SESSIONS: Final = 2
_MAX_PROMPTS: Final = 5_000
_MAX_RULES: Final = 5
_LONGEST: Final = 240
_ALIKE: Final = 84.0
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_FORBIDS: Final = re.compile(r"(?i)\b(?:don'?t|do not|never|stop|not to|no more|without)\b|\bno,")
_DEMANDS: Final = re.compile(
    r"(?i)\b(?:always|instead|must|i (?:said|told you)|as i said|again|remember|please use|use)\b"
)
_WORD: Final = re.compile(r"[\w./:@#+-]*\w")
_FILLING: Final = re.compile(
    r"an?|and|are|as|at|be|but|can|could|do|does|dont|for|from|i|in|is|its?|just|me|my|not|of|on|or"
    r"|please|remember|said|so|stop|never|always|again|no|that|the|this|to|told|us|use|want|we|when"
    r"|with|you|your|instead|must|t|like|have"
)


@dataclass
class _Group:
    forbids: bool
    words: str
    prompts: list[TypedPrompt] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def propose_rules(
    prompts: Iterable[TypedPrompt], *, known: Sequence[str] = ()
) -> list[ProposedRule]:
    """What was demanded at least three times, over at least two sessions, most often first.

    `known` are the texts of instruction files: what one of them already says is not proposed.
    """
    groups: list[_Group] = []
    for prompt in list(prompts)[-_MAX_PROMPTS:]:
        for sentence in _corrections(prompt.text):
            _put(groups, prompt, sentence)
    told = [line for text in known for line in text.splitlines()]
    rules = [_rule(group) for group in groups if _is_repeated(group) and not _is_told(group, told)]
    return sorted(rules, key=lambda rule: (-len(rule.places), rule.places))[:_MAX_RULES]


def _corrections(text: str) -> Iterator[str]:
    """The sentences that forbid or demand; of a pasted text none."""
    if len(text) > 4_000 or text.lstrip().startswith(("<", "{", "/", "#")):
        return
    for sentence in _SENTENCE.split(text):
        short = sentence.strip()
        if 8 < len(short) <= _LONGEST and (_FORBIDS.search(short) or _DEMANDS.search(short)):
            yield short


def _words(sentence: str) -> str:
    words = (word.lower() for word in _WORD.findall(sentence.replace("'", "")))
    return " ".join(sorted({word for word in words if not _FILLING.fullmatch(word)}))


def _put(groups: list[_Group], prompt: TypedPrompt, sentence: str) -> None:
    words, forbids = _words(sentence), bool(_FORBIDS.search(sentence))
    if len(words.split()) < 2:
        return  # "don't do that": of what, nobody can say
    alike = (g for g in groups if g.forbids == forbids and _are_alike(g.words, words))
    group = next(alike, None)
    if group is None:
        group = _Group(forbids, words)
        groups.append(group)
    place = (prompt.transcript, prompt.line)
    if place not in {(one.transcript, one.line) for one in group.prompts}:
        group.prompts.append(prompt)
        group.said.append(sentence)


def _are_alike(one: str, other: str) -> bool:
    return fuzz.token_sort_ratio(one, other) >= _ALIKE


def _is_repeated(group: _Group) -> bool:
    sessions = {prompt.session for prompt in group.prompts}
    return len(group.prompts) >= _TIMES and len(sessions) >= _SESSIONS


def _is_told(group: _Group, lines: Iterable[str]) -> bool:
    wanted = set(group.words.split())
    return any(wanted <= set(_words(line).split()) for line in lines)


def _rule(group: _Group) -> ProposedRule:
    return ProposedRule(
        text=one_line(group.said[-1], limit=_LONGEST),
        places=tuple(one_line(f"{one.transcript}:{one.line}", limit=300) for one in group.prompts),
        sessions=len({one.session for one in group.prompts}),
    )
