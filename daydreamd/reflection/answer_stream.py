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

from daydreamd.records.answer import ITEMS_FIELD, WORD_FIELD

_OPENS: Final = re.compile(
    r"(?P<thought><think(?:ing)?>)|\{\s*\"(?:" + f"{WORD_FIELD}|{ITEMS_FIELD}" + r")\"\s*:"
)
_THOUGHT_ENDS: Final = re.compile(r"</think(?:ing)?>")
_HELD_BACK: Final = 64
"""The beginning may be torn over chunks; this much is looked at again."""
# What Aider prints after an answer that broke off: nothing a model would write at a line's start.
_AIDERS_OWN: Final = re.compile(
    r"\n(?:Model \S+ has hit a token limit|litellm\.\w|The API provider|Retrying in \d)"
)
# No part of these can be matched in two ways: a model may print whatever makes them search.
_COUNT: Final = r"(?<![\d.,])([\d.,]{1,16}k?)"
_SENT: Final = re.compile(_COUNT + " sent,")
_RECEIVED: Final = re.compile(_COUNT + " received")
_LIMIT: Final = "has hit a token limit!"
_INPUT: Final = re.compile(r"^Input tokens: ~([\d,]{1,16})", re.MULTILINE)
_OUTPUT: Final = re.compile(r"^Output tokens: ~([\d,]{1,16})", re.MULTILINE)


class AnswerReader:
    """Picks the answer out of text that comes in pieces, and hands it to `on_text` at once."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.is_whole = False
        self._on_text = on_text
        self._pieces: list[str] = []
        self._before = ""
        self._thinking = False
        self._scan = _Braces()

    @property
    def text(self) -> str:
        """What there is of the answer so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def feed(self, chunk: str) -> None:
        """Take the next piece of text."""
        if self.is_whole:
            return
        if self._pieces:
            self._take(chunk)
        else:
            self._seek(self._before + chunk)

    def gave_back(self, canary: str) -> bool:
        """Whether the answer holds the word that stood at the head of the prompt."""
        try:
            answer = msgspec.json.decode(self.text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            # torn: the field may be whole all the same
            return f'"{canary}"' in self.text
        return isinstance(answer, dict) and str(answer.get(WORD_FIELD)).strip() == canary

    def _seek(self, text: str) -> None:
        """Pass over thoughts until the answer begins; each character is looked at once."""
        at = 0
        while found := (_THOUGHT_ENDS if self._thinking else _OPENS).search(text, at):
            at = found.end()
            if self._thinking or found["thought"]:
                self._thinking = not self._thinking
            else:
                self._before = ""
                self._take(text[found.start() :])
                return
        self._before = text[max(at, len(text) - _HELD_BACK) :]

    def _take(self, text: str) -> None:
        end = self._scan.end_of_object(text)
        self.is_whole = end is not None
        piece = text[:end]
        self._pieces.append(piece)
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
    said = _AIDERS_OWN.search(text)
    return text[: said.start()].rstrip("\n") if said else text


def tokens_told(output: str) -> tuple[int, int] | None:
    """Tokens sent and received, by Aider's own last line: `Tokens: 5.2k sent, 188 received.`

    An answer cut at its limit has no such line, but another text with both counts.
    """
    for line in reversed(output.splitlines()):
        if line.startswith("Tokens: ") and (told := _both(_SENT, _RECEIVED, line)):
            return told
    cut = output.rfind(_LIMIT)
    return _both(_INPUT, _OUTPUT, output[cut:]) if cut >= 0 else None


def _both(first: re.Pattern[str], second: re.Pattern[str], text: str) -> tuple[int, int] | None:
    """The number that `first` finds, and the one that `second` finds behind it."""
    sent = first.search(text)
    received = second.search(text, sent.end()) if sent else None
    return (_number(sent[1]), _number(received[1])) if sent and received else None


def _number(text: str) -> int:
    factor = 1000 if text.endswith("k") else 1
    try:
        return round(float(text.removesuffix("k").replace(",", "")) * factor)
    except ValueError:  # dots and commas alone
        return 0
