"""Text that others wrote, made harmless: a model's answer, a file name, a commit's subject.

What comes out holds no terminal escape, no control, no invisible or direction-changing character,
and no half of a surrogate pair; in Markdown it starts no heading, list, link, image, tag or table
cell. Knows nothing of what the text says.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from daydreamd.text.redaction import redact

_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, erase
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, …
    r"|\x1b[ -/]*[0-~]?"
)
INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_BREAKS: Final = re.compile(r"\r\n?")
_BLANKS: Final = re.compile(r"[\v\f\x85\u2028\u2029]")
_MARKUP: Final = re.compile(r"([\\`*_\[\]#|~$])|([<>&])")
_TAGS: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_CODE: Final = re.compile(r"`([^`]+)`")
_OPENERS: Final = re.compile(r"^(\d+)([.)])(?= |$)|^([-+=:])")


def visible(text: str) -> str:
    """`text` without escapes and invisible characters; lines and tabs stay."""
    plain = _ESCAPES.sub("", _BLANKS.sub(" ", _BREAKS.sub("\n", text)))
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(
        char for char in plain if char in "\n\t" or unicodedata.category(char) not in INVISIBLE
    )


def one_line(text: str, *, limit: int) -> str:
    """`text` on one line of at most `limit` characters, blanks folded, `…` where it was cut.

    Without secrets, as everything that is said on one line is shown or kept.
    """
    line = " ".join(visible(redact(text[: limit * 4 + 400])).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """One line of `text` as Markdown that shows it and does nothing else; `code` stays code."""
    pieces: list[str] = []
    end = 0
    for match in _CODE.finditer(text):
        pieces += [_escaped(text[end : match.start()]), code(match[1])]
        end = match.end()
    pieces.append(_escaped(text[end:]))
    line = "".join(pieces)
    return _OPENERS.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)


def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds; fit for a table cell."""
    run = longest_run(text)
    fence = "`" * (run + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", "\\|") if text else ""


def longest_run(text: str) -> int:
    """The most backticks that stand side by side in `text`."""
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda m: f"\\{m[1]}" if m[1] else _TAGS[m[2]], text)
