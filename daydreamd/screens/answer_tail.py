"""The end of an answer as it streams, as something to read rather than as half a JSON document."""

from __future__ import annotations

import re
from typing import Final

from daydreamd.text import one_line

_KEPT_CHARS: Final = 8_192
_PROSE: Final = re.compile(r'"(?:title|body)"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}|(.)|$)", re.DOTALL)
_BLANKS: Final = frozenset("ntrbf")


class AnswerTail:
    """Takes the answer piece by piece and keeps only its end."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, piece: str) -> None:
        """The next piece of the answer."""
        self._text = (self._text + piece)[-_KEPT_CHARS:]

    def line(self, *, width: int) -> str:
        """The end of what is being said, on one harmless line of at most `width`."""
        prose = _PROSE.findall(self._text)
        said = _ESCAPE.sub(_unescape, prose[-1]) if prose else self._text
        shown = one_line(said, limit=_KEPT_CHARS)
        if not prose:
            shown = shown.lstrip("`{[ \"'")
        return shown if len(shown) <= width else "…" + shown[-(width - 1) :].lstrip()


def _unescape(match: re.Match[str]) -> str:
    char = match[1] or " "
    return " " if char in _BLANKS else char
