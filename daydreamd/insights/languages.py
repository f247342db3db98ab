"""Whether a text is English, which decides what its words may be asked.

A claim may be written in any language. Only of English ones are words looked at; of the others only
what needs no words: the names of code in them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_CODE: Final = re.compile(r"`[^`\n]*`|\b\w*[_.()]\w*\b|\b[a-z]+[A-Z]\w*\b")
_ENGLISH_WORDS: Final = """
    the is of and this that with are not when which it its be has have from but by does to if every
    each after before never only because while so can cannot should where
"""
_FOREIGN_WORDS: Final = """
    der die das und nicht wird ist ein eine einen wenn bei auf dem den des zu kein keine wird nie
    werden mit von sich aus sobald immer ohne le la les des est une dans pas pour que qui sur ne si
    jamais aucun avec lorsque el los las una es para con por se del cuando nunca sin cada il di non
    per che della viene mai quando o os uma com ao het een niet de wordt van op bij geen nooit na
    jest nie w z bez och inte att en som det ve bir ama yang tidak dan untuk v je pri
"""
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())
_FOREIGN: Final = frozenset(_FOREIGN_WORDS.split())


@lru_cache(maxsize=256)
def is_english(text: str) -> bool:
    """Whether a text is English, or too short to be anything else."""
    words = [word.lower() for word in _WORD.findall(_CODE.sub(" ", text))]
    letters = "".join(words)
    if sum(not letter.isascii() for letter in letters) > len(letters) / 10:
        return False
    english = sum(word in _ENGLISH for word in words)
    foreign = sum(word in _FOREIGN for word in words)
    return english >= foreign
