"""Where functions and classes begin and end, in any language, by indentation and brackets.

No grammar is known. A line that stands deeper than one before it belongs to that one's block; what
closes a block (`}`, `end`, `else`) and what lies inside a text of several lines, an open bracket or
a preprocessor's line ends none. Code that nobody indented has no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

Region = tuple[int, int]
"""The first and the last line of a part of a file, counted from 1, both in it."""

_CONTINUES: Final = re.compile(
    r"[\])}{]|(?:end|else|elif|elsif|elseif|except|catch|finally|rescue|ensure|then|do|fi|done|esac"
    r"|begin|where|default|case|when)\b(?!\s*=)|</"
)
_STARTS_FUNCTION: Final = re.compile(
    r"(?:[\w@*&<>,.\[\]:'\"()?]+\s+)*?(?:async\s+)?"
    r"(?:def|defp|defmacro|func|function|fn|fun|sub|proc|procedure|method|constructor|init"
    r"|class|struct|interface|trait|impl|module|object|enum|record|type|macro|describe|it|test)\b"
)
_CALL_LIKE: Final = re.compile(r"[\w:~<>,*&\[\]\s.@?]*?\b([A-Za-z_$][\w$]*[?!]?)\s*(?:<[^<>]*>\s*)?\(")
_CONTROL: Final = frozenset(
    "if for while switch catch with return match elif elsif unless until foreach lock using"
    " synchronized when assert raise throw await not and or in yield print case".split()
)
_ARROW: Final = re.compile(r"=>\s*[{(]?\s*$|=\s*(?:async\s+)?(?:function\b|\([^()]*\)\s*=>)")
_ABOVE: Final = re.compile(r"@|#\[|\[[A-Z]|//|#|/?\*|\"\"\"|--|;;|template\b|export\b|static\b")
_WORDS: Final = re.compile(r"[A-Za-z_][\w\s*:<>]*")  # C's type of what a function returns
_MOST_ABOVE: Final = 8
_TRIPLE: Final = re.compile(r'"""|\'\'\'')
_BLOCK_COMMENT: Final = re.compile(r"/\*|\*/")
_TAB: Final = 4


@dataclass(frozen=True)
class Blocks:
    """The blocks of a file's lines. Lines are counted from 1."""

    lines: Sequence[str]

    def around(self, line: int, *, most: int) -> Region | None:
        """The function or class around `line` that has at most `most` lines; the smallest one.

        Else the largest block that is small enough; None where there is none.
        """
        largest = None
        for header in self._headers(line):
            region = self._whole(header)
            if region[1] - region[0] >= most:
                break
            largest = region
            if self.is_function(header):
                break
        return largest

    def enclosing(self, line: int) -> Region | None:
        """The function or class around `line`, however large it is."""
        header = self._function(line)
        return self._whole(header) if header else None

    def heading(self, line: int) -> tuple[int, str] | None:
        """The first line of the function that `line` is in, and its text."""
        header = self._function(line)
        return (header, self.lines[header - 1].strip()) if header else None

    def _function(self, line: int) -> int | None:
        return next((header for header in self._headers(line) if self.is_function(header)), None)

    def paragraph(self, line: int, *, most: int) -> Region:
        """The lines around `line` without a blank one between, at most `most` on each side."""
        first = last = line
        while first > 1 and line - first < most and self._depth[first - 2] is not None:
            first -= 1
        while last < len(self.lines) and last - line < most and self._depth[last] is not None:
            last += 1
        return first, last

    def is_function(self, line: int) -> bool:
        """Whether a function, a class or the like begins here."""
        text = self.lines[line - 1].strip()
        if _STARTS_FUNCTION.match(text):
            return True
        if text.endswith((";", ",")):
            return False
        call = _CALL_LIKE.match(text[:300])
        return bool((call and call[1] not in _CONTROL) or _ARROW.search(text[:300]))

    def _headers(self, line: int) -> list[int]:
        """The first lines of the blocks around `line`, inmost first; itself if it begins one."""
        found = []
        at: int | None = line - 1
        while at is not None and self._depth[at] is None and at > 0:
            at -= 1  # a blank line belongs to what is above it
        while at is not None:
            if self._ends[at] > at:
                found.append(at + 1)
            at = self._parents[at]
        return found

    def _whole(self, header: int) -> Region:
        """A block with the comments and the decorators above it."""
        first, depth = header - 1, self._depth[header - 1]
        for _ in range(_MOST_ABOVE):
            above = first - 1
            if above < 0 or self._depth[above] != depth or self._ends[above] > above:
                break
            text = self.lines[above].strip()
            if not _ABOVE.match(text) and (_CONTINUES.match(text) or not _WORDS.fullmatch(text)):
                break
            first = above
        return first + 1, self._ends[header - 1] + 1

    @cached_property
    def _depth(self) -> list[int | None]:
        return _depths(self.lines)

    @cached_property
    def _parents(self) -> list[int | None]:
        return self._tree[0]

    @cached_property
    def _ends(self) -> list[int]:
        return self._tree[1]

    @cached_property
    def _tree(self) -> tuple[list[int | None], list[int]]:
        """Of each line the one whose block it is in, and the last line of its own block."""
        parents: list[int | None] = [None] * len(self.lines)
        ends = list(range(len(self.lines)))
        open_lines: list[tuple[int, int]] = []  # depth and index of the lines above that may be left
        last = -1
        for at, depth in enumerate(self._depth):
            if depth is None:
                continue
            closes = _CONTINUES.match(self.lines[at].strip()) is not None
            while open_lines and open_lines[-1][0] >= depth:
                if closes and open_lines[-1][0] == depth:
                    break
                ends[open_lines.pop()[1]] = last
            if closes and open_lines and open_lines[-1][0] == depth:
                parents[at] = open_lines[-1][1]
            else:
                parents[at] = open_lines[-1][1] if open_lines else None
                open_lines.append((depth, at))
            last = at
        for _, at in open_lines:
            ends[at] = max(at, last)
        return parents, ends


def _depths(lines: Sequence[str]) -> list[int | None]:
    """The indentation of each line; None for blank ones and inside texts and comments."""
    found: list[int | None] = []
    inside = ""
    for line in lines:
        was_inside = inside
        inside = _state_after(line, inside)
        text = line.lstrip(" \t")
        if not text.strip() or was_inside or _is_aside(line, text):
            found.append(None)
        else:
            blanks = line[: len(line) - len(text)]
            found.append(len(blanks) + blanks.count("\t") * (_TAB - 1))
    return found


def _is_aside(line: str, text: str) -> bool:
    """A preprocessor's line or a label: it stands at the edge whatever it is in."""
    if line is not text and line != text:
        return False
    return bool(re.match(r"#\s*(?:if|else|elif|endif|define|undef|pragma)\b|[A-Za-z_]\w*:(?!:)\s*$", text))


def _state_after(line: str, inside: str) -> str:
    """The mark of the text or comment of several lines that is open at the end of `line`."""
    if inside in ("", "*/"):
        for mark in _BLOCK_COMMENT.findall(line) if "*" in line else ():
            if mark == "/*" and not inside and not _is_quoted(line, line.index("/*")):
                inside = "*/"
            elif mark == "*/":
                inside = ""
    if inside != "*/" and ('"""' in line or "'''" in line):
        for mark in _TRIPLE.findall(line):
            inside = "" if inside == mark else inside or mark
    return inside


def _is_quoted(line: str, at: int) -> bool:
    """Whether a place lies behind an odd number of quotes, as a glob `"src/*"` does."""
    return any(line.count(quote, 0, at) % 2 for quote in "\"'`")
