"""Where a language defines names, told from single lines: enough to say that a name is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_JS: Final = re.compile(
    r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s*\*?|class)\s+(\w+)"
    r"|^(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\b|\()"
)
_DEFINES: Final[dict[str, re.Pattern[str]]] = {
    "python": re.compile(r"^(?:async\s+)?def\s+(\w+)|^class\s+(\w+)"),
    "javascript": _JS,
    "go": re.compile(r"^func\s+(\w+)\s*[(\[]|^type\s+(\w+)\s"),
    "rust": re.compile(
        r"^(?:pub(?:\([^)]*\))?\s+)?(?:const\s+|async\s+|unsafe\s+)*(?:fn|struct|enum|trait)\s+(\w+)"
    ),
    "ruby": re.compile(r"^\s*def\s+(?:self\.)?(\w+)"),
    "php": re.compile(r"^function\s+(\w+)"),
    "c": re.compile(r"^(\w+)\([^;]*$|^[A-Za-z_][\w\s*]*[\s*](\w+)\([^;]*$"),
    "shell": re.compile(r"^(?:function\s+)?([\w-]+)\s*\(\)"),
}
FAMILIES: Final = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".jsx": "javascript",
    ".mjs": "javascript", ".cjs": "javascript", ".ts": "javascript", ".tsx": "javascript",
    ".vue": "javascript", ".go": "go", ".rs": "rust", ".rb": "ruby", ".php": "php", ".c": "c",
    ".h": "c", ".sh": "shell", ".bash": "shell", ".java": "java", ".kt": "kotlin", ".cs": "csharp",
    ".swift": "swift", ".cc": "c++", ".cpp": "c++", ".hpp": "c++", ".scala": "scala",
}  # fmt: skip
_LONGEST_LINE: Final = 400
_COMMENT: Final = re.compile(r"^\s*(#|//|/?\*|--|;|<!--|\"\"\"|''')")


class Defined(NamedTuple):
    """A name defined at the outermost level, at `line` (from 1)."""

    name: str
    line: int


def family_of(suffix: str) -> str | None:
    """The language family of a file's ending; None for what is no code that we know."""
    return FAMILIES.get(suffix)


def defined_in(text: str | None, family: str | None) -> Iterator[Defined]:
    """The functions and classes that a text defines at its outermost level."""
    pattern = _DEFINES.get(family or "")
    if pattern is None or not text:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) <= _LONGEST_LINE and (found := pattern.match(line)):
            name = next(filter(None, found.groups()), "")
            if name:
                yield Defined(name, number)


def may_define(line: str, name: str) -> bool:
    """Whether a line could bring `name` into being, in whatever language and by whatever means."""
    word = re.escape(name)
    return bool(
        re.search(
            rf"\b(?:def|class|function\*?|func|fn|struct|enum|trait|type|interface|object|module"
            rf"|macro_rules!|#\s*define|const|let|var|val|alias|alias_method|attr_\w+|use|using)"
            rf"\s+(?:self\.|\([^)]*\)\s*)?:?{word}\b"
            rf"|\b{word}\s*(?::=|=(?!=)|:\s*[\w\[(])|[\"':]{word}[\"']?\s*(?::|=>|,|\]|\))"
            rf"|^\s+{word}\s+[\w\[\]*.]+\s*(?:\{{|$)|\bas\s+{word}\b|\b{word}\s*\([^)]*\)\s*\{{",
            line,
        )
    )


def defines(line: str, name: str) -> bool:
    """Whether a line surely defines `name` as a function, a class or a type."""
    return bool(
        re.search(
            rf"\b(?:def|class|function\*?|func|fn|struct|enum|trait|type|interface|module)"
            rf"\s+(?:self\.|\([^)]*\)\s*)?{re.escape(name)}\b"
            rf"|^(?:export\s+)?(?:const|let|var)\s+{re.escape(name)}\s*=\s*(?:async\s*)?(?:function|\()",
            line,
        )
    )


def is_comment(line: str) -> bool:
    """Whether a line is nothing but a comment, in most languages."""
    return _COMMENT.match(line) is not None
