"""Where to cut code so that what is shown is whole: at a function's border, or a block's in it.

Functions and classes are found by `functions`. Within a large one a line that stands deeper than
the one before it belongs to that one's block; what closes a block (`}`, `end`, `else`) and what is
blank once comments and literals are taken out ends none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from daydreamd.text.functions import Definition, definitions
from daydreamd.text.masking import masked

Region = tuple[int, int]
"""The first and the last line of a part of a file, counted from 1, both in it."""

_CONTINUES: Final = re.compile(
    r"[\])}{]|(?:end|else|elif|elsif|elseif|except|catch|finally|rescue|ensure|then|do|fi|done|esac"
    r"|begin|where|default|case|when)\b(?!\s*=)|</"
)
_AT_THE_EDGE: Final = re.compile(r"#|[A-Za-z_]\w*:(?!:)\s*$")  # a preprocessor's line, a label
_MOST_ABOVE: Final = 8
_TAB: Final = 4


@dataclass(frozen=True)
class Blocks:
    """The blocks of a file's lines, which are counted from 1."""

    lines: Sequence[str]
    path: str = ""

    def around(self, line: int, *, most: int) -> Region | None:
        """The smallest function or class around `line`, if it has at most `most` lines.

        Else the largest block within it that is small enough; None where there is none.
        """
        if (found := self._definition(line)) and found.last_line - found.first_line < most:
            return self._whole(found)
        largest = None
        for region in self._inner(line):
            if region[1] - region[0] >= most:
                break
            largest = region
        return largest

    def enclosing(self, line: int) -> Region | None:
        """The smallest function or class around `line`, however large it is."""
        found = self._definition(line)
        return self._whole(found) if found else None

    def heading(self, line: int) -> tuple[int, str] | None:
        """The first line of what `line` is in, and its text."""
        found = self._definition(line)
        return (found.first_line, self.lines[found.first_line - 1].strip()) if found else None

    def paragraph(self, line: int, *, most: int) -> Region:
        """The lines around `line` without a blank one between, at most `most` on each side."""
        first = last = line
        while first > 1 and line - first < most and self.lines[first - 2].strip():
            first -= 1
        while last < len(self.lines) and last - line < most and self.lines[last].strip():
            last += 1
        return first, last

    def _definition(self, line: int) -> Definition | None:
        around = (one for one in self._definitions if one.first_line <= line <= one.last_line)
        return min(around, key=lambda one: one.last_line - one.first_line, default=None)

    def _whole(self, one: Definition) -> Region:
        """A definition with the comment right above it."""
        first = one.first_line
        while first > 1 and one.first_line - first < _MOST_ABOVE and self._is_comment(first - 1):
            first -= 1
        return first, one.last_line

    def _is_comment(self, line: int) -> bool:
        return bool(self.lines[line - 1].strip()) and not self._code[line - 1].strip()

    def _inner(self, line: int) -> list[Region]:
        """The blocks around `line` by indentation, inmost first."""
        parents, ends = self._tree
        found: list[Region] = []
        at: int | None = line - 1
        while at is not None and at > 0 and self._depths[at] is None:
            at -= 1  # a blank line belongs to what is above it
        while at is not None:
            if ends[at] > at:
                found.append((at + 1, ends[at] + 1))
            at = parents[at]
        return found

    @cached_property
    def _definitions(self) -> tuple[Definition, ...]:
        return definitions("\n".join(self.lines), self.path)

    @cached_property
    def _code(self) -> list[str]:
        return masked("\n".join(self.lines), self.path).split("\n")

    @cached_property
    def _depths(self) -> list[int | None]:
        return [_depth(line) for line in self._code]

    @cached_property
    def _tree(self) -> tuple[list[int | None], list[int]]:
        """Of each line the one whose block it is in, and the last line of its own block."""
        parents: list[int | None] = [None] * len(self.lines)
        ends = list(range(len(self.lines)))
        above: list[tuple[int, int]] = []  # depth and index of the lines whose block may go on
        last = -1
        for at, depth in enumerate(self._depths):
            if depth is None:
                continue
            while above and above[-1][0] > depth:
                ends[above.pop()[1]] = last
            goes_on = _CONTINUES.match(self._code[at].strip()) is not None
            if above and above[-1][0] == depth and not goes_on:
                ends[above.pop()[1]] = last
            parents[at] = above[-1][1] if above else None
            if not (above and above[-1][0] == depth):
                above.append((depth, at))
            last = at
        for _, at in above:
            ends[at] = max(at, last)
        return parents, ends


def _depth(code: str) -> int | None:
    """The indentation of a line; None where it says nothing."""
    text = code.lstrip(" \t")
    if not text.strip() or (text == code and _AT_THE_EDGE.match(code)):
        return None
    blanks = code[: len(code) - len(text)]
    return len(blanks) + blanks.count("\t") * (_TAB - 1)
