"""Following one file of JSON lines, from where reading ended the last time.

A torn last line is normal: it is read once it is whole. A file that was written anew is noticed by
its inode, its size, or by other bytes where reading had ended, and begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import anyio.lowlevel
import msgspec

from daydreamd.agents.work.trace import Trace
from daydreamd.agents.work.transcript_cache import Known
from daydreamd.host.files.following import FileMark, read_on

_TAIL_BYTES: Final = 64
_LONGEST_LINE: Final = 64 << 20
_BEYOND: Final = 1 << 50

Fold = Callable[[Trace, bytes, int], None]


async def follow_lines(
    mark: FileMark, known: Known | None, begin: Callable[[str], Trace], fold: Fold, *, until: float
) -> Known:
    """What the file tells now. `until` is a moment of the monotonic clock: then reading pauses."""
    if known and not await _is_continued(mark, known):
        known = None
    trace = known.traces[0] if known else begin(mark.path)
    lines = _Lines(trace, fold, known)
    is_whole = True
    async for chunk in read_on(mark.path, start=lines.offset, most=_BEYOND):
        lines.take(chunk)
        await anyio.lowlevel.checkpoint()
        if time.monotonic() > until:
            is_whole = False
            break
    if is_whole:
        lines.end()
    return Known(
        inode=mark.inode,
        size=mark.size,
        changed=mark.changed,
        offset=lines.offset,
        tail=lines.tail,
        is_whole=is_whole,
        unended=lines.unended,
        traces=[trace],
    )


async def _is_continued(mark: FileMark, known: Known) -> bool:
    if mark.inode != known.inode or mark.size < known.offset or not known.traces:
        return False
    tail = known.tail
    start = known.offset - len(tail)
    read = [chunk async for chunk in read_on(mark.path, start=start, most=len(tail))]
    return b"".join(read) == tail


class _Lines:
    """Cuts chunks into lines and folds each into the trace; `offset` is the end of the last."""

    def __init__(self, trace: Trace, fold: Fold, known: Known | None) -> None:
        self._trace, self._fold = trace, fold
        self.offset = known.offset if known else 0
        self.tail = known.tail if known else b""
        self.unended = bool(known and known.unended)
        self._rest: list[bytes] = []
        self._rest_bytes = 0

    def take(self, chunk: bytes) -> None:
        """The next bytes of the file."""
        head, newline, others = chunk.partition(b"\n")
        if not newline:
            self._hold(chunk)
            return
        first = (
            b"".join((*self._rest, head)) if self._rest_bytes + len(head) <= _LONGEST_LINE else None
        )
        at = self.offset + self._rest_bytes + len(head) + 1
        self._rest, self._rest_bytes = [], 0
        self._line(first)
        *lines, rest = others.split(b"\n")
        for line in lines:
            self._line(line)
        self.offset = at + len(others) - len(rest)
        before = chunk[: len(chunk) - len(rest)]
        self.tail = (self.tail + (first or b"") + b"\n" + before)[-_TAIL_BYTES:]
        if len(before) >= _TAIL_BYTES:
            self.tail = before[-_TAIL_BYTES:]
        self._hold(rest)

    def end(self) -> None:
        """The file ends here: what has no end of line counts if it is a whole object."""
        rest = b"".join(self._rest)
        if not rest.rstrip().endswith(b"}") or self._rest_bytes > _LONGEST_LINE:
            return
        try:
            msgspec.json.decode(rest, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError):
            return
        self._line(rest)
        self.offset += len(rest)
        self.tail = (self.tail + rest)[-_TAIL_BYTES:]
        self.unended = True

    def _hold(self, rest: bytes) -> None:
        if not rest:
            return
        self._rest_bytes += len(rest)
        if self._rest_bytes <= _LONGEST_LINE:
            self._rest.append(rest)
        else:
            self._rest = []

    def _line(self, line: bytes | None) -> None:
        trace = self._trace
        if self.unended:
            self.unended = False  # the end of a line that was counted without it
            if not line:
                return
        trace.lines += 1
        if line is None:
            trace.skipped += 1
        elif line and not line.isspace():
            try:
                self._fold(trace, line, trace.lines)
            except (msgspec.DecodeError, RecursionError, ValueError, OverflowError):
                trace.skipped += 1  # torn, of another version, or nested too deep
