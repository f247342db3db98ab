"""How absence is claimed, and what code is the presence of what is said to be absent."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Absence(NamedTuple):
    """A family of claims of absence: how they are told, and what code is its presence.

    In `presence`, `{name}` is each name that the claim speaks of. With `by_case`, a claim about
    one case is refuted, too.
    """

    told: re.Pattern[str]
    presence: tuple[str, ...]
    by_case: bool = False


def _told(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


SECURED_CLOSE: Final = (
    r"\bwith\s+[^\n:]*(?:{name}|{opened})",
    r"\bwith\b[^\n:]*\bas\s+{name}\b",
    r"\busing\s*(?:var\s+)?\(?[^\n]*(?:{name}|{opened})",
    r"\btry\s*\([^)]*(?:{name}|{opened})",
    r"\bdefer\b[^\n]*{name}",
    r"\bdefer\s+func\(\)[\s\S]{{0,200}}?{name}\.[cC]lose",
    (
        r"finally[\s\S]{{0,300}}?{name}(?:\?|!!)?\.(?:close|release|unlock|dispose|shutdown|"
        r"disconnect)\b"
    ),
    r"\b{name}\.use\s*\{{",
    r"\bFile\.open\([^\n]*\bdo\b|\bFile\.open\([^\n]*\{{\s*\|",
    r"ensure[\s\S]{{0,200}}?{name}\.close",
)
_CLOSE: Final = (
    *SECURED_CLOSE,
    (
        r"{name}(?:\?|!!)?(?:\.|->)(?:a?close|release|unlock|Unlock|RUnlock|Close|dispose|Dispose|"
        r"shutdown|disconnect|end|destroy|free|cancel|stop|terminate)\s*\("
    ),
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
    (
        r"{name}\s*\?\?|{name}\?\.|{name}\.(?:nil|blank|is_none|is_some|isNull|isEmpty|is_empty|"
        r"isPresent)\b"
    ),
    (
        r"\b(?:requireNonNull|checkNotNull|assert|is_null|isset|empty|guard let|"
        r"if let(?: Some\()?)\W*[^\n]*{name}\b"
    ),
)
_EMPTY_CHECK: Final = (
    *_NULL_CHECK[:4],
    _NULL_CHECK[5],
    r"\b(?:len|count|strlen|size|sizeof)\(\s*{name}\s*\)\s*(?:==|!=|<|>|<=|>=)",
    (
        r"{name}\.(?:length|size|empty|is_empty|isEmpty|count|Count|len|Length|any|"
        r"none)\b[?()]*\s*(?:===?|!==?|<|>|\)|:|\{{|&&|\|\||$)"
    ),
    r"\[\s*-[zn]\s+\"?\$\{{?{name}",
    r"\bdefault\s*=",
)
_VALID_CHECK: Final = (
    *_EMPTY_CHECK,
    r"{name}\s*=\s*{name}\.(?:replace|replaceAll|filter|strip|trim|lower|toLowerCase)\b",
    *_NULL_CHECK,
    r"\b(?:if|unless|while|assert|require|elif|else if|guard)\b[^\n]*(?<![\w.]){name}\b",
    (
        r"\b\w*(?:valid|check|verify|sanit|ensure|clean|normali[sz]e|require|assert|"
        r"escape)\w*\s*\([^\n)]*(?<![\w.]){name}\b"
    ),
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
ABSENCES: Final = (
    Absence(
        _told(
            r"\b(?:never|not|n't|no|without|un)\s*-?(?:\w+ly |being |ever |gets? |"
            r"get )?(?:clos(?:ed?|es|ing)|releas(?:ed?|es|ing)|unlock(?:ed|s|ing)?|freed|free|"
            r"disposed|"
            r"disconnected|shut down|cleaned up)\b|\bleak(?:s|ed|ing|age)?\b|\b(?:left|stays?|"
            r"remains?|kept) open\b|\b(?:never|not) (?:\w+ly |being )?(?:put|given|handed) back\b|"
            r"\b(?:never|not) returned to (?:the|its) pool\b|"
            r"\bmissing (?:a )?(?:call to )?(?:close|release|unlock|free)\b"
        ),
        _CLOSE,
    ),
    Absence(
        _told(
            r"\b(?:no|missing|without|lacks?|never|not|n't)\b[^.;]{0,30}\b(?:null|none|nil|"
            r"undefined)\b[- ]*(?:check|guard|test|handling|case|safe)?|"
            r"\b(?:null|none|nil|undefined)\b[^.;]{0,30}\b(?:is|are) (?:never|"
            r"not) (?:\w+ )?(?:checked|handled|guarded|considered|tested)|"
            r"\b(?:unchecked|unguarded) (?:for )?(?:null|none|nil|undefined)|\bmay be (?:null|"
            r"none|nil|undefined) (?:and|but) is (?:never|not) checked"
        ),
        _NULL_CHECK,
    ),
    Absence(
        _told(
            r"\b(?:no|missing|without|lacks?|never|not|n't)\b[^.;]{0,40}\b(?:empty|emptiness|"
            r"blank)\b|\bempty\b[^.;]{0,40}\b(?:never|not) (?:\w+ )?(?:checked|handled|guarded|"
            r"considered)|"
            r"\b(?:empty|blank)\b[^.;]{0,30}\b(?:crash|IndexError|unhandled)"
        ),
        _EMPTY_CHECK,
    ),
    Absence(
        _told(
            r"\b(?:division|divid\w+|modulo)\b[^.;]{0,20}\bby zero\b|\bZeroDivision\w*|\b(?:no|"
            r"missing|without|never|not|n't)\b[^.;]{0,40}\bzero\b|\bzero\b[^.;]{0,30}\b(?:never|"
            r"not) (?:checked|handled|guarded)"
        ),
        _ZERO_CHECK,
    ),
    Absence(
        _told(
            r"\b(?:no|missing|without(?: any)?|lacks?(?: any)?|"
            r"absent)\b[^.;]{0,30}\b(?:validation|validat\w+|sanit\w+|checks?|checking|"
            r"bounds?[- ]check\w*|type[- ]check\w*|range check\w*)\b|"
            r"\b(?:never|not|n't)\b (?:\w+ly |being |ever )?(?:validated?|sanitized?|checked|"
            r"checks?|verif\w+|bounded)\b|\bun(?:validated|checked|sanitized|verified|bounded)\b"
        ),
        _VALID_CHECK,
    ),
    Absence(
        _told(r"\b(?:no|missing|without(?: an?| any)?|lacks?(?: an?)?|never (?:sets?|"
            r"passes)(?: an?)?)\s+(?:\w+ )?time-?\s?outs?\b|\btime-?\s?outs? (?:is|"
            r"are) (?:missing|never set|not set)|\bwaits? forever\b"),
        ((r"\btime_?out\b|\bTimeout\b|\bTIMEOUT\b|\bdeadline\b|setTimeout|WithTimeout|"
            r"WithDeadline|AbortSignal|move_on_after|fail_after"),),
    ),
    Absence(
        _told(r"\b(?:missing|without|no|never|not|n't|forgets? (?:to )?)\s*(?:an? )?`?await(?:ed|"
            r"s)?`?\b|\bun-?awaited\b"),
        ("cited:\\bawait\\b|\\.await\\b",),
        by_case=True,
    ),
    Absence(
        _told(r"\b(?:no|without(?: an?| any)?|missing|never|not|n't)\s+(?:\w+ )?(?:locked|"
            r"lock(?:ing|s)?|synchroni[sz]\w+|mutex|protected|guarded by)\b|"
            r"\bunsynchroni[sz]ed\b|\brace condition\b"),
        ((r"\bwith\s+[\w.]*_?lock\w*|\.(?:Lock|RLock|lock|acquire|read|write)\(\)|"
            r"\bsynchronized\b|\bmutex\b|\batomic\b|pthread_mutex_lock|\block_guard\b|"
            r"\bunique_lock\b"),),
    ),
    Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever |gets? )?(?:incremented|advanced|"
            r"decremented|updated|reset|reassigned|changed|modified)\b|\b(?:never|does not|"
            r"doesn't) (?:increments?|advances?|decrements?|updates?|resets?)\b"),
        ((r"{name}\s*(?:\+|-|\*|/|\||&|//)=|(?:\+\+|--)\s*{name}|{name}\s*(?:\+\+|--)|"
            r"(?:\.|->){name}\s*=(?!=)|[(,]\s*&(?:\w+(?:\.|->))*{name}|"
            r"(?<![\w.]){name}\s*=\s*{name}\b|{name}\s*=(?!=)[^\n]*\n[\s\S]*?{name}\s*=(?!=)|"
            r"{name}\.(?:fetch_add|incr|clear|increment\w*|add)\("),),
    ),
    Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever )?(?:returned|returns?)\b|"
            r"\b(?:missing|no|without an?) `?return`?\b|\bforgets? to return\b"),
        (r"\breturn\b[^\n]*{name}\b",),
    ),
    Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly |being |ever )?(?:escaped?|quoted?|encoded?|"
            r"parameteri[sz]ed)\b|\bun(?:escaped|quoted)\b|\bSQL[- ]injection\b|"
            r"\bsql injection\b|\b(?:command|shell) injection\b"),
        (
            r"cited:\.execute\(\s*[\"'][^\"'\n]*(?:\?|%s|:\w+|\$\d)[^\"'\n]*[\"']\s*,",
            (r"cited:(?:quote|escape|shlex\.quote|htmlspecialchars|escapeHtml|encodeURIComponent|"
            r"quote_plus|mysql_real_escape_string|escapeshellarg|html\.escape)\s*\("),
            (r"cited:\b(?:subprocess\.\w+|exec\.Command|execFile|"
            r"spawn)\(\s*[\[\"'][^\n]*(?!shell\s*=\s*True)[^\n]*\)?$"),
        ),
        by_case=True,
    ),
    Absence(
        _told(r"\b(?:no|missing|lacks?(?: an?)?|without(?: an?)?)\s+`?(?:default|"
            r"else)`?\b(?: (?:case|branch|clause))?|\bswitch\b[^.;]{0,40}\b(?:no|without|missing|"
            r"lacks)\b[^.;]{0,10}\bdefault\b"),
        (r"\bdefault\s*:|\bcase\s+_\s*:|\b_\s*=>|\belse\b",),
    ),
    Absence(
        _told(r"\b(?:no|missing|without(?: an?)?|lacks?(?: an?)?)\s+(?:exit|termination|break|"
            r"stop(?:ping)? condition|exit condition|base case)\b|\b(?:infinite|endless) (?:loop|"
            r"recursion)\b|\bloops? forever\b|\bnever (?:terminates|ends|exits)\b"),
        (r"\bbreak\b|\bwhile\b[\s\S]*?\n\s+return\b|\bfor\s+\w+\s+in\s+range\(",),
    ),
    Absence(
        _told(r"\b(?:no|missing|without(?: any)?|lacks?)\s+(?:doc-?strings?|documentation|"
            r"comments?|docs)\b|\bundocumented\b|\bnot documented\b"),
        (r"whole:\"\"\"|'''|/\*\*|^\s*(?:///|#|//)\s*\w+",),
    ),
    Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly )?(?:logged|logs?|reported|recorded)\b|\b(?:no|"
            r"without(?: any)?|missing)\s+log(?:ging|s)?\b"),
        ((r"\blog(?:ger|ging)?\.\w+\(|\bconsole\.\w+\(|\blog\.\w+\(|\bwarn(?:ing)?\(|\bslog\.|"
            r"\berror_log\(|\bLog\.\w\(|\bprint\w*\("),),
    ),
    Absence(
        _told(r"\b(?:never|not|n't)\s+(?:\w+ly )?(?:retried|retries|retry)\b|\b(?:no|"
            r"without(?: any)?|missing) retr(?:y|ies)\b"),
        (r"\bretr(?:y|ies)\w*\b|\bfor\s+\w*attempt|\bwhile\s+\w*(?:attempt|tries)\w*|\bbackoff\b",),
    ),
)  # fmt: skip
