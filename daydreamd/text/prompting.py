"""Text of a workspace, made fit for a prompt.

A repository may hold text that is written for whoever reads it by machine: control characters for
the terminal that shows the prompt, and the marks by which chat templates tell who is speaking,
which servers turn into real tokens wherever they stand. Both lose their power here and stay
readable. What the text means is left to the prompt's fences.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from daydreamd.text.display import INVISIBLE
from daydreamd.text.redaction import redact

_TURN_MARKS: Final = re.compile(
    r"<(?=[|｜])|<(?=/?s>)|\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS)\])"
    r"|<(?=(?:start|end)_of_turn>)|<(?=/?think(?:ing)?>)|<(?=<SYS>>|</SYS>>)"
)


def harmless(text: str) -> str:
    """`text`, line for line and tab for tab, without controls and without the marks of a turn."""
    shown = "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in INVISIBLE
        else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
    return _TURN_MARKS.sub(lambda mark: f"{mark[0]} ", shown)


def one_line(text: object, *, limit: int) -> str:
    """`text` on one line of at most `limit` characters, without secrets."""
    line = " ".join(harmless(redact(str(text)[: limit * 4])).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
