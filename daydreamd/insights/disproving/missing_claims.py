"""Claims that something is missing, held against the function that is said to lack it.

Only what is claimed of the function as a whole can be refuted by its being there: a claim about one
branch, one error or one moment stands, unless what decides is in the cited statement itself.
"""

from __future__ import annotations

import re
from typing import Final

from daydreamd.insights.code_names import names_in
from daydreamd.insights.disproving.absences import ABSENCES, SECURED_CLOSE, Absence
from daydreamd.insights.disproving.grounds import Disproof, Grounds, has_word
from daydreamd.insights.verification import Reason

_ONE_CASE: Final = re.compile(
    r"\b(?:when|if|once|unless|branch|paths?|early return|on (?:error|failure|exception|the)|"
    r"between|"
    r"while|during|before|after|until|first|second|last|other|else|only|some|one of|raises|"
    r"throws|exception|"
    r"in case|should the|(?<!check )(?<!checks )(?<!checking )for an? \w+|most)\b",
    re.IGNORECASE,
)


def disprove_missing(grounds: Grounds) -> Disproof | None:
    """What is called missing, and is there."""
    for sentence in grounds.sentences:
        if _is_about_another(grounds, sentence):
            continue
        for family in ABSENCES:
            if family.told.search(sentence):
                by_case = _is_of_one_case(grounds, sentence)
                if found := _presence(grounds, family, sentence, by_case=by_case):
                    return found
        if found := _named_presence(grounds, sentence):
            return found
    return None


def _is_of_one_case(grounds: Grounds, sentence: str) -> bool:
    """Whether only one branch or moment is spoken of; what is a name in the code is none."""
    return any(not has_word(one[0], grounds.cited) for one in _ONE_CASE.finditer(sentence))


def _is_about_another(grounds: Grounds, sentence: str) -> bool:
    """Whether a function of the file is named that the cited one has nothing to do with."""
    own = grounds.function_name.rpartition(".")[2]
    others = {one.name.rpartition(".")[2] for one in grounds.definitions if one.is_function} - {own}
    return any(
        has_word(other, sentence) and not has_word(other, grounds.function_text) for other in others
    )


def _presence(
    grounds: Grounds, family: Absence, sentence: str, *, by_case: bool
) -> Disproof | None:
    """The line of the function that is the presence of what is claimed to be absent."""
    subjects = _subjects(grounds, sentence)
    for pattern in family.presence:
        kind, _, rest = pattern.partition(":")
        scope = {"cited": grounds.cited, "whole": grounds.function_whole}.get(kind)
        pattern = rest if scope is not None else pattern  # noqa: PLW2901 - without its scope
        if by_case and not family.by_case and kind != "cited" and pattern not in SECURED_CLOSE:
            continue
        for name in subjects if "{name}" in pattern else ("",):
            expression = re.compile(_filled(pattern, name, grounds), re.MULTILINE)
            text = grounds.function_text if scope is None else scope
            if found := expression.search(text):
                return _told_at(grounds, text, found)
    return None


def _filled(pattern: str, name: str, grounds: Grounds) -> str:
    if "{name}" not in pattern:
        return pattern.replace("{{", "{").replace("}}", "}")
    opened = re.search(r"(?:=|\bwith\b|\busing\b)\s*(?:await\s+)?([\w.]+\()", grounds.cited)
    other = re.escape(opened[1]) if opened else re.escape(name)
    word = rf"(?<![\w$]){re.escape(name)}(?![\w$])"
    return (
        pattern.replace("{{", "{")
        .replace("}}", "}")
        .replace("{name}", word)
        .replace("{opened}", other)
    )


def _subjects(grounds: Grounds, sentence: str) -> list[str]:
    """The names that the claim is about, and what the cited statement binds."""
    named = [name.name for name in names_in(sentence)] or [name.name for name in grounds.names]
    last = [name.rpartition(".")[2] for name in named]
    bound = re.findall(
        r"(?:^|\n)\s*(?:(?:const|let|var|val|auto|final|my|local|"
        r"\w+\s*\*)\s*)?\(?([A-Za-z_$][\w$]*)(?:\s*,\s*\w+)*\)?\s*(?::[^=\n]+)?(?::=|=(?!=))",
        grounds.cited,
    )
    bound += re.findall(r"\bas\s+([A-Za-z_]\w*)", grounds.cited)
    bare = [
        word for word in re.findall(r"\b[a-z_]{2,}\b", sentence) if has_word(word, grounds.cited)
    ]
    own = grounds.function_name.rpartition(".")[2]
    unique = dict.fromkeys((*named, *last, *bound, *bare))
    return [name for name in unique if name and name != own and not name.isdigit()][:12]


def _told_at(grounds: Grounds, text: str, found: re.Match[str]) -> Disproof:
    line = found[0].strip().split("\n")[-1]
    start = grounds.first_function_line if text is not grounds.cited else grounds.claim.quoted[0]
    number = start + text.count("\n", 0, found.end())
    return Disproof(Reason.IS_THERE, f"`{line.strip()[:60]}` in {grounds.path}:{number}")


_LACKS: Final = re.compile(
    r"\b(?:never|does not|doesn't|do not|don't|fails? to|forgets? to|omits? to|"
    r"neglects? to)\s+(?:\w+ly )?(?:calls?|invokes?|sets?|checks?|pass(?:es)?|handles?|"
    r"catch(?:es)?|uses?|includes?|closes?|clears?|updates?|raises?|throws?|returns?|honou?rs?|"
    r"reads?|imports?)\s+(?:the |an? |any |to )?"
    r"`(?P<code>[^`]{2,80})`|"
    r"\b(?:no|missing|lacks?|without)\s+(?:the |an? |any )?(?:call to |use of |check for |"
    r"handling of |handler for |argument |parameter )?`(?P<other>[^`]{2,80})`|"
    r"`(?P<first>[^`]{2,80})`\s+(?:is|are)\s+(?:never|not|missing|nowhere)\b\s*(?:called|invoked|"
    r"set|passed|handled|caught|used|checked|closed|here|there|included|raised)?",
    re.IGNORECASE,
)


def _named_presence(grounds: Grounds, sentence: str) -> Disproof | None:
    """`never calls `flush()``, where the function calls it."""
    found = _LACKS.search(sentence)
    if found is None or _is_of_one_case(grounds, sentence):
        return None
    code = next(part for part in (found["code"], found["other"], found["first"]) if part)
    is_bound_by = found["first"] is not None
    name = code.split("(")[0].strip()
    verb = found[0].lower()
    if is_bound_by and not re.search(
        r"(?:called|invoked|raised|handled|caught|passed|included|missing|set\b)", verb
    ):
        return None
    text = grounds.function_text
    patterns = [re.escape(code)] if not code.endswith(")") else [rf"{re.escape(name)}\s*\("]
    if re.search(r"call|invoke|close|clear|flush", verb):
        patterns = [rf"(?<![\w$]){re.escape(name.rpartition('.')[2])}\s*\("]
    if re.search(r"handle|caught|catch", verb):
        patterns = [
            (
                rf"\b(?:except|catch|rescue)\b[^\n]*{re.escape(name)}|\bcase\s+{re.escape(name)}|"
                rf"\.Is\([^\n]*{re.escape(name)}"
            )
        ]
    if re.search(r"\bset\b|sets\b", verb):
        patterns = [rf"(?<![\w$.]){re.escape(name)}\s*(?::[^=\n]+)?=(?!=)"]
    body_start = text.find("\n") if grounds.function and "\n" in text else 0
    header = text.find(")") if grounds.function else 0
    for pattern in patterns:
        there = re.compile(pattern).search(text, max(0, min(body_start, header)))
        if there and grounds.function_name.rpartition(".")[2] != name:
            return _told_at(grounds, text, there)
    return None
