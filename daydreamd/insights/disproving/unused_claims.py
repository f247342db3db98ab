"""Claims that something is never used, or never tested, held against every place that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from daydreamd.insights.code_names import SpokenOf, names_in
from daydreamd.insights.disproving.grounds import (
    Disproof,
    Grounds,
    declares,
    has_word,
    is_prose,
    is_test,
)
from daydreamd.insights.verification import Reason
from daydreamd.insights.words import FILLERS, SYNTAX
from daydreamd.insights.workspace_search import Place

_UNUSED: Final = re.compile(
    r"\b(?:unused|un-?referenced|dead (?:code|function|method|class|import|variable|parameter|"
    r"branch)|is dead\b|orphan(?:ed)?|"
    r"(?:never|not|isn't|aren't|nowhere|no longer|hardly)\s+(?:\w+ly )?(?:actually |ever |being |"
    r"been )?(?:used|called|invoked|referenced|read|imported|"
    r"instantiated|consumed|accessed|needed|executed|reached|reachable)|"
    r"(?:no|zero|without(?: any)?) (?:\w+ )?(?:callers?|usages?|uses?|references?|call ?sites?|"
    r"consumers?)|"
    r"(?:nobody|nothing|no one|no code|no other code|no function|no module) (?:\w+ )?(?:calls?|"
    r"uses?|references?|invokes?|imports?|reads?))\b",
    re.IGNORECASE,
)
_UNTESTED: Final = re.compile(
    r"\b(?:un-?tested|"
    r"(?:no|zero|without(?: any)?|lacks?(?: any| a)?|lacking|missing(?: any)?|absence of|has no|"
    r"have no) (?:\w+ ){0,2}?(?:tests?|specs?|test coverage|coverage|test cases?)|"
    r"(?:never|not|isn't|aren't) (?:\w+ly )?(?:actually |ever |being )?(?:tested|covered|"
    r"exercised|unit[- ]tested)|"
    r"(?:tests?|coverage|specs?) (?:\w+ ){0,4}(?:is|are) (?:missing|absent|lacking)|"
    r"(?:no|none of the) (?:\w+ ){0,2}tests? (?:\w+ )?(?:covers?|exercises?|names?|checks?|"
    r"calls?|touch(?:es)?)|"
    r"nothing (?:in \S+ )?(?:tests|covers|exercises))\b",
    re.IGNORECASE,
)
_ONE_CASE: Final = re.compile(
    r"\b(?:when|if|case|cases|branch|path|paths|edge|with (?:an?|the|no|empty|negative|more|"
    r"several|two|zero|invalid|concurrent)|"
    r"where|error|errors|fail\w*|empty|negative|None|null|nil|timeouts?|both|boundary|only|after|"
    r"before|during|on a|"
    r"retry|retries|concurren\w+|race|unicode|overflow|rounding|invalid|missing (?!tests?)\w+|"
    r"large|zero|one|two|except|unhappy|regression|"
    r"this (?:change|commit|fix)|against|while|under|across|larger|smaller|than|return value|"
    r"result|raises?|asserts?)\b",
    re.IGNORECASE,
)
_OUTSIDE_TESTS: Final = re.compile(
    r"\b(?:outside (?:of )?(?:\w+ )?tests?|only (?:\w+ ){0,3}(?:by|in|from) (?:\w+ )?tests?|"
    r"except (?:\w+ ){0,2}tests?|production)\b",
    re.IGNORECASE,
)
_LOCAL: Final = re.compile(
    r"\b(?:parameter|argument|param|arg|variable|local|result|return(?:ed)? value|loop|assigned|"
    r"assignment|import|imported|keyword|option|flag|value|field)\b",
    re.IGNORECASE,
)
_IMPORT: Final = re.compile(
    r"^\s*(?:import|from|use|using|#\s*include|require|const .*require\()\b"
)
_PROSE: Final = SYNTAX | FILLERS | {"unused", "dead", "called", "read", "used", "tests", "test"}
_COMMON: Final = frozenset(
    {name for kind in (str, bytes, list, dict, set) for name in dir(kind)}
    | {
        "get", "set", "close", "open", "read", "write", "run", "start", "stop", "send", "next",
        "add", "push", "size", "length", "len", "map", "filter", "call", "apply", "bind", "then",
        "new", "init", "main", "test", "setup", "update", "delete", "name", "value", "key",
        "string", "error", "Error", "String", "Close", "Read", "Write", "Len", "Less", "Swap",
        "connect", "handle", "process", "execute", "load", "save", "parse", "reset", "flush",
    }
)  # fmt: skip


def disprove_unused(grounds: Grounds) -> Disproof | None:
    """What is called unused, and is used."""
    sentence = next((one for one in grounds.sentences if _UNUSED.search(one)), None)
    if sentence is None:
        return None
    subject = _subject(grounds, sentence, _UNUSED)
    if subject is None:
        return None
    uses = list(_uses(grounds, subject, sentence))
    if _OUTSIDE_TESTS.search(grounds.claim.said) or not grounds.is_test:
        uses = [place for place in uses if not is_test(place.path)]
    return Disproof(Reason.IN_USE, f"used in {uses[0]}") if uses else None


def disprove_untested(grounds: Grounds) -> Disproof | None:
    """What is said to have no test, and is named by one. A claim about one case stands."""
    sentence = next((one for one in grounds.sentences if _UNTESTED.search(one)), None)
    if sentence is None:
        return None
    if any(
        _ONE_CASE.search(_UNTESTED.sub(" ", one))
        for one in grounds.sentences
        if _UNTESTED.search(one)
    ):
        return None
    subject = _subject(grounds, sentence, _UNTESTED)
    name = subject.last if subject else grounds.function_name.rpartition(".")[2]
    if not name:
        return None
    for place in grounds.places(name).found:
        if _is_test_of(grounds, place, name):
            return Disproof(Reason.TESTED, f"tested in {place}")
    return None


def _is_test_of(grounds: Grounds, place: Place, name: str) -> bool:
    if not is_test(place.path) or place.path == grounds.path or is_prose(place.path):
        return False
    return not _IMPORT.match(place.text) and has_word(name, grounds.code_of(place))


def _subject(grounds: Grounds, sentence: str, claim: re.Pattern[str]) -> SpokenOf | None:
    """What is called so: the name nearest before the words, else after, else of the whole claim."""
    found = claim.search(sentence)
    end = found.start() if found else len(sentence)
    named = names_in(sentence)
    before = [name for name in named if name.end <= end + 1]
    after = [name for name in named if name.start >= end]
    for candidates in (
        before[-1:] if len(before) == 1 else before[:1],
        after[:1],
        grounds.names[:1],
    ):
        if candidates:
            return candidates[0]
    words = [word for word in re.findall(r"[A-Za-z_]\w+", sentence) if word.lower() not in _PROSE]
    if bare := next((word for word in words if has_word(word, grounds.cited)), None):
        return SpokenOf(bare, 0, 0)
    own = grounds.function_name
    is_meant = own and re.search(r"\b(?:it|this|function|method)\b", sentence, re.IGNORECASE)
    return SpokenOf(own, 0, 0) if is_meant else None


def _uses(grounds: Grounds, subject: SpokenOf, sentence: str) -> Iterator[Place]:
    """Where the subject is used: in its function if it is of that alone, else anywhere."""
    name = subject.last
    if _is_of_function(grounds, name, sentence):
        yield from _uses_in_function(grounds, name)
        return
    if _is_imported_here(grounds, name):
        yield from _uses_in_file(grounds, name)
        return
    own = subject.first if subject.first != name else ""
    several = name in _COMMON or name.startswith("__")
    for place in grounds.places(name).found:
        code = grounds.code_of(place)
        if not _is_use(grounds, place, code, name):
            continue
        if several and not re.search(
            rf"\b(?:self|this|cls|{re.escape(own or 'self')})\s*(?:\.|->|::)\s*{re.escape(name)}\b",
            code,
        ):
            continue
        yield place


def _is_use(grounds: Grounds, place: Place, code: str, name: str) -> bool:
    if is_prose(place.path) or not has_word(name, code):
        return False
    if declares(name, code) or _IMPORT.match(code) or re.match(r"\s*(?:__all__|@)", code):
        return False
    if re.fullmatch(rf"\s*[\"']?{re.escape(name)}[\"']?(?:\s+as\s+\w+)?\s*,?\s*[)\]}}]?\s*", code):
        return False  # one name of an import, or of what is exported
    if re.match(rf"\s*(?:(?:this|self)\.)?{re.escape(name)}\s*(?::[^=]+)?=(?!=)", code) and (
        code.count(name) == 1
    ):
        return False  # it is set here
    within = grounds.function_of(place)
    calls_itself = within is not None and within.name.rpartition(".")[2] == name
    return not calls_itself


def _is_of_function(grounds: Grounds, name: str, sentence: str) -> bool:
    """Whether the name is bound within the cited function: a parameter or a local variable."""
    function = grounds.function
    if function is None or name == function.name.rpartition(".")[2]:
        return False
    if "." in sentence and re.search(rf"\b(?:self|this)\.{re.escape(name)}\b", sentence):
        return False
    code = grounds.function_code
    head = code[: max(code.find(")"), 0) + 1]
    bound = re.search(
        rf"(?<![\w.$]){re.escape(name)}\s*(?::[^=\n]+)?(?:=(?!=)|:=|<-)|"
        rf"\bfor\s+[^:{{\n]*\b{re.escape(name)}\b\s*(?:[,)]|in\b|of\b|:)"
        rf"|\bas\s+{re.escape(name)}\b",
        code,
    )
    declared = any(one.name.rpartition(".")[2] == name for one in grounds.definitions)
    return has_word(name, head) or (bound is not None and not declared)


def _uses_in_function(grounds: Grounds, name: str) -> Iterator[Place]:
    """Where a parameter or variable is read in its function."""
    word = re.escape(name)
    header = grounds.function_code.find(")")
    first_of_body = grounds.function_code[: max(header, 0)].count("\n")
    for number, line in enumerate(grounds.function_text.split("\n")):
        read = re.sub(
            rf"^\s*(?:(?:let|const|var|mut|val|auto|final|my|local|"
            rf"\w+)\s+)*{word}\s*(?::[^=]+)?(?:=(?!=)|:=|<-)",
            "",
            line,
        )
        if number == first_of_body:
            read = re.sub(r"^.*?\)\s*(?:->\s*[^:{]+)?[:{]?", "", read) if header >= 0 else ""
        if number < first_of_body or _SIGNATURE.match(line):
            continue
        if has_word(name, read) and not re.match(rf"\s*for\s+{word}\s+in\b[^{{:]*[:{{]?\s*$", line):
            yield Place(grounds.path, grounds.first_function_line + number, line)


_SIGNATURE: Final = re.compile(r"\s*(?:@|(?:async\s+)?def\s|function\s|func\s|fn\s)")


def _is_imported_here(grounds: Grounds, name: str) -> bool:
    return any(_IMPORT.match(line) and has_word(name, line) for line in grounds.text.split("\n"))


def _uses_in_file(grounds: Grounds, name: str) -> Iterator[Place]:
    for place in grounds.places(name).found:
        code = grounds.code_of(place)
        is_name_only = _IMPORT.match(code) or re.match(r"\s*(?:__all__|[\"'])", code)
        if place.path == grounds.path and has_word(name, code) and not is_name_only:
            yield place
