"""Processes that wait for a lock on a file, and its holders, from `/proc/locks`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_WAITS: Final = "->"


def lock_waits() -> dict[int, set[int]]:
    """Processes that hang in taking a lock, with who took it before them (`man 5 proc_locks`).

    Who took it may have ended and left the lock to a child; 0 or less stands for one not to be
    seen. Empty where the kernel has no such list; OSError where it cannot be read.
    """
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except FileNotFoundError:
        return {}
    waits: dict[int, set[int]] = {}
    takers: dict[str, int] = {}
    for line in lines:
        number, _, rest = line.partition(":")
        words = rest.split()
        waiting = words[:1] == [_WAITS]
        pid = int(words[4 if waiting else 3])
        if not waiting:
            takers[number] = pid
        elif pid > 0:
            waits.setdefault(pid, set()).add(takers.get(number, 0))
    return waits
