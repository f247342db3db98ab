"""Which findings of which analyzers are faults, and how to say so: no style, nothing of taste."""

from __future__ import annotations

from typing import Final

RUFF: Final[dict[str, str]] = {
    "F502": "The format string and its arguments do not fit: this raises when it runs.",
    "F503": "The format string and its arguments do not fit: this raises when it runs.",
    "F505": "The format string names a key that is not given: this raises when it runs.",
    "F506": "The format string mixes two ways of naming its arguments: this raises.",
    "F507": "The format string asks for another number of arguments: this raises.",
    "F509": "The format string has a letter that means nothing: this raises when it runs.",
    "F521": "The format string cannot be read: this raises when it runs.",
    "F524": "The format string asks for an argument that is not given: this raises.",
    "F525": "The format string mixes two ways of counting: this raises when it runs.",
    "F601": "The same key stands twice: the first value is lost.",
    "F632": "`is` compares identity, not value: the answer is chance.",
    "F633": "`>>` on print does not print: this raises when it runs.",
    "F701": "This is a syntax error outside of a loop.",
    "F706": "This is a syntax error outside of a function.",
    "F811": "It is defined a second time before its first meaning was used: the first is lost.",
    "F821": "Nothing defines this name: it raises a NameError when the line runs.",
    "F822": "`__all__` names something that is not there: importing it raises.",
    "F823": "It is used before it is assigned in this function: this raises.",
    "B002": "Python has no `++`: this does nothing.",
    "B006": "The default is made once and shared by all calls: what one adds, the next one sees.",
    "B012": "This swallows the exception that is on its way, and the value that was returned.",
    "B015": "The comparison is made and thrown away: an assert or an assignment is missing.",
    "B018": "The value is computed and thrown away: a call or an assignment is missing.",
    "B020": "The loop overwrites what it runs over.",
    "B025": "The same exception is caught twice: the second handler never runs.",
    "B029": "An empty tuple catches nothing.",
    "B030": "What is caught here is no exception: this raises when something goes wrong.",
    "B035": "Every turn writes the same key: only the last value is left.",
    "PLE0100": "A generator cannot be `__init__`: making an object raises.",
    "PLE0101": "`__init__` returns a value: making an object raises.",
    "PLE0241": "A class names the same base twice: defining it raises.",
    "PLE0302": "A special method takes other arguments than Python hands it.",
    "PLE0604": "`__all__` holds something that is no name.",
    "PLE1132": "The same keyword is passed twice: this raises when it runs.",
    "PLE1205": "The log line gets more arguments than it has places for: they are lost.",
    "PLE1206": "The log line gets fewer arguments than it asks for: logging fails.",
    "PLE1307": "The format asks for another type than is given: this raises.",
    "PLE1310": "`strip` takes a set of letters, not a word: it takes away more than is meant.",
    "PLR0133": "Two constants are compared: the answer never changes.",
    "PLW0129": "An assert on a text is always true.",
    "PLW1508": "The default of an environment variable is no text: later uses of it fail.",
    "RUF006": "Nothing holds on to the task: it may vanish before it is done.",
}
FROM_OUTSIDE: Final = frozenset(
    {"_", "__", "ngettext", "reveal_type", "get_ipython", "display", "unicode", "xrange", "long"}
    | {"basestring", "unichr", "reload", "raw_input", "file", "cmp", "buffer", "execfile", "reduce"}
)
"""Names that come from elsewhere: put in by translations, notebooks, or Python 2."""
TITLES: Final[dict[str, str]] = {
    "B006": "A mutable default is shared by all calls",
    "B015": "A comparison is made and thrown away",
    "B018": "A value is computed and thrown away",
    "F632": "`is` is used to compare with a literal",
    "PLW1508": "The default of an environment variable is no text",
    "RUF006": "Nothing holds on to this task",
    "SC2164": "A `cd` that fails goes unnoticed",
    "SC2115": "If the variable is empty, this removes from the root directory",
}
"""Better words where an analyzer gives advice instead of naming the fault."""
UNLESS_TEST: Final = frozenset({"B015", "B018", "PLR0133", "F811"})
"""Codes that tests fulfil on purpose."""

SHELLCHECK: Final = frozenset(
    {1045, 1050, 1058, 1064, 1065, 1072, 1089, 2050, 2057, 2068, 2070}
    | {2071, 2074, 2075, 2077, 2080, 2105, 2115, 2144, 2157, 2158, 2160, 2161, 2164}
    | {2171, 2172, 2193, 2199, 2242, 2243, 2251, 2258, 2259, 2260, 2261, 2283, 2288, 2289, 2296}
    | {2319, 2320}
)
ZIZMOR: Final = {
    "template-injection": "Whoever can write the text that is put in here can run commands.",
    "dangerous-triggers": "Code of a stranger's pull request runs with this repository's rights.",
    "unpinned-images": "",
    "known-vulnerable-actions": "",
    "github-env": "A stranger's text can set variables for the steps that follow.",
    "insecure-commands": "Commands that were switched off for safety are allowed again.",
    "bot-conditions": "The condition can be met by somebody who is not the bot.",
    "hardcoded-container-credentials": "A password stands in the workflow.",
    "overprovisioned-secrets": "All secrets are handed over where one would do.",
    "unsound-contains": "The condition is met by texts that only contain the name.",
    "unsound-condition": "The condition is always true.",
}
AST_GREP: Final = """\
id: async-foreach
language: {script}
message: forEach waits for nobody
note: The callback is asynchronous, and forEach does not wait for it nor hear of its errors.
rule:
  any:
    - pattern: $LIST.forEach(async ($$$ARGS) => $BODY)
    - pattern: $LIST.forEach(async $ARG => $BODY)
    - pattern: $LIST.forEach(async function ($$$ARGS) {{ $$$BODY }})
---
id: async-promise
language: {script}
message: An asynchronous executor loses its errors
note: What is thrown in here rejects nothing, so whoever waits for the promise waits for ever.
rule:
  any:
    - pattern: new Promise(async ($$$ARGS) => $BODY)
    - pattern: new Promise(async $ARG => $BODY)
---
id: compared-with-nan
language: {script}
message: Nothing equals NaN
note: A comparison with NaN is false, whatever stands on the other side. Number.isNaN asks it.
rule:
  any: [{{pattern: $A === NaN}}, {{pattern: $A == NaN}},
        {{pattern: $A !== NaN}}, {{pattern: $A != NaN}}]
---
id: typeof-undefined
language: {script}
message: typeof gives a text
note: typeof gives a text, so this compares it with a value that it never is.
rule:
  any: [{{pattern: typeof $A === undefined}}, {{pattern: typeof $A == undefined}},
        {{pattern: typeof $A === null}}, {{pattern: typeof $A !== undefined}}]
"""
SAME_ON_BOTH_SIDES: Final = """\
id: same-on-both-sides
language: {language}
message: Both sides are the same
note: The same stands on both sides, so the answer never changes; one side is probably mistyped.
rule:
  any: [{{pattern: $A == $A}}, {{pattern: $A != $A}}, {{pattern: $A && $A}}, {{pattern: $A || $A}},
        {{pattern: $A {strictly} $A}}]
constraints: {{A: {{regex: "[.(]|^[a-z_A-Z]+$"}}}}
"""
GO: Final = """\
id: defer-in-loop
language: go
message: A defer in a loop runs when the function ends
note: Each turn of the loop leaves one more open until the whole function returns.
rule:
  pattern: defer $X.Close()
  inside: {kind: for_statement, stopBy: {kind: func_literal}}
"""
