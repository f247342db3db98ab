"""Reading `git diff -U0` and `git log -p -U0`: which lines came and went, where, and when.

Contents are other people's: a line that looks like a header is told from one by the counts that the
hunk began with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

PATCH_FORMAT: Final = "--format=%x02%H %at %ct %s"
_COMMIT: Final = re.compile(rb"\x02([0-9a-f]{40,64}) (\d+) (\d+)(?: (.*))?$")
_HUNK: Final = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_QUOTED: Final = re.compile(rb"\\([abfnrtv\"\\]|[0-7]{3})")
_LETTERS: Final = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


@dataclass
class Hunk:
    """Lines that replaced others; `start` is the first new one's number, if there is one.

    Where lines only went, they stood after line `start`. A log's hunk was written `at`, came to
    this branch at `committed_at`, and has its commit's subject.
    """

    path: str
    start: int
    added: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    commit: str = ""
    at: int = 0
    committed_at: int = 0
    subject: str = ""


class _OfCommit(NamedTuple):
    commit: str = ""
    at: int = 0
    committed_at: int = 0
    subject: str = ""


_NO_COMMIT: Final = _OfCommit()


def parse_patch(printed: bytes, *, prefix: str = "") -> Iterator[Hunk]:
    """Every hunk in the order given, with the commit it belongs to where a log was printed.

    Paths are relative to the workspace; of a deleted file it is the former one.
    """
    of_commit = _NO_COMMIT
    before = path = ""
    lines = iter(printed.split(b"\n"))
    for line in lines:
        if header := _COMMIT.match(line):
            of_commit = _commit(header)
        elif line.startswith(b"--- "):
            before = _path(line[4:])
        elif line.startswith(b"+++ "):
            path = _path(line[4:]) or before
        elif hunk := _HUNK.match(line):
            found = Hunk(path.removeprefix(prefix), int(hunk[2]), **of_commit._asdict())
            left = int(hunk[1] or 1) + int(hunk[3] or 1)
            while left > 0 and (content := next(lines, None)) is not None:
                if content[:1] in (b"+", b"-"):
                    (found.added if content[:1] == b"+" else found.removed).append(content[1:])
                    left -= 1
            yield found


def _commit(header: re.Match[bytes]) -> _OfCommit:
    """What each hunk of a commit says of it."""
    written, committed = int(header[2]), int(header[3])
    subject = (header[4] or b"").decode(errors="replace")
    return _OfCommit(header[1].decode(), min(written, committed), committed, subject)


def _path(text: bytes) -> str:
    """A path as a patch names it, without `a/` or `b/`; "" for none."""
    text = text.removesuffix(b"\t").removesuffix(b"\r")
    if text == b"/dev/null":
        return ""
    if text.startswith(b'"') and text.endswith(b'"'):
        text = _QUOTED.sub(_unquote, text[1:-1])
    return os.fsdecode(text[2:])


def _unquote(quoted: re.Match[bytes]) -> bytes:
    if len(quoted[1]) == 3:
        return bytes((int(quoted[1], 8) & 0xFF,))
    return bytes((_LETTERS.get(quoted[1][0], quoted[1][0]),))
