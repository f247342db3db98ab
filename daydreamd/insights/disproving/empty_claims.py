"""Claims that say nothing: praise, summaries, advice that fits any code, what code cannot show.

Only English is read here. A claim in another language is never empty to this module.
"""

from __future__ import annotations

import re
from typing import Final

from daydreamd.insights.disproving.grounds import Disproof, Grounds
from daydreamd.insights.languages import is_english
from daydreamd.insights.verification import Reason
from daydreamd.insights.words import FILLERS, SYNTAX, words_in

_ADVISORY: Final = re.compile(r"\b(?:CVE-\d{4}-\d{3,}|GHSA(?:-[0-9a-z]{4}){3})\b", re.IGNORECASE)
_VERSION: Final = r"(?:\bv?\d+\.\d+(?:\.\d+)*\b|\bversions?\b|\bv\d+\b|(?-i:\b[A-Z][a-z]+ \d+\b))"
_AGEING: Final = (
    r"(?:deprecat\w+|removed|obsolete\w*|out-?of-?date|outdated|unsupported|end[- ]of[- ](?:life|"
    r"support)|EOL|"
    r"vulnerab\w+|unmaintained|discontinued|known (?:security )?(?:issue|vulnerabilit|exploit|"
    r"bug)\w*|"
    r"upgrad\w+|newer|latest|most recent|insecure|security (?:fix|patch|update|advisor)\w*|"
    r"backported)"
)
_VERSION_CLAIM: Final = re.compile(
    rf"{_AGEING}[^.;]{{0,80}}?{_VERSION}|{_VERSION}[^;]{{0,80}}?{_AGEING}", re.IGNORECASE
)
_SELF_TOLD: Final = re.compile(r"@?deprecated|DeprecationWarning", re.IGNORECASE)
_PRAISE: Final = re.compile(
    r"\b(?:well[- ](?:written|structured|designed|organi[sz]ed|documented|tested|named|thought|"
    r"implemented|"
    r"crafted|factored|defined|done)|clean(?:ly)?|elegant(?:ly)?|excellent|great|good (?:job|use|"
    r"practice|"
    r"work|design|structure|choice|example|separation|naming|error|coverage)|nice(?:ly)?|solid|"
    r"robust(?:ly)?|"
    r"idiomatic|exemplary|commendable|impressive|thoughtful|beautiful|properly|correct(?:ly)?|"
    r"appropriate(?:ly)?|"
    r"efficient(?:ly)?|effective(?:ly)?|gracefully|no (?:issues?|problems?|bugs?|concerns?)|"
    r"looks? (?:good|fine|"
    r"correct|ok)|works? as (?:expected|intended)|follows? (?:\w+ ){0,2}(?:best )?(?:practices?|"
    r"conventions?)|"
    r"easy to (?:read|follow|understand|maintain|test)|readable|maintainable|clearly|(?:is|are|"
    r"and) clear|clear and|thorough(?:ly)?|"
    r"sensible|sound|safe(?:ly)?|high[- ]quality|straightforward|concise|helpful|handles? all|"
    r"makes? it easy)\b",
    re.IGNORECASE,
)
_TOPIC: Final = (
    r"(?:(?:in-?line |code |more |better |proper |additional |some |further |explicit |detailed |"
    r"comprehensive |"
    r"unit |integration |automated |robust |clear(?:er)? |descriptive |meaningful |consistent |"
    r"input |adequate |"
    r"appropriate |sufficient |parameter |data |static |a |an |and |or |the |of |for )*"
    r"(?:comments?|documentation|docs|doc-?strings?|type[- ](?:hints?|annotations?)|types|"
    r"logging|logs?|tests?|"
    r"test coverage|test cases?|coverage|error[- ]handling|exception[- ]handling|validation|"
    r"sanitization|readability|maintainability|"
    r"naming|names?|variable names?|function names?|modularity|modulari[sz]\w*|performance|"
    r"efficiency|"
    r"scalability|code quality|quality|structure|separation of concerns|(?:smaller|separate|"
    r"helper|multiple) "
    r"(?:functions?|methods?|classes|modules?|units)|constants?|named constants?|configuration|"
    r"robustness|testability|"
    r"reusability|clarity|consistency|abstraction|encapsulation|flexibility|security|resilience|"
    r"observability|"
    r"edge[- ]cases?|corner[- ]cases?|best practices?|solid principles?|clean code|"
    r"design patterns?|style guide|"
    r"dependency injection|interfaces?|monitoring|metrics|caching|parallelism|concurrency|"
    r"async\w*|error messages?|"
    r"try[/ -]?(?:except|catch)(?: blocks?)?|null checks?|guard clauses?|context|assertions?|"
    r"linting|formatting))"
)
_ADVICE: Final = re.compile(
    rf"\b(?:consider|add(?:ing)?|needs?|could (?:use|do with|have)|would benefit(?: \w+)? from|"
    rf"benefits? from|lacks?|lacking|missing|insufficient|"
    rf"limited|no|improv(?:e|ing|ed|ement)s?|enhanc(?:e|ing)|increas(?:e|ing)|more|better|poor|"
    rf"introduc(?:e|ing)|"
    rf"extract(?:ing)?|split(?:ting)?|break(?:ing)?|refactor(?:ing)?|use|using|apply(?:ing)?|"
    rf"adopt(?:ing)?|"
    rf"ensure|follow(?:ing)?|write|writing|include|including|provide|implement(?:ing)?|move|"
    rf"moving|replace|rename|without)\b"
    rf"[^.;`]{{0,60}}?\b{_TOPIC}\b"
    r"|\b(?:refactor(?:ing|ed)?|simplif(?:y|ied)|moderni[sz]e|clean(?:ed|ing)? up|"
    r"reorgani[sz]\w+|restructur\w+)\b"
    r"|\bmore (?:readable|maintainable|robust|efficient|modular|testable|scalable|descriptive|"
    r"meaningful|explicit|pythonic|idiomatic)\b"
    r"|\b(?:magic numbers?|too long|too complex|tightly coupled|hard to (?:read|test|maintain|"
    r"follow|understand)|"
    r"code smell|violates? (?:the )?(?:single|solid|dry)|single[- ]responsibility|technical debt|"
    r"complexity)\b",
    re.IGNORECASE,
)
_LACKS_TEST: Final = re.compile(
    r"\b(?:no|lacks?|lacking|missing|without|insufficient)\b.*\b(?:tests?|coverage)", re.IGNORECASE
)
_HEDGED: Final = re.compile(
    r"\b(?:may|might|could|can|would|will|potential(?:ly)?|possibl[ey]|helps?(?: to)?|"
    r"in order to|so that|to)\s+"
    r"(?:also |potentially |possibly |be |become |still )?"
    r"(?:lead|leads|leading|cause|causes|causing|result|introduce|prevent|avoid|reduce|improve|"
    r"increase|break|crash|fail|"
    r"make|catch|ensure|error|errors|bugs?|issues?|problems?|be|hard|difficult|handle|occur|"
    r"happen|harder)\b[^.;`]*"
    r"|\b(?:unexpected|unforeseen|subtle|potential|possible|runtime|future) (?:\w+ )?(?:errors?|"
    r"behaviou?rs?|bugs?|issues?|problems?|crashes|failures?|results?|inputs?)\b",
    re.IGNORECASE,
)
_FAULT: Final = re.compile(
    r"\b(?:never|silent\w*|swallow\w*|hid(?:e|es|den|ing)|leak\w*|los(?:e|es|t|ing)|loss|"
    r"overwrit\w*|clobber\w*|"
    r"wrong\w*|incorrect\w*|inconsisten\w*|mismatch\w*|bugs?|broken|breaks|crash\w*|hangs?|"
    r"blocks|deadlock\w*|"
    r"races?|racy|stale|twice|doubl(?:e|es|ed|y)|again|redundant\w*|duplicat\w*|unreachable|"
    r"unbounded|"
    r"without|infinite\w*|endless\w*|forever|overflow\w*|underflow\w*|truncat\w*|off[- ]by|"
    r"one too (?:many|few)|"
    r"too (?:many|few|late|early|large|small|short|wide|often|high|low)|quadratic\w*|O\(n|"
    r"n\u00b2|freed|drops?|dropped|"
    r"discard\w*|ignor(?:e|es|ed|ing)|skip(?:s|ped)?|forg[eo]ts?|instead|rather than|but|"
    r"although|even (?:though|if|when|for)|however|"
    r"contradict\w*|differs?|different from|unlike|whereas|(?<!dependency )inject\w*|escapes?|"
    r"unescaped|exposes?|"
    r"travers\w*|plain ?text|"
    r"shadow\w*|mask(?:s|ed)|mutat\w*|alias\w*|shar(?:ed|es)|leaves|left (?:open|behind)|stays|"
    r"remains|keeps|"
    r"mislead\w*|misspel\w*|typo|unsorted|reversed?|inverted|swapped|unclosed|uncaught|unhandled|"
    r"unchecked|"
    r"unvalidated|untested|unused|dead|raises|throws|panics|aborts|divi(?:sion|des?) by|negative|"
    r"zero|empty|overlap\w*|outlives?|"
    r"dangling|uninitiali[sz]ed|out of (?:bounds|range|memory|sync|order)|NaN|null|None|nil|"
    r"undefined|"
    r"time ?out|timeouts?|time-outs?|each (?:call|time|row|item|iteration|request)|every (?:call|"
    r"time|row|item|request|caller|iteration)|"
    r"per (?:call|row|item|request|iteration|column)|cannot|can't|won't|doesn't|isn't|aren't|"
    r"does not|is not|are not|do not|don't|not|nobody|nothing|"
    r"only|always|still|unless|must|should|so(?! that)|therefore|which means|still|yet|assum\w+|"
    r"relies on|depends on|expects?|wrongly|"
    r"same|both|early|earlier|late|later|before|after|until|first|last|hard-?coded|"
    r"world-?readable|predictable|guessable|collid\w+|collision\w*|round\w*|precision|"
    r"fails?|failed|failing|failure|errors? out|corrupt\w*|partial\w*|miss(?:es|ed)|missing|"
    r"lacks?|no|unsafe\w*|dangerous\w*|secret|leav\w+|let)\b",
    re.IGNORECASE,
)
_NEUTRAL_WORDS: Final = """
    keeps     raises throws none null nil undefined nan empty zero negative not no only always fails
    failed failing failure same both first last before after until missing secret time
    timeouts timeout time-outs per early later earlier early let instead hard-coded round
    rounds precision skips skip expects
"""
_NEUTRAL: Final = frozenset(_NEUTRAL_WORDS.split())
_DESCRIBES: Final = re.compile(
    r"^(?:in (?:this|the) \w+,? |here,? )?(?:(?=[A-Z]\w+s\b)|"
    r"(?:(?:this|the|these|it|its|here)\b[^.;]{0,60}?|"
    r"`[^`]+`(?: (?:function|method|class|helper|module))?|[\w.]+(?:\(\))?)\s)"
    r"(?:is (?:used|responsible|a|an|the|defined|called|meant|implemented|designed)|are (?:used|"
    r"defined)|"
    r"comput\w+|calculat\w+|returns?|handl\w+|defin\w+|implement\w+|provid\w+|contain\w+|creat\w+|"
    r"initiali[sz]\w+|loads?|reads?|writes?|pars\w+|convert\w+|iterat\w+|loops?|sends?|performs?|"
    r"manag\w+|wraps?|"
    r"represent\w*|stores?|accepts?|takes?|uses?|checks?|validat\w+|sets?|gets?|builds?|fetch\w+|"
    r"process\w+|"
    r"serves?|retriev\w+|updates?|tries|attempts?|appends?|adds?|removes?|opens?|closes?|calls?|"
    r"ensures?|formats?|"
    r"generat\w+|executes?|runs?|starts?|stops?|registers?|maps?|filters?|sorts?|raises?|catches|"
    r"retries|increments?|loops?|"
    r"encapsulat\w+|exposes?|declares?|configures?|renders?|prints?|logs?|applies|consists?|"
    r"works?|determines?|looks?|walks?|sums?|collects?|holds?|receives?|gathers?|splits?|joins?|"
    r"strips?|yields?)\b",
    re.IGNORECASE,
)
_MANY_WORDS: Final = 2
_STEM: Final = 5
_NUMBER: Final = re.compile(r"\d{2,}")
_SPAN: Final = re.compile(r"`[^`\n]*`|\b\w+\(\)")


def disprove_empty(grounds: Grounds) -> Disproof | None:
    """Why a claim says nothing of this code, if it does not."""
    said = grounds.claim.said
    if disproof := _unverifiable(grounds, said):
        return disproof
    if not is_english(said):
        return None
    reason = _emptiness(grounds, said)
    return Disproof(reason) if reason else None


def _emptiness(grounds: Grounds, said: str) -> Reason | None:
    concrete = _HEDGED.sub(" ", said)
    faults = {found.lower() for found in _FAULT.findall(_without_advice(concrete))} - _NEUTRAL
    advised = any(not _LACKS_TEST.search(found[0]) for found in _ADVICE.finditer(said))
    advice = advised and not _is_specific(grounds)
    kinds = (
        (Reason.GENERIC, not _speaks_of_it(grounds, said)),
        (Reason.RESTATES, _restates(grounds, said)),
        (Reason.PRAISE, not faults and _PRAISE.search(_SPAN.sub(" ", said))),
        (Reason.ADVICE, not faults and advice),
        (Reason.SUMMARY, not faults and _describes(grounds)),
    )
    return next((reason for reason, holds in kinds if holds), None)


def _unverifiable(grounds: Grounds, said: str) -> Disproof | None:
    """Advisories and the ages of versions: a model without a network cannot know them."""
    for advisory in _ADVISORY.finditer(said):
        if advisory[0].lower() not in grounds.text.lower():
            return Disproof(Reason.UNVERIFIABLE, advisory[0].upper())
    for sentence in grounds.sentences:
        found = _VERSION_CLAIM.search(_SPAN.sub(" ", sentence))
        if found and not _SELF_TOLD.search(grounds.function_whole):
            return Disproof(Reason.UNVERIFIABLE, " ".join(found[0].split())[:80])
    return None


def _speaks_of_it(grounds: Grounds, said: str) -> bool:
    """Whether a word of the claim is one of the code around the citation."""
    around = f"{grounds.path}\n{grounds.function_whole}\n{grounds.claim.page.text}"
    return bool(_stems(said) & _stems(around)) or bool(
        set(_NUMBER.findall(said)) & set(_NUMBER.findall(grounds.function_whole))
    )


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in words_in(text) - FILLERS - SYNTAX}


def _restates(grounds: Grounds, said: str) -> bool:
    quoted = words_in(f"{grounds.cited}\n{grounds.claim.evidence.quote}")
    own = words_in(said) - FILLERS - SYNTAX - quoted
    faults = {found.lower() for found in _FAULT.findall(said)} - words_in(grounds.cited)
    return len(own) < _MANY_WORDS and not faults - _NEUTRAL


def _without_advice(text: str) -> str:
    return _ADVICE.sub(" ", text)


def _is_specific(grounds: Grounds) -> bool:
    """Whether advice names two things of this code beside the function that it is about."""
    own = {grounds.function_name.rpartition(".")[2], grounds.function_name}
    named = {name.name for name in grounds.names if grounds.stands_here(name.last)} - own
    return len(named) > 1


def _describes(grounds: Grounds) -> bool:
    body = grounds.sentences[1:]
    return bool(body) and all(_DESCRIBES.match(sentence) for sentence in body[:2])
