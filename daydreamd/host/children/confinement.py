"""Starting a program so that it can do little, and dies with us.

`confined` gives the argument list; the work is done by `confined_exec`, a program of its own that
stands between our `fork` and the program's `exec`. The program then dies with us, can never gain
privileges, has no capabilities, yields to everybody else and, by Landlock, reads and writes only
below what is listed and connects only to the listed TCP ports. UDP, and so DNS, is beyond what
Landlock refuses.

Where the kernel has no Landlock, or too little of it, a line on stderr says so and the program runs
without; whoever minds asks `landlock_abi` first. This file does not know what it confines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from daydreamd.host.children import confined_exec

# What programs need to run at all. /proc is safe to list: Landlock refuses to look into processes
# outside of the confinement, and nobody's secrets lie in the listed files of /etc.
SYSTEM_READ: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc", "/sys/devices/system"),
    *("/dev/urandom", "/dev/random", "/dev/zero", "/etc/alternatives", "/etc/localtime"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/passwd", "/etc/group"),
    *("/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf"),
    *("/etc/mime.types", "/etc/ssl", "/etc/pki", "/etc/ca-certificates"),
)
SYSTEM_WRITE: Final = ("/dev/null",)


def landlock_abi() -> int:
    """What this kernel's Landlock can: 1 the file system, 4 TCP too, 6 signals too; 0 nothing."""
    return confined_exec.landlock_abi()


def confined(
    argv: Sequence[str | Path],
    *,
    read: Iterable[str | Path] = (),
    write: Iterable[str | Path] = (),
    connect_ports: Iterable[int] | None = None,
    landlock: bool = True,
    nice: int = 10,
    oom_score_adj: int = 500,
) -> list[str]:
    """The argument list that runs `argv` confined; it must be started by this very process.

    Below `read` it may read and execute, below `write` read and write, besides what every program
    needs; paths that do not exist are left out. `connect_ports=None` leaves connections alone.
    Without `landlock` it only dies with us, gains no privileges and yields to others; what it has
    (root's capabilities) it keeps.
    """
    words = [f"--parent={os.getpid()}", f"--nice={nice}", f"--oom={oom_score_adj}"]
    if landlock:
        words.append("--landlock=1")
        words += [f"--read={Path(path).absolute()}" for path in (*SYSTEM_READ, *read)]
        words += [f"--write={Path(path).absolute()}" for path in (*SYSTEM_WRITE, *write)]
        if connect_ports is not None:
            words += ["--tcp=1", *(f"--port={port}" for port in connect_ports)]
    wrapper = [sys.executable, "-I", "-S", confined_exec.__file__]
    return [*wrapper, *words, "--", *map(str, argv)]


def program_paths(program: str | Path) -> list[Path]:
    """Where a Python program's own files lie: its virtual environment and the Python behind it."""
    directory = Path(program).absolute().parent
    environment = directory.parent if (directory.parent / "pyvenv.cfg").exists() else directory
    python = (directory / "python").resolve()
    return [environment, python.parent.parent] if python.exists() else [environment]
