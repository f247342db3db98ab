"""Claims that something is missing, held against the function that is said to lack it.

Only what is claimed of the function as a whole can be refuted by its being there: a claim about one
branch, one error or one moment stands, unless what decides is in the cited statement itself.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from daydreamd.insights.code_names import names_in
from daydreamd.insights.disproving.grounds import Disproof, Grounds, has_word
from daydreamd.insights.verification import Reason

_ABSENT: Final = (
    r"(?:never|not|n't|no|without|missing|lacks?|lacking|absent|forgets? to|fails? to|neglects? to|omits?|un|nothing|"
    r"neither|nowhere|nobody|is missing)"
)
_ONE_CASE: Final = re.compile(
    r"\b(?:when|if|once|unless|branch|path|paths|early return|on (?:error|failure|exception|the)|between|"
    r"while|during|before|after|until|first|second|last|other|else|only|some|one of|raises|throws|exception|"
    r"in case|should the|for (?:a|an|the) \w+|most)\b",
    re.IGNORECASE,
)
_NAME: Final = r"[\w.$>\-\[\]]+"


class _Absence(NamedTuple):
    """A family of claims of absence: how they are told, and what code is its presence.

    In `presence`, `{name}` is each name that the claim speaks of. With `by_case`, a claim about
    one case is refuted, too.
    """

    told: re.Pattern[str]
    presence: tuple[str, ...]
    by_case: bool = False


def _told(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_SECURED_CLOSE: Final = (
    r"\bwith\s+[^\n:]*(?:{name}|{opened})",
    r"\bwith\b[^\n:]*\bas\s+{name}\b",
    r"\busing\s*(?:var\s+)?\(?[^\n]*(?:{name}|{opened})",
    r"\btry\s*\([^)]*(?:{name}|{opened})",
    r"\bdefer\b[^\n]*{name}",
    r"\bdefer\s+func\(\)[\s\S]{{0,200}}?{name}\.[cC]lose",
    r"finally[\s\S]{{0,300}}?{name}(?:\?|!!)?\.(?:close|release|unlock|dispose|shutdown|disconnect)\b",
    r"\b{name}\.use\s*\{{",
    r"\bFile\.open\([^\n]*\bdo\b|\bFile\.open\([^\n]*\{{\s*\|",
    r"ensure[\s\S]{{0,200}}?{name}\.close",
)
_CLOSE: Final = (
    *_SECURED_CLOSE,
    r"{name}(?:\?|!!)?(?:\.|->)(?:a?close|release|unlock|Unlock|RUnlock|Close|dispose|Dispose|shutdown|disconnect|end|destroy|free|cancel|stop|terminate)\s*\(",
    r"\b\w*(?:close|free|release|destroy|unlock|unref|fclose|cleanup)\w*\s*\(\s*[&*]?{name}",
    r"\bdrop\(\s*{name}",
)
_NULL_CHECK: Final = (
    r"\bif\s+(?:not\s+|!)\s*{name}\s*(?::|\{{|and\b|or\b|&&|\|\||$)",
    r"\bif\s*\(\s*!?\s*{name}\s*(?:\)|&&|\|\|)",
    r"\bif\s+{name}\s*(?::|\{{|and\b|then\b|&&)",
    r"{name}\s*(?:is|is\s+not|==|!=|===|!==)\s*(?:None|null|nil|NULL|undefined|nullptr)\b",
    r"(?:None|null|nil|NULL|nullptr)\s*(?:==|!=)\s*{name}\b",
    r"\bunless\s+{name}\b|\b(?:return|raise|next)\b[^\n]*\b(?:if|unless)\s+(?:not\s+|!)?{name}\b",
    r"{name}\s*\?\?|{name}\?\.|{name}\.(?:nil|blank|is_none|is_some|isNull|isEmpty|is_empty|isPresent)\b",
    r"\b(?:requireNonNull|checkNotNull|assert|is_null|isset|empty|guard let|if let(?: Some\()?)\W*[^\n]*{name}\b",
)
_EMPTY_CHECK: Final = (
    *_NULL_CHECK[:4],
    _NULL_CHECK[5],
    r"\b(?:len|count|strlen|size|sizeof)\(\s*{name}\s*\)\s*(?:==|!=|<|>|<=|>=)",
    r"{name}\.(?:length|size|empty|is_empty|isEmpty|count|Count|len|Length|any|none)\b[?()]*\s*(?:===?|!==?|<|>|\)|:|\{{|&&|\|\||$)",
    r"\[\s*-[zn]\s+\"?\$\{{?{name}",
    r"\bdefault\s*=",
)
_VALID_CHECK: Final = (
    *_EMPTY_CHECK,
    *_NULL_CHECK,
    r"\b(?:if|unless|while|assert|require|elif|else if|guard)\b[^\n]*(?<![\w.]){name}\b",
    r"\b\w*(?:valid|check|verify|sanit|ensure|clean|normali[sz]e|require|assert|escape)\w*\s*\([^\n)]*(?<![\w.]){name}\b",
    r"\bisinstance\(\s*{name}\b|\btypeof\s+{name}\b|\b(?:min|max|clamp)\([^\n]*{name}\b",
)
_ZERO_CHECK: Final = (
    *_NULL_CHECK[:3],
    _NULL_CHECK[5],
    r"{name}\s*(?:===?|!==?|<=?|>=?)\s*[01]\b|\b0\s*(?:===?|!=|<)\s*{name}",
    r"\bmax\(\s*1\s*,[^\n]*{name}|\bmax\([^\n]*{name}[^\n]*,\s*1\)|{name}\s*(?:or|\|\|)\s*1\b",
    r"except ZeroDivisionError",
    r"\b(?:len|count)\(\s*{name}\s*\)\s*(?:===?|>|<)",
    r"{name}\.(?:length|size|isEmpty|empty|is_empty)\b",
)
_FAMILIES: Final = (
    _Absence(
        _told(
            r"\b(?:never|not|n't|no|without|un)\s*-?(?:\w+ly |being |ever |gets? |get )?(?:clos(?:ed?|es|ing)|releas(?:ed?|es|ing)|unlock(?:ed|s|ing)?|freed|free|disposed|"
            r"disconnected|shut down|cleaned up)\b|\bleak(?:s|ed|ing|age)?\b|\b(?:left|stays?|remains?|kept) open\b|\bmissing (?:a )?(?:call to )?(?:close|release|unlock|free)\b"
        ),
        _CLOSE,
    ),
    _Absence(
        _told(
            r"\b(?:no|missing|without|lacks?|never|not|n't)\b[^.;]{0,30}\b(?:null|none|nil|undefined)\b[- ]*(?:check|guard|test|handling|case|safe)?|"
            r"\b(?:null|none|nil|undefined)\b[^.;]{0,30}\b(?:is|are) (?:never|not) (?:\w+ )?(?:checked|handled|guarded|considered|tested)|"
            r"\b(?:unchecked|unguarded) (?:for )?(?:null|none|nil|undefined)|\bmay be (?:null|none|nil|undefined) (?:and|but) is (?:never|not) checked"
        ),
        _NULL_CHECK,
    ),
    _Absence(
        _told(
            r"\b(?:no|missing|without|lacks?|never|not|n't)\b[^.;]{0,40}\b(?:empty|emptiness|blank)\b|\bempty\b[^.;]{0,40}\b(?:never|not) (?:\w+ )?(?:checked|handled|guarded|considered)|"
            r"\b(?:empty|blank)\b[^.;]{0,30}\b(?:crash|IndexError|unhandled)"
        ),
        _EMPTY_CHECK,
    ),
    _Absence(
        _told(
            r"\b(?:division|divid\w+|modulo)\b[^.;]{0,20}\bby zero\b|\bZeroDivision\w*|\b(?:no|missing|without|never|not|n't)\b[^.;]{0,40}\bzero\b|\bzero\b[^.;]{0,30}\b(?:never|not) (?:checked|handled|guarded)"
        ),
        _ZERO_CHECK,
    ),
    _Absence(
        _told(
            r"\b(?:no|missing|without(?: any)?|lacks?(?: any)?|absent)\b[^.;]{0,30}\b(?:validation|validat\w+|sanit\w+|checks?|checking|bounds?[- ]check\w*|type[- ]check\w*|range check\w*)\b|"
            r"\b(?:never|not|n't)\b (?:\w+ly |being |ever )?(?:validated?|sanitized?|checked|checks?|verif\w+|bounded)\b|\bun(?:validated|checked|sanitized|verified|bounded)\b"
        ),
        _VALID_CHECK,
    ),
    _Absence(
        _told(r"\b(?:no|missing|without(?: an?| any)?|lacks?(?: an?)?|never (?:sets?|passes)(?: an?)?)\s+(?:\w+ )?time-?\s?outs?\b|\btime-?\s?outs? (?:is|are) (?:missing|never set|not set)|\bwaits? forever\b"),
        (r"\btime_?out\b|\bTimeout\b|\bTIMEOUT\b|\bdeadline\b|setTimeout|WithTimeout|WithDeadline|AbortSignal|move_on_after|fail_after",),
    ),
    _Absence(
        _told(r"\b(?:missing|without|no|never|not|n't|forgets? (?:to )?)\s*(?:an? )?`?await(?:ed|s)?`?\b|\bun-?awaited\b"),
        ("cited:\\bawait\\b|\\.await\\b",),
        by_case=True,
    ),
    _Absence(
        _told(r"\b(?:no|without(?: an?| any)?|missing|never|not|n't)\s+(?:\w+ )?(?:locked|lock(?:ing|s)?|synchroni[sz]\w+|mutex|protected|guarded by)\b|\bunsynchroni[sz]ed\b|\brace condition\b"),
        (r"\bwith\s+[\w.]*_?lock\w*|\.(?:Lock|RLock|lock|acquire|read|write)\(\)|\bsynchronized\b|\bmutex\b|\batomic\b|pthread_mutex_lock|\block_guard\b|\bunique_lock\b",),
    ),
    _Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever |gets? )?(?:incremented|advanced|decremented|updated|reset|reassigned|changed|modified)\b|\b(?:never|does not|doesn't) (?:increments?|advances?|decrements?|updates?|resets?)\b"),
        (r"{name}\s*(?:\+|-|\*|/|\||&|//)=|(?:\+\+|--)\s*{name}|{name}\s*(?:\+\+|--)|(?<![\w.]){name}\s*=\s*{name}\b|{name}\s*=(?!=)[^\n]*\n[\s\S]*?{name}\s*=(?!=)|{name}\.(?:fetch_add|incr|clear|increment\w*|add)\(",),
    ),
    _Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever )?(?:returned|returns?)\b|\b(?:missing|no|without an?) `?return`?\b|\bforgets? to return\b"),
        (r"\breturn\b[^\n]*{name}\b",),
    ),
    _Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever )?(?:escaped?|quoted?|encoded?|parameteri[sz]ed)\b|\bun(?:escaped|quoted)\b|\bSQL[- ]injection\b|\bsql injection\b|\b(?:command|shell) injection\b"),
        (
            r"cited:\.execute\(\s*[\"'][^\"'\n]*(?:\?|%s|:\w+|\$\d)[^\"'\n]*[\"']\s*,",
            r"cited:(?:quote|escape|shlex\.quote|htmlspecialchars|escapeHtml|encodeURIComponent|quote_plus|mysql_real_escape_string|escapeshellarg|html\.escape)\s*\(",
            r"cited:\b(?:subprocess\.\w+|exec\.Command|execFile|spawn)\(\s*[\[\"'][^\n]*(?!shell\s*=\s*True)[^\n]*\)?$",
        ),
        by_case=True,
    ),
    _Absence(
        _told(r"\b(?:no|missing|lacks?(?: an?)?|without(?: an?)?)\s+`?(?:default|else)`?\b(?: (?:case|branch|clause))?|\bswitch\b[^.;]{0,40}\b(?:no|without|missing|lacks)\b[^.;]{0,10}\bdefault\b"),
        (r"\bdefault\s*:|\bcase\s+_\s*:|\b_\s*=>|\belse\b",),
    ),
    _Absence(
        _told(r"\b(?:no|missing|without(?: an?)?|lacks?(?: an?)?)\s+(?:exit|termination|break|stop(?:ping)? condition|exit condition|base case)\b|\b(?:infinite|endless) (?:loop|recursion)\b|\bloops? forever\b|\bnever (?:terminates|ends|exits)\b"),
        (r"\bbreak\b|\bwhile\b[\s\S]*?\n\s+return\b|\bfor\s+\w+\s+in\s+range\(",),
    ),
    _Absence(
        _told(r"\b(?:no|missing|without(?: any)?|lacks?)\s+(?:doc-?strings?|documentation|comments?|docs)\b|\bundocumented\b|\bnot documented\b"),
        (r"whole:\"\"\"|'''|/\*\*|^\s*(?:///|#|//)\s*\w+",),
    ),
    _Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly )?(?:logged|logs?|reported|recorded)\b|\b(?:no|without(?: any)?|missing)\s+log(?:ging|s)?\b"),
        (r"\blog(?:ger|ging)?\.\w+\(|\bconsole\.\w+\(|\blog\.\w+\(|\bwarn(?:ing)?\(|\bslog\.|\berror_log\(|\bLog\.\w\(|\bprint\w*\(",),
    ),
    _Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly )?(?:retried|retries|retry)\b|\b(?:no|without(?: any)?|missing) retr(?:y|ies)\b"),
        (r"\bretr(?:y|ies)\w*\b|\bfor\s+\w*attempt|\bwhile\s+\w*(?:attempt|tries)\w*|\bbackoff\b",),
    ),
)  # fmt: skip


def disprove_missing(grounds: Grounds) -> Disproof | None:
    """What is called missing, and is there."""
    for sentence in grounds.sentences:
        for family in _FAMILIES:
            if family.told.search(sentence):
                by_case = _ONE_CASE.search(sentence) is not None
                if found := _presence(grounds, family, sentence, by_case=by_case):
                    return found
        if found := _named_presence(grounds, sentence):
            return found
    return None


def _presence(
    grounds: Grounds, family: _Absence, sentence: str, *, by_case: bool
) -> Disproof | None:
    """The line of the function that is the presence of what is claimed to be absent."""
    subjects = _subjects(grounds, sentence)
    for pattern in family.presence:
        kind, _, rest = pattern.partition(":")
        scope = {"cited": grounds.cited, "whole": grounds.function_whole}.get(kind)
        pattern = rest if scope is not None else pattern  # noqa: PLW2901 - without its scope
        if by_case and not family.by_case and kind != "cited" and pattern not in _SECURED_CLOSE:
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
        r"(?:^|\n)\s*(?:(?:const|let|var|val|auto|final|my|local|\w+\s*\*)\s*)?\(?([A-Za-z_$][\w$]*)(?:\s*,\s*\w+)*\)?\s*(?::[^=\n]+)?(?::=|=(?!=))",
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
    r"\b(?:never|does not|doesn't|do not|don't|fails? to|forgets? to|omits? to|neglects? to)\s+(?:\w+ly )?(?:calls?|invokes?|sets?|checks?|pass(?:es)?|handles?|catch(?:es)?|uses?|includes?|closes?|clears?|updates?|raises?|throws?|returns?|honou?rs?|reads?|imports?)\s+(?:the |an? |any |to )?"
    r"`(?P<code>[^`]{2,80})`|"
    r"\b(?:no|missing|lacks?|without)\s+(?:the |an? |any )?(?:call to |use of |check for |handling of |handler for |argument |parameter )?`(?P<other>[^`]{2,80})`|"
    r"`(?P<first>[^`]{2,80})`\s+(?:is|are)\s+(?:never|not|missing|nowhere)\b\s*(?:called|invoked|set|passed|handled|caught|used|checked|closed|here|there|included|raised)?",
    re.IGNORECASE,
)


def _named_presence(grounds: Grounds, sentence: str) -> Disproof | None:
    """`never calls `flush()``, where the function calls it."""
    found = _LACKS.search(sentence)
    if found is None or _ONE_CASE.search(sentence):
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
            rf"\b(?:except|catch|rescue)\b[^\n]*{re.escape(name)}|\bcase\s+{re.escape(name)}|\.Is\([^\n]*{re.escape(name)}"
        ]
    if re.search(r"\bset\b|sets\b", verb):
        patterns = [rf"(?<![\w$.]){re.escape(name)}\s*(?::[^=\n]+)?=(?!=)"]
    body_start = text.find("\n") if grounds.function and "\n" in text else 0
    header = text.find(")") if grounds.function else 0
    for pattern in patterns:
        if there := re.compile(pattern).search(text, max(0, min(body_start, header))):
            if grounds.function_name.rpartition(".")[2] != name:
                return _told_at(grounds, text, there)
    return None
