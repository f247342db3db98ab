"""The claims in an agent's last words: which sentences say that something is so, and not otherwise.

A sentence that is conditional, negated, planned, asked, quoted, or says it only in part, claims
nothing. What is doubtful is left out: to accuse a true sentence costs more than to miss a false
one. Pure; English alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from daydreamd.records.agent_session import ClaimKind

_FENCE: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*\s*$|\Z)", re.DOTALL | re.MULTILINE
)
_QUOTE: Final = re.compile(r"^\s*>.*$", re.MULTILINE)
_SPOKEN: Final = re.compile(
    r"[“\"][^”\"\n]{0,400}[”\"]|‘[^’\n]{0,300}’|(?<!\w)'[^'\n]{3,300}'(?!\w)"
)
_MARKS: Final = re.compile(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}")
_LIST: Final = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+|^\s*\|")
_OPEN_BOX: Final = re.compile(r"^\s*(?:[-*+]\s*)?(?:\[ \]|☐|⬜|❌|⏳|🔲)")
_BOX: Final = re.compile(r"^\s*(?:[-*+]\s*)?(?:\[[xX]\]|☑|✔️?|✓|✅)\s*")
_PLAN: Final = re.compile(
    r"(?i)^\W*(?:next(?: steps?)?|plan|to-?dos?|remaining|what(?:'s| is) (?:left|"
    r"next)|follow[- ]ups?|"
    r"suggest(?:ed|ions?)[^.]*|how to[^.]*|acceptance criteria|success criteria|definition of done|"
    r"checklist|expected[^.]*|proposed[^.]*|commit message|verification steps|test plan|"
    r"not (?:done|yet)[^.]*|outstanding|requirements|goals?|assumptions?|prerequisites|"
    r"previous(?:ly)?[^.]*|before[^.]*|you asked[^.]*|your request|the task)\W*:?\W*$"
)
_HEADING: Final = re.compile(r"^\s*(?:#{1,6}\s+\S|\*\*[^*]{1,60}\*\*:?\s*$|[A-Z][^.!?]{0,60}:\s*$)")
_SENTENCE: Final = re.compile(r"(?<=[.!?])[)\]]?\s+(?=[\W_]*[A-Z0-9`✅✓])|\n+")
_CLAUSE: Final = re.compile(
    r";\s|\s[—–]\s|\s--\s|,\s(?:but|though|although|however|while|yet|so|and)\s|"
    r"\s(?:but|though|although|however|so)\s|,\s(?=(?:committed|pushed|all|tests|fixed|and )\b)|"
    r"(?<!tests)(?<!suite):\s",
    re.IGNORECASE,
)
_AND: Final = re.compile(r",?\sand\s", re.IGNORECASE)
_NO_CLAIM: Final = re.compile(
    r"""(?ix)\b(?:
    if|once|when(?:ever)?|until|unless|before|assuming|provided|whether|in\scase|as\ssoon\sas|
    would|should|could|might|may|must|shall|will|won't|wouldn't|'ll|going\sto|
      gonna|need(?:s|ed)?\sto|
    has\sto|have\sto|want(?:s|ed)?|let(?:'s|\sme|\sus)|please|try(?:ing)?\sto|
      tried\sto|plan(?:s|ned|ning)?|
    next(?!\.js)|later|soon|eventually|hopefully|expect(?:s|ed)?|suppose[ds]?|
      presumably|probably|likely|
    perhaps|maybe|i\s(?:think|believe|guess|assume)|seems?|appears?|apparently|in\stheory|
    make\ssure|ensur(?:e|es|ing)|verify|check\s(?:that|if|whether)|confirm\sthat|
      so\sthat|in\sorder\sto|
    can(?:not|'t)?|able\sto|unable|ready\s(?:to|for)|to\sbe|
    not|n't|no|none|never|nothing|without|nor|neither|hardly|barely|\w+n't|
      un(?:committed|pushed|fixed|done)|
    instead|rather\sthan|fail(?:s|ed|ing|ures?)?|broken|flaky|
    except|apart\sfrom|aside\sfrom|besides|other\sthan|most(?:ly)?|some|almost|nearly|half|
    partial(?:ly)?|partly|only|all\sbut|pre-?existing|so\sfar|
    previous(?:ly)?|earlier|originally|used\sto|yesterday|last\s(?:time|week|session|run)|formerly|
    upstream|in\sci|on\sci|ci\s|baseline|
    you|your|the\suser\s(?:said|asked|wants?|has|reported|claims|committed|
      pushed|fixed)|he|she|someone|somebody|colleague|teammate|
    said|says|say|claim(?:s|ed)?|assum(?:e|es|ed|ing)|believ(?:e|es|ed)|thought|stat(?:es|ed)|
    mistaken(?:ly)?|wrong(?:ly)?|ask(?:s|ed)?|told|according\sto|reported|readme|docs?\ssays?|
    example|e\.g\.|instance|hypothetical|imagine|simulat\w+|mock(?:ed)?|pretend
    )\b|n't\b|'ll\b"""
)
_TESTS: Final = re.compile(
    r"""(?ix)
      \b(?P<what>(?:(?:all|every|each|the|our|these|its|both|full|entire|whole|
        existing|new|unit|integration|
         e2e|end-to-end|regression|relevant|related|remaining|updated|added|python|backend|frontend|
         \d[\d,]*|of)\s+|\w+(?:_\w+|\.\w+)\s+)*
         (?:tests?|specs|test\ssuites?|suites?|unit\stests?|test\scases?))
      (?:\s+(?:in|for|under|across)\s+(?:the\s)?\S+(?:\s(?:files?|modules?|
        packages?|suites?))?)?(?:\s\([^)]*\))?:?
      \s+(?:(?:now|still|currently|again|run|runs|successfully|also|all)\s+)*
      (?:(?:are|is|was|were|have|has|be(?:en)?)\s+)*(?:(?:now|all|still|successfully|
        again|fully)\s+)*
      (?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?|successful)\b
      (?!\s+(?:a|an|the|it|its|them|to|through|by|along|on\s(?:to|the\svalue)|
        judgment|data|\w+\sas|in\s(?:the|a)\s(?!test|suite)|into))
    | \b\d[\d,]*\s*(?:/|of|out\sof)\s*\d[\d,]*\s*(?:tests?|specs)?\s*(?:are\s)?(?:pass(?:ed|
      ing|es)?)\b
    | ^\W*(?P<passed>\d[\d,]*)\s+(?:tests?\s+)?passed\b
    | ^\W*(?:tests?|test\ssuite|suite|all\stests)\W{1,4}(?:all\s)?(?:pass(?:ed|ing|es)?|green)\W*$
    | \b(?:everything|all)\s+(?:is\s)?(?:pass(?:es|ing)|green)\b
    """
)
_SCOPED: Final = re.compile(
    r"(?i)\b(?:new|unit|integration|e2e|end-to-end|regression|relevant|related|updated|added|these|"
    r"both|python|backend|frontend|its|one|this|that|in|for|under|\w+_\w+|\w+\.\w+)\b"
)
_COMMITTED: Final = re.compile(
    r"""(?ix)
      ^\W*(?:i(?:'ve|\shave|\sthen|\salso|\sjust)?\s+)?(?:now\s+|already\s+|
        also\s+)?committed\b(?!\s+to\s(?!(?:the\s)?(?:main|master|git|branch|
        repo|develop|`|origin|local|feature|version)))
    | \b(?:i(?:'ve|\shave|\sthen|\salso|\sjust)?|and)\s+
      (?:now\s+|also\s+)?committed\b(?!\s+to\s(?!(?:the\s)?(?:main|
      master|git|branch|repo|develop|`|origin|local|feature|version)))
    | \b(?:everything|changes?|work|fix(?:es)?|files?|code|it|all|edits?|updates?|
      refactor\w*|implementation|feature|this)\s+
      (?:is|are|was|were|has\sbeen|have\sbeen)\s+(?:now\s+|all\s+|also\s+|safely\s+)?committed\b
    | \bcommitted\s+(?:as|in|at|the\schanges?|all|everything|it|and\spushed|with\smessage|locally)\b
    | \b(?:created|made)\s+(?:a|the|one|two|three|\d+)\s+(?:\w+\s)?commits?\b
    """
)
_PUSHED: Final = re.compile(
    r"""(?ix)
      ^\W*(?:i(?:'ve|\shave|\sthen|\salso|\sjust)?\s+)?(?:now\s+|also\s+)?pushed\s*(?:[.!]|
        $|to\s+(?!the\s(?:queue|stack|list|array|end|front|back|side|next|limit|
        edge|server\sside)|a\s)|the\s(?:branch|commits?|changes?|fix|tag|work)|
        it\b|everything|all\b|both|them)
    | \b(?:i(?:'ve|\shave|\sthen|\salso|\sjust)?|committed\sand|and)\s+(?:also\s+)?pushed\s*(?:[.!]|
      $|to\s+(?:origin|remote|github|gitlab|main|master|the\s(?:remote|branch|
      repo\w*|feature)|`|\S+/)|the\s(?:branch|commits?|changes?|fix|tag|work)|
      it\b|everything|all\b|both|them)
    | \b(?:everything|changes?|work|fix(?:es)?|commits?|code|it|all|branch|tag|this)\s+
      (?:is|are|was|were|has\sbeen|have\sbeen)\s+(?:now\s+|all\s+|also\s+)?pushed\b(?!\s+(?:back|
        down|up\sto|onto|into|aside|out|further|to\sthe\s(?:queue|stack|list|
        end)))
    | \b(?:all\sis|committed\sand|everything)\s+pushed\b
    """
)
_DONE: Final = re.compile(
    r"""(?ix)
      ^\W*(?:all\s+)?done\s*(?:[.!:,—–-]|$)
    | ^\W*(?:that\sis|that's|it\sis|it's|this\sis|we're|i'm|i\sam|everything(?:'s|
      \sis)|all(?:\sis)?)\s+(?:all\s+|now\s+)?(?:done|finished|complete)\b(?!\s+(?:by|
      with|via|using|in|through|as|on|at|automatically|lazily|when|for))
    | \b(?:task|work|implementation|migration|refactor(?:ing)?|feature|job|
      everything|all\s(?:tasks|steps|items|to-?dos|requirements|work))\s+(?:is|
      are|has\sbeen|have\sbeen)\s+(?:now\s+|all\s+|fully\s+)*(?:done|complete[d]?|
      finished|implemented)\b
    | ^\W*(?:i(?:'ve|\shave)?\s+)?(?:now\s+)?(?:completed|finished|implemented)\s+(?:all|
      everything|the\s(?:task|work|feature|migration|refactor\w*|implementation|
      change))\b
    | ^\W*(?:task|implementation|migration|refactor(?:ing)?|work)\s+(?:complete[d]?|done|finished)\b
    """
)
_FIXED: Final = re.compile(
    r"""(?ix)
      ^\W*(?:i(?:'ve|\shave|\salso|\sjust)?\s+)?(?:now\s+|also\s+)?fixed\b(?![\s-]+(?:width|
        size|point|length|price|rate|set|number|in\sversion|position|header|
        seed|by\s))
    | \bi(?:'ve|\shave|\salso|\sjust|)\s+(?:now\s+|also\s+)?fixed\b
    | \b(?:bug|issue|problem|error|crash|test|failure|regression|leak|typo|
      race|it|warning|build)\s+(?:is|are|was|has\sbeen|have\sbeen)\s+(?:now\s+)?fixed\b(?!\s+(?:in\s(?:version|
      v\d)|by|at\s\d|to))
    """
)
_PATTERNS: Final[tuple[tuple[ClaimKind, re.Pattern[str]], ...]] = (
    ("tests", _TESTS),
    ("committed", _COMMITTED),
    ("pushed", _PUSHED),
    ("fixed", _FIXED),
    ("done", _DONE),
)
_PART_OF: Final = re.compile(r"\b(\d[\d,]*)\s*(?:/|(?:out )?of)\s*(\d[\d,]*)\b")
_TEST_TROUBLE: Final = re.compile(
    r"(?i)\b(?:fail(?:s|ed|ing|ures?)?|flaky|skip(?:s|ped|ping)?|except|apart from|"
    r"besides|but (?:one|two|\d)|"
    r"pre-?existing|unrelated|broken|xfail\w*|timed out|timeouts?)\b"
)
_QUALIFIED: Final = re.compile(
    r"(?i)\b(?:fail(?:s|ed|ing|ures?)?|flaky|skip(?:s|ped|ping)?|except|apart from|besides|"
    r"pre-?existing|unrelated|broken|xfail\w*|timed out|timeout|errors? remain\w*|unable|"
    r"could(?:n't| not)|can(?:not|'t)|did(?:n't| not)|ha(?:ven't|ve not|s not|"
    r"sn't)|not (?:yet|run|tested|committed|pushed)|"
    r"still (?:open|broken|missing|to do)|remain(?:s|ing)|left (?:open|out|to do)|todo|blocked)\b"
)
_NO_FAILURE: Final = re.compile(
    r"(?i)\b(?:0|no|zero|without(?: any)?)\s+(?:\w+\s)?(?:fail(?:ed|ures?|"
    r"ing)?|errors?|warnings?|issues?|problems?|conflicts?|regressions?|tests? failed)\b"
    r"|\b(?:fix(?:e[ds])?|repaired|resolved|corrected)\s+(?:the\s|a\s|all\s|"
    r"both\s|that\s)*(?:\w+\s){0,3}(?:fail(?:ed|ing|ures?)|broken|flaky|skipped|"
    r"error\w*)"
    r"|\b(?:failing|broken|flaky)\s+tests?\s+(?:is|are|now)"
)
_HASH: Final = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b")
_EVERYTHING: Final = re.compile(
    r"(?i)\b(?:everything|all (?:the |my |of the )?(?:changes|files|work|edits)|all is|clean)\b"
)


_MAY_CLAIM: Final = re.compile(
    r"(?i)pass|green|succe|commit|pushed|fixed|done|finished|complete|implemented"
)


_TAKEN_BACK: Final = re.compile(
    r"(?i)\bcorrection\b|\b(?:that|this|it) was (?:wrong|mistaken|a mistake|not true|incorrect)\b|"
    r"\bi was (?:wrong|mistaken)\b|\bi (?:misread|misspoke|stand corrected)\b"
)


@dataclass(frozen=True)
class Said:
    """A sentence that claims something. `scoped` says that it speaks of certain tests only,
    `everything` that it speaks of all changes; `hashes` are the commits that it names."""

    kind: ClaimKind
    text: str
    scoped: bool = False
    everything: bool = False
    hashes: tuple[str, ...] = ()


def admits_trouble(words: str) -> bool:
    """Whether the words tell of something that failed, was left out or is still to do."""
    return _QUALIFIED.search(_NO_FAILURE.sub(" ", words)) is not None


@lru_cache(maxsize=4_096)
def claims_in(words: str) -> tuple[Said, ...]:
    """What is claimed, each kind once: the last sentence that says it."""
    found: dict[ClaimKind, Said] = {}
    if _TAKEN_BACK.search(words):
        return ()
    for sentence in _sentences(words):
        for said in _claimed(sentence):
            found[said.kind] = said
    return tuple(found.values())


def _sentences(words: str) -> Iterator[str]:
    """Plain sentences, without code, quotes, plans and open boxes."""
    text = _QUOTE.sub("", _FENCE.sub("\n", words))
    planned = False
    for line in text.splitlines():
        if not line.strip():
            continue
        if _HEADING.match(line) or _PLAN.match(line):
            planned = _PLAN.match(line.strip(" #*:_")) is not None
            if planned:
                continue
        if planned or _OPEN_BOX.match(line):
            continue
        plain = _LIST.sub("", _BOX.sub("", line))
        plain = _MARKS.sub("", plain.replace("’", "'"))
        yield from (one.strip() for one in _SENTENCE.split(plain) if one.strip())


def _claimed(sentence: str) -> Iterator[Said]:
    if not _MAY_CLAIM.search(sentence):
        return
    if sentence.rstrip(" )*_`").endswith("?"):
        return
    bare = _SPOKEN.sub(" ", _NO_FAILURE.sub(" ", re.sub(r"`[^`\n]*`", " ` ", sentence)))
    clauses = [one.strip() for one in _CLAUSE.split(bare) if one and one.strip()]
    if clauses and _opens_a_condition(clauses[0]):
        return
    for kind, pattern in _PATTERNS:
        if kind == "tests" and (_TEST_TROUBLE.search(bare) or _is_partial(bare)):
            continue
        for clause in (*(part for one in clauses for part in _AND.split(one)), *clauses):
            found = pattern.search(clause.strip())
            if found and not _NO_CLAIM.search(clause):
                yield _said(kind, sentence, clause, found[0])
                break


def _said(kind: ClaimKind, sentence: str, clause: str, words: str) -> Said:
    return Said(
        kind,
        sentence,
        scoped=kind == "tests" and _SCOPED.search(words) is not None,
        everything=_EVERYTHING.search(clause) is not None,
        hashes=tuple(_HASH.findall(sentence)),
    )


def _opens_a_condition(clause: str) -> bool:
    """`Once CI is green, …`: the condition holds for what follows too."""
    opening = r"(?i)(?:if|once|when|until|unless|before|as soon as|assuming|to (?!\w+ing))\b"
    return re.match(opening, clause) is not None


def _is_partial(clause: str) -> bool:
    """`180 of 212 tests pass`."""
    return any(some != whole for some, whole in _PART_OF.findall(clause))
