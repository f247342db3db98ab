"""One line of code, changed so that a statement about it is true after and false before.

The patterns know no language: what they change is written alike in most. A line that holds more
than one of what is to be changed, or quotes, or a comment, is passed over: only what is true beyond
doubt may be asked. The statements say what the code does, never whether that was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_NAME: Final = r"[A-Za-z_][\w.]*"
_VALUE: Final = r"[A-Za-z_0-9][\w.]*"
_MOST_CHARS: Final = 140
_UNFIT: Final = re.compile(r"[\"'`#\\]|//|/\*|^\s*\*|--")

_OPPOSITE: Final = {
    "<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "==", "===": "!==", "!==": "===",
}  # fmt: skip
_SAID: Final = {
    "<": "is less than",
    ">": "is greater than",
    "<=": "is at most",
    ">=": "is at least",
    "==": "equals",
    "!=": "differs from",
    "===": "equals",
    "!==": "differs from",
}
_CONDITION: Final = re.compile(
    rf"^(?P<head>\s*(?:\}}\s*)?(?:if|elif|else if|elsif|while)\b[\s(]*)(?P<left>{_NAME})\s(?P<sign>"
    rf"[<>]=?|[=!]==?)\s(?P<right>{_VALUE})(?P<tail>\s*\)?\s*(?:[:{{]|then|do)?\s*)$"
)
_BOTH: Final = re.compile(
    rf"^(?P<head>\s*(?:\}}\s*)?(?:if|elif|else if|elsif|while)\b[\s(]*)(?P<left>{_NAME})\s(?P<sign>"
    rf"and|&&)\s(?P<right>{_NAME})(?P<tail>\s*\)?\s*(?:[:{{]|then|do)?\s*)$"
)
_RANGE: Final = re.compile(
    r"^(?P<head>\s*for\s+(?P<name>\w+)\s+in\s+range\()(?P<most>[\w.]+)(?P<tail>\)\s*:\s*)$"
)
_COUNTED: Final = re.compile(
    r"^(?P<head>\s*for\s*\(.*;\s*(?P<name>\w+)\s)(?P<sign><)(?P<tail>\s(?P<most>[\w.]+)\s*;.*)$"
)
_AWAITED: Final = re.compile(rf"^(?P<head>[^()]*?)\bawait\s+(?P<call>{_NAME})(?P<tail>\(.*)$")
_RETURNED: Final = re.compile(rf"^(?P<head>\s*)return\s+(?P<value>{_NAME})(?P<tail>\s*;?\s*)$")
_CALLED: Final = re.compile(
    rf"^(?P<head>(?:\s*(?:return\s+)?|.*=\s*)(?P<call>{_NAME})\()(?P<first>{_NAME}),\s*"
    rf"(?P<second>{_NAME})(?P<tail>\)\s*;?\s*)$"
)
_RETURNS_THE_LAST_VALUE: Final = (".rb", ".rs", ".pl", ".pm", ".ex", ".exs", ".scala", ".kt", ".jl")
_ADDED: Final = re.compile(
    rf"^(?P<head>\s*(?P<name>{_NAME})\s*)\+=(?P<tail>\s*(?P<value>{_VALUE})\s*;?\s*)$"
)


class Mutation(NamedTuple):
    """`line` in place of the original: then `title` and `body` say what is true, before not."""

    line: str
    title: str
    body: str


def mutations(line: str, path: str = "") -> Iterator[Mutation]:
    """Each way in which this line of the file `path` can be changed, at most one of a kind."""
    if len(line) > _MOST_CHARS or _UNFIT.search(line):
        return
    for shape, change in _CHANGES:
        if shape is _RETURNED and path.endswith(_RETURNS_THE_LAST_VALUE):
            continue  # what stands last is returned there, with the word or without
        if found := shape.match(line):
            mutation = change(found)
            if mutation is not None and mutation.line != line:
                yield mutation


def _opposed(found: re.Match[str]) -> Mutation:
    sign = _OPPOSITE[found["sign"]]
    left, right = found["left"], found["right"]
    said = f"`{left}` {_SAID[sign]} `{right}`"
    return Mutation(
        f"{found['head']}{left} {sign} {right}{found['tail']}",
        f"The condition on `{left}` is met when {said}",
        f"What depends on this condition is done when {said}, and is left out otherwise.",
    )


def _either(found: re.Match[str]) -> Mutation:
    left, right = found["left"], found["right"]
    sign = "or" if found["sign"] == "and" else "||"
    return Mutation(
        f"{found['head']}{left} {sign} {right}{found['tail']}",
        f"One of `{left}` and `{right}` is enough for this condition",
        f"What depends on it is done even where only `{left}` or only `{right}` is true.",
    )


def _from_one(found: re.Match[str]) -> Mutation:
    name, most = found["name"], found["most"]
    return Mutation(
        f"{found['head']}1, {most}{found['tail']}",
        f"The loop over `{name}` begins at 1 and leaves out 0",
        f"`{name}` is never 0 in this loop, so what stands at index 0 is not looked at.",
    )


def _once_more(found: re.Match[str]) -> Mutation:
    name, most = found["name"], found["most"]
    return Mutation(
        f"{found['head']}<={found['tail']}",
        f"The loop over `{name}` has a round in which `{name}` equals `{most}`",
        f"Its last round is not that before `{most}`, but that with `{name}` equal to `{most}`.",
    )


def _not_awaited(found: re.Match[str]) -> Mutation | None:
    if "await" in found["tail"]:
        return None
    call = found["call"]
    return Mutation(
        f"{found['head']}{call}{found['tail']}",
        f"`{call}` is called here without being awaited",
        f"The call of `{call}` on this line is not awaited: its work may not be done behind it.",
    )


def _not_returned(found: re.Match[str]) -> Mutation | None:
    value = found["value"]
    if value.lower() in ("none", "null", "nil", "true", "false", "self", "this", "undefined"):
        return None
    return Mutation(
        f"{found['head']}{value}{found['tail']}",
        f"`{value}` is named on this line, but not returned",
        f"The line does nothing with `{value}`: the caller is not given it here.",
    )


def _swapped(found: re.Match[str]) -> Mutation | None:
    call, first, second = found["call"], found["first"], found["second"]
    if first == second or call in ("def", "function", "func", "fn", "fun", "if", "for", "while"):
        return None
    return Mutation(
        f"{found['head']}{second}, {first}{found['tail']}",
        f"`{call}` is called with `{second}` before `{first}`",
        f"The first argument of this call is `{second}`, and the second is `{first}`.",
    )


def _lowered(found: re.Match[str]) -> Mutation:
    name, value = found["name"], found["value"]
    return Mutation(
        f"{found['head']}-={found['tail']}",
        f"`{value}` is taken away from `{name}`",
        f"After this line `{name}` is less by `{value}` than before it.",
    )


_CHANGES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Mutation | None]], ...]] = (
    (_CONDITION, _opposed),
    (_BOTH, _either),
    (_RANGE, _from_one),
    (_COUNTED, _once_more),
    (_AWAITED, _not_awaited),
    (_RETURNED, _not_returned),
    (_CALLED, _swapped),
    (_ADDED, _lowered),
)
