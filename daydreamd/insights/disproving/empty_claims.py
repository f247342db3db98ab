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
_VERSION: Final = r"(?:\bv?\d+\.\d+(?:\.\d+)*\b|\bversions?\b|\bv\d+\b|\b[A-Z]\w+ \d+\b)"
_AGEING: Final = (
    r"(?:deprecat\w+|removed|obsolete\w*|out-?of-?date|outdated|unsupported|end[- ]of[- ](?:life|support)|EOL|"
    r"vulnerab\w+|unmaintained|discontinued|known (?:security )?(?:issue|vulnerabilit|exploit|bug)\w*|"
    r"upgrad\w+|newer|latest|most recent|insecure|security (?:fix|patch|update|advisor)\w*|legacy|backported)"
)
_VERSION_CLAIM: Final = re.compile(
    rf"{_AGEING}[^.;]{{0,80}}?{_VERSION}|{_VERSION}[^;]{{0,80}}?{_AGEING}", re.IGNORECASE
)
_SELF_TOLD: Final = re.compile(r"@?deprecated|DeprecationWarning", re.IGNORECASE)
_PRAISE: Final = re.compile(
    r"\b(?:well[- ](?:written|structured|designed|organi[sz]ed|documented|tested|named|thought|implemented|"
    r"crafted|factored|defined|done)|clean(?:ly)?|elegant(?:ly)?|excellent|great|good (?:job|use|practice|"
    r"work|design|structure|choice|example|separation|naming|error|coverage)|nice(?:ly)?|solid|robust(?:ly)?|"
    r"idiomatic|exemplary|commendable|impressive|thoughtful|beautiful|properly|correct(?:ly)?|appropriate(?:ly)?|"
    r"efficient(?:ly)?|effective(?:ly)?|gracefully|no (?:issues?|problems?|bugs?|concerns?)|looks? (?:good|fine|"
    r"correct|ok)|works? as (?:expected|intended)|follows? (?:\w+ ){0,2}(?:best )?(?:practices?|conventions?)|"
    r"easy to (?:read|follow|understand|maintain|test)|readable|maintainable|clear(?:ly)?|thorough(?:ly)?|"
    r"sensible|sound|safe(?:ly)?|high[- ]quality|straightforward|concise|helpful|handles? all|makes? it easy)\b",
    re.IGNORECASE,
)
_TOPIC: Final = (
    r"(?:(?:in-?line |code |more |better |proper |additional |some |further |explicit |detailed |comprehensive |"
    r"unit |integration |automated |robust |clear(?:er)? |descriptive |meaningful |consistent |input |adequate |"
    r"appropriate |sufficient |parameter |data |static |a |an |and |or |the |of |for )*"
    r"(?:comments?|documentation|docs|doc-?strings?|type[- ](?:hints?|annotations?)|types|logging|logs?|tests?|"
    r"test coverage|test cases?|coverage|error[- ]handling|exception[- ]handling|validation|sanitization|readability|maintainability|"
    r"naming|names?|variable names?|function names?|modularity|modulari[sz]\w*|performance|efficiency|"
    r"scalability|code quality|quality|structure|separation of concerns|(?:smaller|separate|helper|multiple) "
    r"(?:functions?|methods?|classes|modules?|units)|constants?|named constants?|configuration|robustness|testability|"
    r"reusability|clarity|consistency|abstraction|encapsulation|flexibility|security|resilience|observability|"
    r"edge[- ]cases?|corner[- ]cases?|best practices?|solid principles?|clean code|design patterns?|style guide|"
    r"dependency injection|interfaces?|monitoring|metrics|caching|parallelism|concurrency|async\w*|error messages?|"
    r"try[/ -]?(?:except|catch)(?: blocks?)?|null checks?|guard clauses?|context|assertions?|linting|formatting))"
)
_ADVICE: Final = re.compile(
    rf"\b(?:consider|add(?:ing)?|needs?|could (?:use|do with|have)|would benefit(?: \w+)? from|benefits? from|lacks?|lacking|missing|insufficient|"
    rf"limited|no|improv(?:e|ing|ed|ement)s?|enhanc(?:e|ing)|increas(?:e|ing)|more|better|poor|introduc(?:e|ing)|"
    rf"extract(?:ing)?|split(?:ting)?|break(?:ing)?|refactor(?:ing)?|use|using|apply(?:ing)?|adopt(?:ing)?|"
    rf"ensure|follow(?:ing)?|write|writing|include|including|provide|implement(?:ing)?|move|moving|replace|rename|without)\b"
    rf"[^.;`]{{0,60}}?\b{_TOPIC}\b"
    r"|\b(?:refactor(?:ing|ed)?|simplif(?:y|ied)|moderni[sz]e|clean(?:ed|ing)? up|reorgani[sz]\w+|restructur\w+)\b"
    r"|\bmore (?:readable|maintainable|robust|efficient|modular|testable|scalable|descriptive|meaningful|explicit|pythonic|idiomatic)\b"
    r"|\b(?:magic numbers?|too long|too complex|tightly coupled|hard to (?:read|test|maintain|follow|understand)|"
    r"code smell|violates? (?:the )?(?:single|solid|dry)|single[- ]responsibility|technical debt|complexity)\b",
    re.IGNORECASE,
)
_HEDGED: Final = re.compile(
    r"\b(?:may|might|could|can|would|will|potential(?:ly)?|possibl[ey]|helps?(?: to)?|in order to|so that|to)\s+"
    r"(?:also |potentially |possibly |be |become |still )?"
    r"(?:lead|leads|leading|cause|causes|causing|result|introduce|prevent|avoid|reduce|improve|increase|break|crash|fail|"
    r"make|catch|ensure|error|errors|bugs?|issues?|problems?|be|hard|difficult|handle|occur|happen|harder)\b[^.;`]*"
    r"|\b(?:unexpected|unforeseen|subtle|potential|possible|runtime|future) (?:\w+ )?(?:errors?|behaviou?rs?|bugs?|issues?|problems?|crashes|failures?|results?|inputs?)\b",
    re.IGNORECASE,
)
_FAULT: Final = re.compile(
    r"\b(?:never|silent\w*|swallow\w*|hid(?:e|es|den|ing)|leak\w*|los(?:e|es|t|ing)|loss|overwrit\w*|clobber\w*|"
    r"wrong\w*|incorrect\w*|inconsisten\w*|mismatch\w*|bugs?|broken|breaks|crash\w*|hangs?|blocks|deadlock\w*|"
    r"races?|racy|stale|twice|doubl(?:e|es|ed|y)|again|redundant\w*|duplicat\w*|unreachable|unbounded|"
    r"without|infinite\w*|endless\w*|forever|overflow\w*|underflow\w*|truncat\w*|off[- ]by|one too (?:many|few)|"
    r"too (?:many|few|late|early|large|small|short|wide|often|high|low)|quadratic\w*|O\(n|n\u00b2|exponential\w*|drops?|dropped|"
    r"discard\w*|ignor(?:e|es|ed|ing)|skip(?:s|ped)?|forg[eo]ts?|instead|rather than|but|although|even (?:though|if|when|for)|however|"
    r"contradict\w*|differs?|different from|unlike|whereas|inject\w*|escapes?|unescaped|exposes?|travers\w*|plain ?text|"
    r"shadow\w*|mask(?:s|ed)|mutat\w*|alias\w*|shar(?:ed|es)|leaves|left (?:open|behind)|stays|remains|keeps|"
    r"mislead\w*|misspel\w*|typo|unsorted|reversed?|inverted|swapped|unclosed|uncaught|unhandled|unchecked|"
    r"unvalidated|untested|unused|dead|raises|throws|panics|aborts|divi(?:sion|des?) by|negative|zero|empty|overlap\w*|outlives?|"
    r"dangling|uninitiali[sz]ed|out of (?:bounds|range|memory|sync|order)|NaN|null|None|nil|undefined|"
    r"time ?out|timeouts?|time-outs?|each (?:call|time|row|item|iteration|request)|every (?:call|time|row|item|request|caller|iteration)|"
    r"per (?:call|row|item|request|iteration|column)|cannot|can't|won't|doesn't|isn't|aren't|does not|is not|are not|do not|don't|not|nobody|nothing|"
    r"only|always|still|unless|must|should|so(?! that)|therefore|which means|still|yet|assum\w+|relies on|depends on|expects?|wrongly|"
    r"same|both|early|earlier|late|later|before|after|until|first|last|hard-?coded|world-?readable|predictable|guessable|collid\w+|collision\w*|round\w*|precision|"
    r"fails?|failed|failing|failure|errors? out|corrupt\w*|partial\w*|miss(?:es|ed)|missing|lacks?|no|unsafe\w*|dangerous\w*|secret|leav\w+|let)\b",
    re.IGNORECASE,
)
_NEUTRAL: Final = frozenset(
    """raises throws none null nil undefined nan empty zero negative not no only always fails failed
    failing failure same both first last before after until missing secret time timeouts timeout
    time-outs per early later earlier early let round rounds precision skips skip expects""".split()  # noqa: SIM905 - words, as they are looked for
)
_DESCRIBES: Final = re.compile(
    r"^(?:in (?:this|the) \w+,? |here,? )?(?:(?:this|the|these|an?|it|its|here)\b[^.;]{0,60}?|`[^`]+`(?: (?:function|method|class|helper|module))?|[\w.]+(?:\(\))?)\s"
    r"(?:is (?:used|responsible|a|an|the|defined|called|meant|implemented|designed)|are (?:used|defined)|"
    r"comput\w+|calculat\w+|returns?|handl\w+|defin\w+|implement\w+|provid\w+|contain\w+|creat\w+|"
    r"initiali[sz]\w+|loads?|reads?|writes?|pars\w+|convert\w+|iterat\w+|loops?|sends?|performs?|manag\w+|wraps?|"
    r"represent\w*|stores?|accepts?|takes?|uses?|checks?|validat\w+|sets?|gets?|builds?|fetch\w+|process\w+|"
    r"serves?|retriev\w+|updates?|tries|attempts?|appends?|adds?|removes?|opens?|closes?|calls?|ensures?|formats?|"
    r"generat\w+|executes?|runs?|starts?|stops?|registers?|maps?|filters?|sorts?|raises?|catches|retries|increments?|loops?|"
    r"encapsulat\w+|exposes?|declares?|configures?|renders?|prints?|logs?|applies|consists?|works?|determines?|looks?|walks?|sums?|collects?|holds?|receives?|gathers?|splits?|joins?|strips?|yields?)\b",
    re.IGNORECASE,
)
_MANY_WORDS: Final = 2


def disprove_empty(grounds: Grounds) -> Disproof | None:
    """Why a claim says nothing of this code, if it does not."""
    said = grounds.claim.said
    if reason := _unverifiable(grounds, said):
        return reason
    if not is_english(said):
        return None
    if not _speaks_of_it(grounds, said):
        return Disproof(Reason.GENERIC)
    if _restates(grounds, said):
        return Disproof(Reason.RESTATES)
    concrete = _HEDGED.sub(" ", said)
    faults = {found.lower() for found in _FAULT.findall(_without_advice(concrete))}
    if _PRAISE.search(said) and not faults - _NEUTRAL:
        return Disproof(Reason.PRAISE)
    if _ADVICE.search(said) and not faults - _NEUTRAL and not _is_specific(grounds):
        return Disproof(Reason.ADVICE)
    if not faults - _NEUTRAL and (not faults or _describes(grounds)):
        return Disproof(Reason.SUMMARY)
    return None


def _unverifiable(grounds: Grounds, said: str) -> Disproof | None:
    """Advisories and the ages of versions: a model without a network cannot know them."""
    for found in _ADVISORY.finditer(said):
        if found[0].lower() not in grounds.text.lower():
            return Disproof(Reason.UNVERIFIABLE, found[0].upper())
    for sentence in grounds.sentences:
        found = _VERSION_CLAIM.search(sentence)
        if found and not _SELF_TOLD.search(grounds.function_whole):
            return Disproof(Reason.UNVERIFIABLE, " ".join(found[0].split())[:80])
    return None


def _speaks_of_it(grounds: Grounds, said: str) -> bool:
    """Whether a word of the claim is one of the code around the citation."""
    words = words_in(said) - FILLERS - SYNTAX
    around = words_in("\n".join([grounds.path, grounds.function_whole, grounds.claim.page.text]))
    return bool(words & around)


def _restates(grounds: Grounds, said: str) -> bool:
    quoted = words_in("\n".join([grounds.cited, grounds.claim.evidence.quote]))
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
