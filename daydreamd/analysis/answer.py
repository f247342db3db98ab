"""The model's answer, picked out of whatever comes along with it.

Aider prints the answer between lines of its own, a model thinks aloud before it, servers complain
in prose. An answer is the first JSON object that begins as the prompt asked; nothing else ever
counts as one, so no failure text can. What it says is judged elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from daydreamd.analysis.schema import CANARY_FIELD

_BEGINS: Final = re.compile(r'\{\s*"(?:' + CANARY_FIELD + r'|insights)"\s*:')
_THINKS: Final = re.compile(r"<think(?:ing)?>")
_THOUGHT: Final = re.compile(r".*?</think(?:ing)?>", re.DOTALL)
_HELD_BACK: Final = 64
"""The beginning may be torn over chunks; this much is looked at again."""
# What Aider prints after an answer that broke off: nothing a model would write at a line's start.
_AIDERS_OWN: Final = re.compile(
    r"\n+(?:Model \S+ has hit a token limit|litellm\.\w|The API provider|Retrying in \d)"
)
_LIMIT: Final = re.compile(
    r"has hit a token limit!.*?^Input tokens: ~([\d,]+).*?^Output tokens: ~([\d,]+)",
    re.MULTILINE | re.DOTALL,
)
_TOKENS: Final = re.compile(r"^Tokens: .*?([\d.,]+k?) sent,.*?([\d.,]+k?) received", re.MULTILINE)


class AnswerReader:
    """Fed with text as it comes, hands on what belongs to the answer, at once."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.text = ""
        self.is_whole = False
        self._on_text = on_text
        self._before = ""
        self._thinking = False
        self._scan = _Braces()

    def feed(self, chunk: str) -> None:
        """Take the next piece of text."""
        if self.is_whole:
            return
        if self.text:
            self._take(chunk)
            return
        self._before += chunk
        self._skip_thoughts()
        begins = None if self._thinking else _BEGINS.search(self._before)
        if begins:
            self._take(self._before[begins.start() :])
        else:
            self._before = self._before[-_HELD_BACK:]

    def gave_back(self, canary: str) -> bool:
        """Whether the answer holds the word that stood at the head of the prompt."""
        try:
            answer = msgspec.json.decode(self.text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            # torn: the field may be whole all the same
            return f'"{canary}"' in self.text
        return isinstance(answer, dict) and str(answer.get(CANARY_FIELD)).strip() == canary

    def _skip_thoughts(self) -> None:
        while True:
            if self._thinking:
                thought = _THOUGHT.match(self._before)
                if thought is None:
                    return
                self._before = self._before[thought.end() :]
                self._thinking = False
            opened = _THINKS.search(self._before)
            begins = _BEGINS.search(self._before)
            if opened is None or (begins and begins.start() < opened.start()):
                return
            self._before = self._before[opened.end() :]
            self._thinking = True

    def _take(self, text: str) -> None:
        end = self._scan.end_of_object(text)
        self.is_whole = end is not None
        piece = text[:end]
        self.text += piece
        self._on_text(piece)


class _Braces:
    """Counts braces outside of strings, over any number of chunks."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def end_of_object(self, text: str) -> int | None:
        """Where in `text` the object ends that began in an earlier chunk or in this one."""
        for index, char in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._in_string:
                self._escaped = char == "\\"
                self._in_string = char != '"'
            elif char == '"':
                self._in_string = True
            elif char in "{}":
                self._depth += 1 if char == "{" else -1
                if self._depth == 0:
                    return index + 1
        return None


def without_aiders_words(text: str) -> str:
    """A torn answer, without what Aider said when it broke off."""
    return _AIDERS_OWN.split(text, maxsplit=1)[0]


def tokens_told(output: str) -> tuple[int, int] | None:
    """Tokens sent and received, by Aider's own last line: `Tokens: 5.2k sent, 188 received.`

    An answer cut at its limit has no such line, but another text with both counts.
    """
    told = _TOKENS.findall(output) or _LIMIT.findall(output)
    return (_number(told[-1][0]), _number(told[-1][1])) if told else None


def _number(text: str) -> int:
    factor = 1000 if text.endswith("k") else 1
    try:
        return round(float(text.removesuffix("k").replace(",", "")) * factor)
    except ValueError:  # dots and commas alone
        return 0
