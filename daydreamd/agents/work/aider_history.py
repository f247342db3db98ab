"""Aider's history: `.aider.chat.history.md` in a workspace, one file for all of its sessions.

`####` begins what the user typed, `>` what Aider itself says, the rest is the model. The only time
is in the head of a session. A test's exit code is not written down: that it failed shows in the
question whether to mend it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from daydreamd.agents.work.trace import Trace

AGENT: Final = "aider"
NAME: Final = ".aider.chat.history.md"
_HEAD: Final = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_EDITED: Final = re.compile(r"Applied edit to (.+)")
_COMMIT: Final = re.compile(r"Commit ([0-9a-f]{7,40}) (.*)")
_TOKENS: Final = re.compile(r"Tokens: ([\d.,]+)(k|M)? sent,.*?([\d.,]+)(k|M)? received")
_OPTION: Final = re.compile(r"--(test-cmd|lint-cmd)[= ](.+?)(?= --[a-z]|$)")
_MEND: Final = ("Attempt to fix test errors?", "Attempt to fix lint errors?")
_TIMES: Final = {"k": 1_000, "M": 1_000_000, "": 1, None: 1}


class _Reader:
    """Where in a session the lines are."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self.sessions: list[Trace] = []
        self._spoken: list[str] = []
        self._since = 0
        self._last = ""
        self._test = ""
        self._asked = False

    def line(self, number: int, line: str) -> None:
        if head := _HEAD.fullmatch(line):
            self.ends()
            self._begin(number, head[1])
        elif not self.sessions:
            return
        elif line.startswith("#### "):
            self.ends()
            self._prompt(line[5:].strip(), number)
        elif line.startswith("> "):
            self.ends()
            self._told(line[2:].strip(), number)
        elif line.strip() or self._spoken:
            self._asked = False
            self._since = self._since or number
            if len(self._spoken) < 5_000:
                self._spoken.append(line)

    def ends(self) -> None:
        """What the model said is over."""
        text = "\n".join(self._spoken).strip()
        if text and self.sessions:
            self.sessions[-1].said(text, self._since, 0.0)
        self._spoken, self._since = [], 0

    def _begin(self, number: int, moment: str) -> None:
        at = datetime.fromisoformat(moment).astimezone().timestamp()
        name = f"{moment.replace(' ', 'T').replace(':', '').replace('-', '')}-{number}"
        trace = Trace(agent=AGENT, id=f"aider-{name}", lines=number)
        trace.saw_place(self._workspace)
        trace.saw_time(at)
        self.sessions.append(trace)
        self._test, self._last, self._asked = "", "", False

    def _prompt(self, text: str, number: int) -> None:
        trace = self.sessions[-1]
        command, _, rest = text.partition(" ")
        if command in ("/run", "/test", "/git") or text.startswith("!"):
            words = text[1:] if text.startswith("!") else rest or self._test
            trace.began(f"git {words}" if command == "/git" else words, number, 0.0, f"l{number}")
            self._last = f"l{number}"
        elif text and not text.startswith("/") and not self._asked:
            trace.prompted(text, number, 0.0)
        self._asked = bool(text)

    def _told(self, text: str, number: int) -> None:
        trace = self.sessions[-1]
        if "--test-cmd" in text and (option := _OPTION.search(text)):
            self._test = _plain(option[2]) if option[1] == "test-cmd" else self._test
        if edited := _EDITED.fullmatch(text):
            trace.edited(edited[1], number, 0.0)
        elif commit := _COMMIT.match(text):
            trace.began(f"git commit -m {shlex.quote(commit[2][:200])}", number, 0.0, commit[1])
            trace.ended(commit[1], "", 0)
        elif text.startswith(_MEND[0]):
            self._failed(trace, number)
        elif tokens := _TOKENS.search(text):
            trace.tokens += _number(tokens[1], tokens[2]) + _number(tokens[3], tokens[4])

    def _failed(self, trace: Trace, number: int) -> None:
        key = self._last
        if not trace.find(key):
            key = f"l{number}"
            trace.began(self._test or "the test command", number, 0.0, key)
        trace.ended(key, "", 1)


def read(workspace: str, lines: Iterable[tuple[int, bytes]]) -> list[Trace]:
    """The sessions in the history of `workspace`, oldest first."""
    reader = _Reader(workspace)
    for number, raw in lines:
        try:
            reader.line(number, raw[:20_000].decode(errors="replace"))
        except ValueError:  # a date that is none
            continue
    reader.ends()
    return reader.sessions


def _plain(option: str) -> str:
    return option.strip().strip("'\"")


def _number(text: str, unit: str | None) -> int:
    try:
        return round(float(text.replace(",", "")) * _TIMES[unit])
    except ValueError:
        return 0
