"""Devices that processes have open and that lead to somebody: terminals, and what they serve by.

A program with `/dev/fuse` serves a file system, one with `/dev/kvm` a whole machine: whoever uses
those is connected to it by no pipe and no socket.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from daydreamd.host.files.cached_facts import cached_facts
from daydreamd.host.processes.open_files import fdinfo

_SERVED: Final = re.compile(
    r"/dev/(?:fuse|cuse|net/tun|tap\d+|kvm|nbd\d+|ublkc\d+|uhid|uinput|vhost-[\w-]+|vfio/\w+"
    r"|vduse/\w+|watchdog\d*)"
)
_OF_NO_INTEREST: Final = frozenset({"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"})
_RING: Final = "anon_inode:[io_uring]"
_MASTERS: Final = ("/dev/ptmx", "/dev/pts/ptmx")
# `/dev/tty` keeps its name when the window is closed, and tells nothing of it.
_NO_TERMINALS: Final = frozenset({*_MASTERS, "/dev/tty", "/dev/console"})
_PTY: Final = range(136, 144)
# Consoles and `/dev/tty`, where the kernel does not list its terminals.
_CONSOLES: Final = frozenset({4, 5, *_PTY})


@dataclass
class Devices:
    """The devices that each process has open, by descriptor."""

    _open: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def note(self, pid: int, fd: int, link: str) -> None:
        """Take a descriptor down if it leads to a device."""
        if (link.startswith("/dev/") and link not in _OF_NO_INTEREST) or link == _RING:
            self._open.setdefault(pid, []).append((fd, link))

    def served(self, pid: int) -> Iterator[tuple[int, str]]:
        """The devices by which a process serves others."""
        for fd, link in self._open.get(pid, ()):
            if _SERVED.fullmatch(link):
                yield fd, link

    def rings(self, pid: int) -> Iterator[int]:
        """The rings of `io_uring` that hold files of which no descriptor tells."""
        for fd, link in self._open.get(pid, ()):
            if link == _RING and fdinfo(pid, fd).get("UserFiles", "0") != "0":
                yield fd

    def terminals(self, pid: int, family: Collection[int]) -> Iterator[tuple[int, str]]:
        """Living terminals that are not shown by one of `family` itself."""
        for fd, link in self._open.get(pid, ()):
            number = _terminal_at(pid, fd, link)
            if number is None:
                continue
            own = os.major(number) in _PTY and _index(number) in self._masters(family)
            if not own:
                yield fd, link.removeprefix("/dev/")

    def _masters(self, family: Collection[int]) -> set[int]:
        """The indices of the pseudo-terminals that a family shows."""
        found = (
            fdinfo(pid, fd).get("tty-index", "")
            for pid in family
            for fd, link in self._open.get(pid, ())
            if link in _MASTERS
        )
        return {int(index) for index in found if index.isdecimal()}


def _terminal_at(pid: int, fd: int, link: str) -> int | None:
    """The device number of a terminal whose window is open; None for everything else."""
    if link in _NO_TERMINALS or link.endswith(" (deleted)") or not link.startswith("/dev/"):
        return None
    try:
        facts = cached_facts(f"/proc/{pid}/fd/{fd}")
    except OSError:  # closed meanwhile
        return None
    is_terminal = stat.S_ISCHR(facts.st_mode) and os.major(facts.st_rdev) in terminal_majors()
    return facts.st_rdev if is_terminal else None


def _index(number: int) -> int:
    return (os.major(number) - _PTY.start) * 256 + os.minor(number)


@cache
def terminal_majors() -> frozenset[int]:
    """Major device numbers of terminals: consoles, pseudo-terminals, serial lines."""
    try:
        lines = Path("/proc/tty/drivers").read_text().splitlines()
    except OSError:
        return _CONSOLES
    rows = [line.split() for line in lines]
    listed = {int(row[2]) for row in rows if len(row) > 4 and row[-1] != "pty:master"}
    return _CONSOLES | listed
