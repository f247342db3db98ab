"""Which words carry meaning: names and matters, not syntax or the phrases of any review."""

from __future__ import annotations

import re
from typing import Final

from daydreamd.text import visible

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SYNTAX_WORDS: Final = """
    and as assert async await auto break case catch char class const continue def default defer del
    do elif else end enum except export extends false final finally fn for from func function global
    go goto if impl import in include int interface is lambda let long loop match mod module mut
    namespace new nil none not null or package pass private protected public pub raise ref return
    self static str string struct super switch then this throw true try type typedef union unsigned
    until use using var void while with yield
"""
_FILLER_WORDS: Final = """
    add added adding also an are be better bug by can check class clear code comment comments
    consider could data defined defines does easier error errors file function functions good handle
    handling has have help improve improved improvement improvements issue issues it its line lines
    logic maintain maintainability make makes may method might more name names need needs of on
    performance possible potential practice practices problem quality readability readable refactor
    review should some test tests that the there these they to understand used uses value variable
    was which will
"""
SYNTAX: Final = frozenset(_SYNTAX_WORDS.split())
FILLERS: Final = frozenset(_FILLER_WORDS.split())


def words_in(text: str) -> set[str]:
    """The words of `text`, those in names too: `retryLoop` and `retry_loop` both hold `retry`."""
    return {word.lower() for word in _WORD.findall(_HUMP.sub(" ", visible(text)))}
