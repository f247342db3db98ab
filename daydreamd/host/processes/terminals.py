"""Terminals: which one a process has, and when it last had input.

The kernel sets a terminal's access time when input is read from it, to within eight seconds.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from daydreamd.host.files.cached_facts import cached_facts
from daydreamd.host.processes.devices import terminal_majors


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
    """Seconds since the last input on the terminal; None where that cannot be read."""
    try:
        facts = Path("/dev", terminal).stat()
    except OSError:  # another mount namespace's, or gone
        return None
    return max(0.0, time.time() - facts.st_atime) if stat.S_ISCHR(facts.st_mode) else None


def terminal_of_stdio(pid: int) -> str:
    """The living terminal that a process reads from or writes to, be it its controlling one or not.

    Told by the device, not by its path: a path may be another namespace's. One whose window is
    closed has lost its name.
    """
    for fd in (0, 1, 2):
        link = f"/proc/{pid}/fd/{fd}"
        try:
            facts = cached_facts(link)  # it may be a file on a disk that does not answer
            if not stat.S_ISCHR(facts.st_mode):
                continue
            name = os.readlink(link)  # noqa: PTH115 - its text says whether it is still there
        except OSError:  # closed, gone, or not ours to look at
            continue
        if os.major(facts.st_rdev) in terminal_majors() and not name.endswith(" (deleted)"):
            return name.removeprefix("/dev/")
    return ""
