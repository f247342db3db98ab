"""What was read before, kept in the cache, so that only what was added since is read again.

It may be deleted at any time and is made anew. What is kept is redacted, and closed to others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from daydreamd.agents.work.trace import Trace
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath, replace_file
from daydreamd.host.files.following import FileMark

_VERSION: Final = 1
_MAX_BYTES: Final = 256 << 20
_NAME: Final = "agents.msgpack"


class Known(msgspec.Struct, kw_only=True):
    """One file: which it was, how far it was read, and what it told until there.

    `tail` are the bytes before `offset`: where they differ, it was written anew. `is_whole` says
    that it was read to its end, but for a torn last line; `unended` that the last line that counts
    had no end of line yet.
    """

    inode: int
    size: int
    changed: int
    offset: int = 0
    tail: bytes = b""
    is_whole: bool = False
    unended: bool = False
    traces: list[Trace] = msgspec.field(default_factory=list)

    def is_as(self, mark: FileMark) -> bool:
        """Whether the file stands as it did then."""
        now = (mark.inode, mark.size, mark.changed)
        return self.is_whole and (self.inode, self.size, self.changed) == now


class Memory(msgspec.Struct, kw_only=True):
    """All that is known, by path."""

    version: int = _VERSION
    files: dict[str, Known] = msgspec.field(default_factory=dict)


def remember(cache: Path) -> Memory:
    """What is kept in `cache`; nothing where it is not there, or of another version."""
    try:
        raw = read_beneath(cache, _NAME, max_bytes=_MAX_BYTES)
        memory = msgspec.msgpack.decode(raw, type=Memory)
    except (FileError, msgspec.DecodeError):
        return Memory()
    return memory if memory.version == _VERSION else Memory()


def keep(cache: Path, memory: Memory) -> None:
    """Keep it for the next time, as far as the cache can be written to."""
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(cache / _NAME, msgspec.msgpack.encode(memory))
    except (FileError, OSError, UnicodeEncodeError):
        return  # read again the next time
