"""Claims about errors that are not handled, and about conditions, held against the cited lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from daydreamd.insights.code_names import code_in, identifiers_in
from daydreamd.insights.disproving.grounds import Disproof, Grounds
from daydreamd.insights.quoting import folded
from daydreamd.insights.verification import Reason

_UNHANDLED: Final = re.compile(
    r"\b(?:never|not|n't|isn't|aren't) (?:\w+ly |being |ever )?(?:handled|caught|checked|"
    r"propagated|handles?|catch(?:es)?)\b|\bun(?:handled|caught)\b|"
    r"\b(?:no|missing|without(?: any| an?)?|lacks?(?: any)?)\s+(?:\w+ ){0,2}?(?:error|"
    r"exception)[- ](?:handling|handler|check)\w*|\b(?:no|missing|without(?: an?)?|"
    r"lacks?(?: an?)?) `?(?:try|except|catch|rescue)`?\b|"
    r"\berrors? (?:\w+ ){0,4}?(?:(?:is|are) )?(?:\w+ly )?(?:ignored|discarded|dropped)|"
    r"\bignor(?:es|ing) (?:the |its |any )?(?:\w+ )?errors?\b",
    re.IGNORECASE,
)
_SWALLOWED: Final = re.compile(
    r"\b(?:swallow\w*|silently (?:ignor\w+|discard\w*|drop\w*|suppress\w*|passes)|hid(?:es|"
    r"den) (?:the |every |all |any )?(?:error|exception|failure)\w*|(?:error|exception|"
    r"failure)s? (?:is|are) (?:silently |just )?(?:hidden|lost|suppressed|ignored|dropped))\b",
    re.IGNORECASE,
)
_LIMITED: Final = re.compile(
    r"\b(?:when|if|unless|other than|besides|except (?:for|when)|only|some|but|other|instead|"
    r"generic|broad|all|every|any|caller|traceback|stack|cause|original)\b",
    re.IGNORECASE,
)
_BESIDES: Final = re.compile(
    r"\b(?:other than|besides|except(?: for)?|apart from|nothing but)\b", re.IGNORECASE
)
_ERROR_NAME: Final = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Timeout|Interrupt|Exit)\b|\bErr[A-Z]\w+\b"
)
_CATCHES: Final = re.compile(
    r"^(?P<indent>\s*)(?:\}\s*)?(?:except|catch|rescue)\b(?P<what>[^\n]*)", re.MULTILINE
)
_BROAD: Final = re.compile(
    r"^\W*$|\b(?:Exception|BaseException|Throwable|StandardError)\b|^\s*\(\s*\w+\s*\)"
)
_NO_ERRORS: Final = frozenset({"as", "e", "err", "error", "exc", "ex", "exception", "Exception"})
_HANDED_ON: Final = re.compile(
    r"\braise\b|\bthrow\b|\blog(?:ger|ging)?\.\w+|\bconsole\.(?:error|warn)|\bpanic\(|"
    r"\bwarn(?:ing|ings)?\b|\breport\w*\(|\breject\(|\bsys\.exit\(|\bexit\(|\bprint\w*\(|\bnext\("
)
_GO_CHECK: Final = re.compile(r"if\s+(?:[\w,\s:=().]*;\s*)?err\s*!=\s*nil|if\s+err\b")

_ALWAYS: Final = re.compile(
    r"\balways returns? `?(?P<value>None|null|nil|True|False|true|false|0|-1|undefined|\"\"|''|"
    r"\[\]|\{\})`?",
    re.IGNORECASE,
)
_ADVISED_CODE: Final = re.compile(
    r"\b(?:should (?:be|use|read|say|have|check)|must be|ought to be|needs? to be|"
    r"change (?:it )?to|replace (?:it |this )?with|use|write|instead use|"
    r"better)\s+`(?P<code>[^`]{4,160})`",
    re.IGNORECASE,
)
_EXITS: Final = (
    r"(?:returns?|raises?|throws?|skips?|exits?|continues?|breaks?|bails?(?: out)?|"
    r"rejects?|refuses?|aborts?|stops?|fails?|errors?|gives? up|quits?|drops?|ignores?)"
)
_NEGATIVE: Final = (
    r"(?:not (?:set|given|present|empty|none|null|nil|valid|zero|true|provided|"
    r"found|defined)|empty|none|null|nil|missing|absent|unset|falsy|false|zero|undefined|blank|"
    r"unavailable|invalid)"
)
_POSITIVE: Final = (
    r"(?:set|given|present|non-?empty|truthy|true|provided|found|available|"
    r"defined|valid|there|non-?null|non-?none|not (?:empty|none|null|nil|zero|missing|false|"
    r"undefined|blank))"
)
_CONDITION_CLAIM: Final = re.compile(
    rf"\b{_EXITS}\b[^.;]{{0,40}}?\b(?:when|if|whenever|once|as soon as|only when|"
    rf"only if)\s+(?:the )?`?(?P<name>[\w.]+)`?\s+(?:is|are|has been|was|"
    rf"exists?)\s*(?P<state>(?:not\s+)?[\w-]+)?",
    re.IGNORECASE,
)
_INVERSE_CLAIM: Final = re.compile(
    r"\b(?:inverted|negated|reversed|backwards|wrong way (?:round|around)|flipped|opposite)\b",
    re.IGNORECASE,
)
_GUARD: Final = re.compile(
    r"\bif\s*\(?\s*(?P<not>not\s+|"
    r"!\s*)?(?P<name>[A-Za-z_$][\w.$]*)(?P<test>\s*(?:is\s+not\s+(?:None|null)|is\s+None|"
    r"===?\s*(?:None|null|nil|NULL|undefined|0|\"\"|''|false|False)|!==?\s*(?:None|null|nil|NULL|"
    r"undefined|0|\"\"|'')"
    r"|\.(?:is_?[eE]mpty|empty|isBlank|blank|nil|is_none|isNull)\??(?:\(\))?|\.(?:length|size|"
    r"len\(\))(?:\(\))?\s*===?\s*0)?)?\s*\)?\s*(?::|\{|then\b|$|\n|;|return\b|continue\b)"
)
_MOST_BLOCK: Final = 30
_LEAVES: Final = re.compile(
    r"\b(?:return|raise|throw|continue|break|exit|panic|abort|die|next|goto)\b"
)


def disprove_unhandled(grounds: Grounds) -> Disproof | None:
    """An error that is said not to be handled, and is."""
    for sentence in grounds.sentences:
        if _UNHANDLED.search(sentence) and (found := _handler(grounds, sentence)):
            return found
        if _SWALLOWED.search(sentence) and (found := _handed_on(grounds)):
            return found
    return None


def _handler(grounds: Grounds, sentence: str) -> Disproof | None:
    if _BESIDES.search(sentence):  # what is named is the one that is handled
        return None
    said = grounds.claim.said
    named = {*_ERROR_NAME.findall(sentence)} or {*_ERROR_NAME.findall(said)}
    if not _LIMITED.search(said):  # the next sentence may name it
        named |= identifiers_in(said) - _NO_ERRORS
    for line, _, what in (*_handlers_around(grounds), *_handlers_cited(grounds)):
        if identifiers_in(what) & (named | identifiers_in(sentence) - _NO_ERRORS):
            return Disproof(Reason.IS_THERE, f"handled in {grounds.path}:{line}")
        is_told_of_all = not _ERROR_NAME.search(said) and re.search(
            r"error|exception", sentence, re.IGNORECASE
        )
        if (_BROAD.search(what) or is_told_of_all) and not _LIMITED.search(sentence):
            return Disproof(Reason.IS_THERE, f"handled in {grounds.path}:{line}")
    cited = grounds.claim.quoted[1] - grounds.first_function_line
    after = "\n".join(grounds.function_text.split("\n")[max(0, cited - 1) : cited + 4])
    if (
        re.search(r"\berr(?:or)?s?\b", sentence, re.IGNORECASE)
        and re.search(r"\berr\b", grounds.cited)
        and _GO_CHECK.search(after)
    ):
        return Disproof(Reason.IS_THERE, f"checked in {grounds.path}:{grounds.claim.quoted[1] + 1}")
    if re.search(r"\.(?:catch|onErrorResume\w*|recover)\s*\(", grounds.cited):
        return Disproof(Reason.IS_THERE, f"handled in {grounds.path}:{grounds.claim.quoted[0]}")
    return None


def _handlers_cited(grounds: Grounds) -> Iterator[tuple[int, str, str]]:
    """The handlers that are quoted themselves."""
    for found in _CATCHES.finditer(grounds.cited):
        yield grounds.claim.quoted[0], found["indent"], found["what"]


def _handlers_around(grounds: Grounds) -> Iterator[tuple[int, str, str]]:
    """The handlers around the cited line: their line, indentation, and what they take."""
    lines = grounds.function_text.split("\n")
    cited = grounds.claim.quoted[0] - grounds.first_function_line
    if not 0 <= cited < len(lines):
        return
    inner = len(lines[cited]) - len(lines[cited].lstrip())
    for number in range(cited + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        handler = _CATCHES.match(line)
        if handler and indent < inner and _opens_try(lines, cited, indent):
            yield grounds.first_function_line + number, handler["indent"], handler["what"]


def _opens_try(lines: list[str], cited: int, indent: int) -> bool:
    """Whether the block that the cited line stands in began with `try` at this indentation."""
    for line in reversed(lines[:cited]):
        own = len(line) - len(line.lstrip())
        if line.strip() and own <= indent:
            return own == indent and re.match(r"\s*(?:\}?\s*)?(?:try|begin|do)\b", line) is not None
    return False


def _handed_on(grounds: Grounds) -> Disproof | None:
    """The handler that is cited raises or tells what it caught."""
    text = grounds.function_text
    lines = text.split("\n")
    first = grounds.claim.quoted[0] - grounds.first_function_line
    last = grounds.claim.quoted[1] - grounds.first_function_line
    handlers = [
        n for n in range(max(0, first - 3), min(len(lines), last + 1)) if _CATCHES.match(lines[n])
    ]
    if not handlers:
        return None
    start = handlers[-1]
    indent = len(lines[start]) - len(lines[start].lstrip())
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    found = _HANDED_ON.search("\n".join(block))
    number = grounds.first_function_line + start
    return Disproof(Reason.IS_THERE, f"`{found[0]}` in {grounds.path}:{number}") if found else None


def disprove_condition(grounds: Grounds) -> Disproof | None:
    """A condition that is told the other way round than it stands, or a mend that is there."""
    for sentence in grounds.sentences:
        for disproof in (
            _advised(grounds, sentence),
            _always(grounds, sentence),
            _inverted(grounds, sentence),
        ):
            if disproof:
                return disproof
    return None


def _advised(grounds: Grounds, sentence: str) -> Disproof | None:
    """`should be `if not items``, where that is what stands there."""
    for found in _ADVISED_CODE.finditer(sentence):
        code = folded(found["code"]).rstrip(":;{ ")
        other = [folded(one) for one in code_in(sentence) if one != found["code"]]
        there = re.compile(rf"(?<![\w$!]){re.escape(code)}(?![\w$])")
        is_said_of_more = any(code in one for one in other)
        if re.search(r"\W", code) and there.search(folded(grounds.cited)) and not is_said_of_more:
            return Disproof(
                Reason.IS_THERE, f"`{code[:60]}` stands in {grounds.path}:{grounds.claim.quoted[0]}"
            )
    return None


def _always(grounds: Grounds, sentence: str) -> Disproof | None:
    """`always returns None`, where something else is returned, too."""
    claim = _ALWAYS.search(sentence)
    if claim is None or re.search(
        r"\b(?:when|if|unless|after|once|for)\b", sentence[claim.end() :][:40]
    ):
        return None
    value = claim["value"].lower()
    for number, line in enumerate(grounds.function_text.split("\n")):
        found = re.search(r"\breturn\b\s*(?P<value>[^;\n}]+)", line)
        if found and found["value"].strip().lower() != value:
            place = f"{grounds.path}:{grounds.first_function_line + number}"
            return Disproof(Reason.INVERTED, f"`{line.strip()[:60]}` in {place}")
    return None


def _inverted(grounds: Grounds, sentence: str) -> Disproof | None:
    """`returns early when items is set`, where the guard is `if not items`."""
    claim = _CONDITION_CLAIM.search(sentence)
    if claim is None or not claim["state"]:
        return None
    name, state = claim["name"].rpartition(".")[2], claim["state"].lower()
    following = sentence[claim.start("state") :].lower()
    claimed_negative = re.match(_NEGATIVE, following) is not None and not re.match(
        r"not (?:empty|none|null|nil|zero)", following
    )
    claimed_positive = re.match(_POSITIVE, following) is not None
    if claimed_negative == claimed_positive or not state:
        return None
    for guard, line in _guards(grounds, name):
        if guard != claimed_negative:
            return Disproof(Reason.INVERTED, f"guard in {grounds.path}:{line}")
        return None
    return None


def _block(lines: list[str], number: int) -> str:
    """A line and those that are indented below it."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    block = [lines[number]]
    for line in lines[number + 1 : number + _MOST_BLOCK]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    return "\n".join(block)


def _guards(grounds: Grounds, name: str) -> Iterator[tuple[bool, int]]:
    """The guards on a name in the cited lines: whether they leave where it is absent, and where."""
    lines = grounds.function_text.split("\n")
    first = max(0, grounds.claim.quoted[0] - grounds.first_function_line - 2)
    last = grounds.claim.quoted[1] - grounds.first_function_line + 1
    for number in range(first, min(len(lines), last + 1)):
        block = _block(lines, number)
        found = _GUARD.search(lines[number])
        if found is None or found["name"].rpartition(".")[2] != name or not _LEAVES.search(block):
            continue
        test = (found["test"] or "").strip()
        negative = bool(found["not"])
        if re.match(
            r"is\s+None|===?|\.(?:is_?[eE]mpty|empty|isBlank|blank|nil|is_none|isNull|length|"
            r"size|len)",
            test,
        ):
            negative = not negative
        yield negative, grounds.first_function_line + number
