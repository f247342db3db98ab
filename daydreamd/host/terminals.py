"""Terminals: which one a process has, and when somebody last typed there.

The kernel sets a terminal's access time when input is read from it, to within eight seconds.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path


def terminal_name(tty_nr: int) -> str:
    """The device of field 7 of `/proc/PID/stat`: `pts/3`, `tty1`; "" where there is none."""
    if tty_nr == 0:
        return ""
    major, minor = os.major(tty_nr), os.minor(tty_nr)
    if 136 <= major <= 143:
        return f"pts/{(major - 136) * 256 + minor}"
    if major == 4:
        return f"tty{minor}" if minor < 64 else f"ttyS{minor - 64}"
    return f"device {major}:{minor}"


def seconds_since_input(terminal: str) -> float | None:
    """How long ago somebody typed; None where that cannot be read."""
    try:
        facts = Path("/dev", terminal).stat()
    except OSError:  # another mount namespace's, or gone
        return None
    return max(0.0, time.time() - facts.st_atime) if stat.S_ISCHR(facts.st_mode) else None


def terminal_of_stdin(pid: int) -> str:
    """The living terminal that a process reads from, be it its controlling one or not."""
    link = f"/proc/{pid}/fd/0"
    try:
        name = os.readlink(link)  # noqa: PTH115 - the text counts: a closed terminal reads "(deleted)"
        if not name.startswith(("/dev/pts/", "/dev/tty")) or name == "/dev/tty":
            return ""
        return name.removeprefix("/dev/") if os.path.exists(name) else ""  # noqa: PTH110 - as above
    except OSError:  # gone, or not ours to look at
        return ""
