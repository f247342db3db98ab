"""Code by its shape: what is left of it when names are exchanged for others.

Two pieces are alike where one becomes the other by giving each name another one. A function's mark
is that of each of its lines, and tells later which lines came.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from daydreamd.insights.words import SYNTAX
from daydreamd.text.masking import uncommented

_TOKEN: Final = re.compile(r"[^\W\d][\w$]*|\d[\w.]*|[^\s\w]")
_NAME: Final = re.compile(r"[^\W\d][\w$]*")
_MOST_LINES: Final = 400
_CONTROL: Final = re.compile(
    r"\b(?:if|unless|elif|else|try|except|catch|finally|with|raise|throw|return|assert|guard|"
    r"defer|continue|"
    r"break|lock|Lock|await|close|Close|free|require|match|case|while|check\w*|validate\w*|"
    r"timeout|synchronized)\b|\?\?|\?\."
)
_NEAR: Final = 3


def renaming(old: Sequence[str], new: Sequence[str]) -> dict[str, str] | None:
    """Which name became which, where `new` is `old` with names exchanged; None where it is not."""
    before, after = (_TOKEN.findall("\n".join(lines)) for lines in (old, new))
    if len(before) != len(after):
        return None
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for one, other in zip(before, after, strict=True):
        named = _is_name(one) and _is_name(other)
        if not named and one != other:
            return None
        if named and (there.setdefault(one, other) != other or back.setdefault(other, one) != one):
            return None
    return {one: other for one, other in there.items() if one != other}


def _is_name(token: str) -> bool:
    return _NAME.fullmatch(token) is not None and token.lower() not in SYNTAX


def mark_of(text: str, path: str) -> str:
    """The shapes of the lines of a function, short enough to be kept."""
    return " ".join(shape for shape, _ in _shapes(text, path))


def came_near(mark: str, text: str, path: str, cited: int) -> bool:
    """Whether lines that decide something came into a function before or about its line `cited`.

    `mark` is that of the function as it was, `text` the function as it is, and `cited` counts its
    lines from 0.
    """
    now = list(_shapes(text, path))
    lines = text.split("\n")
    matcher = SequenceMatcher(None, mark.split(), [shape for shape, _ in now], autojunk=False)
    for kind, _, _, first, last in matcher.get_opcodes():
        if kind in ("insert", "replace"):
            for _, number in now[first:last]:
                if number <= cited + _NEAR and _CONTROL.search(lines[number]):
                    return True
    return False


def _shapes(text: str, path: str) -> Iterator[tuple[str, int]]:
    """The shape of each line that is not blank, and its number."""
    for number, line in enumerate(uncommented(text, path).split("\n")[:_MOST_LINES]):
        tokens = ["_" if _is_name(token) else token for token in _TOKEN.findall(line)]
        if tokens:
            yield f"{zlib.crc32(''.join(tokens).encode(errors='replace')) & 0xFFFF:04x}", number
