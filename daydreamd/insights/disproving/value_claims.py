"""Claims about the value that a name is given, held against the statement that is quoted."""

from __future__ import annotations

import re
from typing import Final

from daydreamd.insights.disproving.grounds import Disproof, Grounds
from daydreamd.insights.verification import Reason

_LITERAL: Final = (
    r"-?\d+(?:\.\d+)?\b|\"[^\"\n]*\"|'[^'\n]*'|"
    r"\b(?:[Tt]rue|[Ff]alse|None|null|nil|NULL|undefined)\b"
)
_GIVEN: Final = re.compile(
    r"(?<![\w$.>])(?P<name>[A-Za-z_$][\w$]*)\s*(?::[^=\n]{1,60})?(?::=|=(?!=))"
    rf"\s*(?P<value>{_LITERAL})\s*(?:[;,)\n]|$)"
)
_TOLD: Final = (
    r"(?:is|equals|defaults to|starts (?:at|with)|is set to|is initiali[sz]ed (?:to|with)|becomes)"
    rf" (?:always |initially )?(?:the |an? )?(?:value )?`?(?P<value>empty string|{_LITERAL})`?"
)
_NOTHING: Final = frozenset({"None", "null", "nil", "NULL", "undefined"})


def disprove_value(grounds: Grounds) -> Disproof | None:
    """`salt is empty`, where the quoted line gives it another value, and no line gives it that."""
    for given in _GIVEN.finditer(grounds.cited):
        name, value = re.escape(given["name"]), _plain(given["value"])
        for sentence in grounds.sentences:
            told = re.search(rf"(?<![\w.])`?{name}`? {_TOLD}", sentence)
            if told is None or _plain(told["value"]) == value:
                continue
            if not _may_be(_plain(told["value"]), name, grounds.function_whole):
                line = grounds.claim.quoted[0] + grounds.cited.count("\n", 0, given.start())
                said = f"`{given[0].strip()[:60]}` in {grounds.path}:{line}"
                return Disproof(Reason.INVERTED, said)
    return None


def _plain(literal: str) -> str:
    if literal == "empty string":
        return ""
    if literal in _NOTHING:
        return "nothing"
    return literal[1:-1] if literal[0] in "\"'" else literal.lower()


def _may_be(value: str, name: str, text: str) -> bool:
    """Whether some line gives the name this value, or changes it step by step."""
    steps = rf"(?:\+\+|--)\s*{name}\b|\b{name}\s*(?:\+\+|--|[-+*/|&^]=)"
    if re.search(steps, text):
        return True
    given = re.finditer(rf"(?<![\w$]){name}\s*(?::=|=(?!=))\s*(?P<value>{_LITERAL})", text)
    return any(_plain(one["value"]) == value for one in given)
