"""Memory that processes share by name or by descriptor: POSIX and System V, memfd, after a fork.

Files on a disk are left out: who maps the same library or database is no partner by that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Piece = tuple[bytes, bytes]
"""A piece of shared memory: device and inode."""

_MAPPED: Final = re.compile(
    rb"^\S+ ...s \S+ (\S+) (\d+) +(?:/dev/shm/|/memfd:|/SYSV|/dev/zero)", re.MULTILINE
)


@dataclass
class SharedMemory:
    """Who has which pieces mapped; read when it is asked, once for each process."""

    _pieces: dict[int, frozenset[Piece]] = field(default_factory=dict)
    _all: list[int] = field(default_factory=list)

    def sharers(self, pid: int, family: Collection[int]) -> set[int]:
        """Processes outside `family` that share memory with `pid`, as far as they can be seen."""
        own = self._pieces_of(pid)
        if not own:
            return set()
        if not self._all:
            self._all += map(int, filter(str.isdecimal, os.listdir("/proc")))  # noqa: PTH208 - names are wanted
        others = (other for other in self._all if other not in family)
        return {other for other in others if own & self._pieces_of(other)}

    def _pieces_of(self, pid: int) -> frozenset[Piece]:
        if pid not in self._pieces:
            try:
                maps = Path(f"/proc/{pid}/maps").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone or hidden
                maps = b""
            self._pieces[pid] = frozenset(_MAPPED.findall(maps))
        return self._pieces[pid]
