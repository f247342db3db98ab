"""The functions and classes of source code, found by brackets and indentation in any language.

No grammar is known and none can be wrong: a line that declares something begins it; it ends with
the bracket that closes it where that stands as its language would write it, else where the
indentation ends. Code that is neither bracketed nor indented has no functions here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from daydreamd.text.masking import masked

_MOST_DEFINITIONS: Final = 5_000
_MOST_HEADER_LINES: Final = 30
_MOST_LINE: Final = 400  # a longer line is generated, and declares nothing that people read

_NAME: Final = r"[A-Za-z_$\u00a1-\uffff][\w$\u00a1-\uffff]*"
_MODIFIERS: Final = (
    r"(?:(?:export|default|pub(?:\([^)]{0,40}\))?|public|private|protected|internal|static|final|"
    r"abstract|async|override|open|inline|virtual|unsafe|extern|const|suspend|data|sealed|partial|"
    r"declare|local|readonly|case|companion|implicit|synchronized|fileprivate|mutating)\s+)*"
)
_FUNCTION: Final = re.compile(
    rf"\s*{_MODIFIERS}(?:def|defp|defmacrop?|fn|func|fun|function\*?|sub|proc|procedure|"
    rf"subroutine)\b\s*"
    rf"(?:\((?:{_NAME}\s+)?\*?\s*(?P<receiver>{_NAME})(?:\[[^\]]*\])?\)\s*)?"
    rf"(?:<[^>(]*>\s*)?(?P<name>\*?\s*{_NAME}(?:(?:\.|::|:){_NAME})*[?!=]?)"
)
_CLASS: Final = re.compile(
    rf"\s*{_MODIFIERS}(?:class|struct|interface|trait|module|enum|namespace|object|protocol|"
    rf"extension|record|mod|union|defmodule|contract|actor)\s+(?P<name>{_NAME}(?:(?:\.|"
    rf"::){_NAME})*)"
)
_USED_AS_TYPE: Final = re.compile(r"[\s\w]*\b(?:struct|enum|union)\b")
_TYPE: Final = re.compile(rf"\s*type\s+(?P<name>{_NAME})(?:\[[^\]]*\])?\s+(?:struct|interface)\b")
_IMPL: Final = re.compile(
    rf"\s*(?:unsafe\s+)?impl\b(?:\s*<[^{{]*?>)?\s+(?:[^{{]*?\bfor\s+)?&?(?:{_NAME}::)*(?P<name>{_NAME})"
)
_ASSIGNED: Final = re.compile(
    rf"\s*(?:export\s+)?(?:default\s+)?(?:(?:const|let|var|static|readonly|public|private)\s+)*"
    rf"(?P<name>{_NAME}(?:\.{_NAME})*|\"[^\"]*\"|'[^']*')\s*(?::[^=()]{{0,80}})?(?:=|:|"
    rf"<-)\s*(?:async\s*)?"
    rf"(?:function\b|(?:<[^>]*>)?\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?::\s*[^=]{{1,80}})?=>|"
    rf"{_NAME}\s*=>)"
)
_CALLED: Final = re.compile(
    rf"(?P<before>(?!\s*@)[\w\s*&<>,:\[\]~.@?|$\u00a1-\uffff]*?)(?P<name>~?{_NAME}(?:::~?{_NAME})*)\s*\("
)
_LISP: Final = re.compile(
    r"\s*\((?:defun|defn-?|defmacro|define|defmethod)\s+\(?(?P<name>[^\s()]+)"
)
_AFTER_ARGUMENTS: Final = re.compile(r"[\w\s:<>,&*.\[\]|?()!-]*\{")
_NO_NAME_WORDS: Final = """
    if for foreach while switch catch return else elif do sizeof new throw await yield in not and or
    typeof delete assert with when match unless until loop select go defer print case super import
    const var type func fn function def package using lock synchronized try finally rescue except
    lambda echo exit
"""
_NO_NAMES: Final = frozenset(_NO_NAME_WORDS.split())
_RESULT: Final = re.compile(r"[A-Za-z_][\w \t]*[ \t*]*")
_DECORATION: Final = re.compile(r"\s*(?:@[\w.]+|#!?\[|\[[A-Z]\w*.*\]\s*$)")
_CLOSING: Final = re.compile(r"\s*(?:[)}\]]|end\b|esac\b|fi\b|done\b)")
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
_BRACKET: Final = re.compile(r"[()\[\]{}]")


class Definition(NamedTuple):
    """A function or class: its qualified name (`Cart.total`), and its lines, from 1, inclusive."""

    name: str
    first_line: int
    last_line: int
    is_function: bool


def function_around(text: str, line: int, path: str = "") -> Definition | None:
    """The innermost function that `line` (from 1) stands in; None where it stands in none."""
    around = [one for one in definitions(text, path) if one.is_function and _has(one, line)]
    return min(around, key=lambda one: one.last_line - one.first_line, default=None)


def _has(one: Definition, line: int) -> bool:
    return one.first_line <= line <= one.last_line


@lru_cache(maxsize=32)
def definitions(text: str, path: str = "") -> tuple[Definition, ...]:
    """All functions and classes in `text`, in the order in which they begin."""
    code = masked(text, path).split("\n")
    found: list[Definition] = []
    closes = _closing_lines(code)
    for at, line in enumerate(code):
        if len(found) >= _MOST_DEFINITIONS:
            break
        declared = _declared(code, at) if line.strip() and len(line) < _MOST_LINE else None
        if declared is None:
            continue
        name, is_function = declared
        last = _last_line(code, at, closes)
        outer = [one for one in found if one.last_line >= at + 1]
        within = outer[-1].name + "." if outer and not name.startswith(outer[-1].name + ".") else ""
        found.append(Definition(within + name, _first_line(code, at) + 1, last + 1, is_function))
    return tuple(found)


def _declared(code: Sequence[str], at: int) -> tuple[str, bool] | None:
    """The name that the line declares, and whether it is a function's."""
    line = code[at]
    if found := _FUNCTION.match(line):
        receiver = found["receiver"]
        name = found["name"].replace("*", "").strip().replace("::", ".").replace(":", ".")
        return (f"{receiver}.{name}" if receiver else name), True
    for shape in (_CLASS, _TYPE, _IMPL):
        if (found := shape.match(line)) and _has_body(code, at, found.end()):
            return found["name"].replace("::", "."), False
    if found := _ASSIGNED.match(line):
        return found["name"].strip("\"'").replace(".prototype.", "."), True
    if found := _LISP.match(line):
        return found["name"], True
    return _called(code, at)


def _has_body(code: Sequence[str], at: int, column: int) -> bool:
    """Whether a type is declared here and not used: `struct stat *seen;`, `enum kind` of a result.

    A class without a body of its own, as Kotlin has them, is declared all the same.
    """
    rest = code[at][column:].strip()
    if not _USED_AS_TYPE.match(code[at]):
        return not rest.startswith(";")
    if not rest:
        return "".join(code[at + 1 : at + 2]).lstrip().startswith("{")
    return rest[0] in "{:<(" and not (rest.endswith(";") and "{" not in rest)


def _called(code: Sequence[str], at: int) -> tuple[str, bool] | None:
    """`int main(void) {` and its kin: a name, its arguments in brackets, and a block."""
    found = _CALLED.match(code[at])
    if found is None or found["name"] in _NO_NAMES or "foreach" in found["name"].lower():
        return None
    before = found["before"].split()
    if (before and (before[-1] in _NO_NAMES or before[-1].endswith((".", ",")))) or (
        _NO_NAMES.intersection(before) - {"new", "synchronized", "const"}
    ):
        return None
    rest = "\n".join([code[at][found.end() - 1 :], *code[at + 1 : at + _MOST_HEADER_LINES]])
    end = _matching(rest)
    if end is None or not _AFTER_ARGUMENTS.match(rest[end + 1 : end + 400].split(";")[0]):
        return None
    return found["name"].replace("::", "."), True


def _matching(text: str) -> int | None:
    """Where the bracket that `text` begins with is closed."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found[0] in _PAIRS else -1
        if depth == 0:
            return found.start()
    return None


def _closing_lines(code: Sequence[str]) -> dict[tuple[int, int], tuple[int, int]]:
    """Line and column of each opening bracket, and of the one that closes it."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    stack: list[tuple[str, int, int]] = []
    for number, line in enumerate(code):
        for mark in _BRACKET.finditer(line):
            if mark[0] in _PAIRS:
                stack.append((_PAIRS[mark[0]], number, mark.start()))
            elif any(one[0] == mark[0] for one in stack[-3:]):  # else one too many: passed over
                while (top := stack.pop())[0] != mark[0]:
                    pass
                found[top[1], top[2]] = number, mark.start()
    return found


def _first_line(code: Sequence[str], at: int) -> int:
    """With the decorators, attributes or the type of the result right above."""
    indent = _indent(code[at])
    if at and _RESULT.fullmatch(code[at - 1]) and _CALLED.match(code[at]) and not indent:
        at -= 1
    while at > 0 and _DECORATION.match(code[at - 1]) and _indent(code[at - 1]) == indent:
        at -= 1
    return at


def _last_line(code: Sequence[str], at: int, closes: dict[tuple[int, int], tuple[int, int]]) -> int:
    """The line with which the definition that begins at `at` ends."""
    header_end, block = at, None
    number, column = at, 0
    while number < min(len(code), at + _MOST_HEADER_LINES):
        mark = _BRACKET.search(code[number], column)
        if mark is None:
            if not _goes_on(code, number):
                break
            number, column = number + 1, 0
            continue
        closed = closes.get((number, mark.start()))
        if closed is None:
            break
        header_end = max(header_end, closed[0])
        if mark[0] == "{" and (
            closed[0] > number or not code[number][closed[1] + 1 :].strip(" ;,")
        ):
            block = closed[0]
            break
        number, column = closed[0], closed[1] + 1
    if block is not None and (block == at or _indent(code[block]) <= _indent(code[at])):
        return block
    return _by_indentation(code, at, header_end if block is None else at)


def _goes_on(code: Sequence[str], number: int) -> bool:
    """Whether a header without an open bracket goes on: its block opens on the next line."""
    said = code[number].rstrip()
    if said.endswith(("where", ",")):
        return True
    following = next((line for line in code[number + 1 : number + 3] if line.strip()), "")
    return following.lstrip().startswith(("{", "where", "throws", "->", ":", "=>", "noexcept"))


def _by_indentation(code: Sequence[str], at: int, after: int) -> int:
    indent, last = _indent(code[at]), after
    for number in range(after + 1, len(code)):
        line = code[number]
        if not line.strip() or line.startswith("#"):
            continue
        if _indent(line) <= indent:
            closes_it = _CLOSING.match(line) and _indent(line) == indent
            return number if closes_it else last
        last = number
    return last


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())
