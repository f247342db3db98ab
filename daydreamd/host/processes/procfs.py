"""What `/proc` says about processes, read once and turned into types.

Reading `stat` directly is three times as quick as asking for attributes one by one, so a scan of
everything reads `stat` alone and the other questions are asked only about a match. This file only
reads; it does not know what the facts are for. A process may vanish between any two reads: whoever
is gone is `None` (or left out), never an error. Text that is not UTF-8 gets replacement characters,
so that it can be stored and shown everywhere.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

PAGE_BYTES: Final = os.sysconf("SC_PAGESIZE")
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STAT_BYTES: Final = 2048  # 52 numbers and a name of at most 64 bytes


class Stat(NamedTuple):
    """One line of `/proc/PID/stat`. Ticks are of the clock (1/100 s); RSS counts shared pages.

    `waited_ticks` is what the children took that have ended and been waited for.
    """

    pid: int
    comm: str
    state: str
    ppid: int
    pgrp: int
    session: int
    tty_nr: int
    start_ticks: int
    cpu_ticks: int
    rss_bytes: int
    waited_ticks: int = 0


def parse_stat(line: bytes) -> Stat:
    """Read a stat line. The name may hold `) R 1` and newlines: the last `)` ends it."""
    opening, closing = line.index(b"("), line.rindex(b")")
    f = line[closing + 2 :].split(None, 22)
    return Stat(
        int(line[:opening]),
        line[opening + 1 : closing].decode("utf-8", "replace"),
        chr(f[0][0]),
        int(f[1]),
        int(f[2]),
        int(f[3]),
        int(f[4]),
        int(f[19]),
        int(f[11]) + int(f[12]),
        int(f[21]) * PAGE_BYTES,
        int(f[13]) + int(f[14]),
    )


def scan() -> dict[int, Stat]:
    """Every process that may be seen, by pid: with `hidepid`, a user's own alone."""
    table = {}
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in os.listdir(proc):  # noqa: PTH208 - names, at a tenth of the time of paths
            if name.isdecimal():
                try:
                    fd = os.open(name + "/stat", os.O_RDONLY, dir_fd=proc)
                    try:
                        line = os.read(fd, _STAT_BYTES)
                    finally:
                        os.close(fd)
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue  # gone since the listing, or listed and hidden (hidepid=1)
                table[int(name)] = parse_stat(line)
    finally:
        os.close(proc)
    return table


def read_stat(pid: int) -> Stat | None:
    """One process; None when it is gone."""
    line = _read(pid, "stat")
    return parse_stat(line) if line else None


def read_argv(pid: int) -> tuple[str, ...]:
    """Its arguments; empty for kernel threads, zombies, the vanished, and while it execs."""
    raw = _read(pid, "cmdline")
    return tuple(_text(part) for part in raw.removesuffix(b"\0").split(b"\0")) if raw else ()


def read_environ(pid: int) -> dict[str, str] | None:
    """The environment it was started with; None where it cannot be read, as while it execs."""
    raw = _read(pid, "environ")
    if raw is None or (not raw and not read_argv(pid)):
        return None
    pairs = (_text(part).partition("=") for part in raw.split(b"\0") if part)
    return {name: value for name, _, value in pairs}


def environ_mentions(pid: int, words: Sequence[bytes]) -> bool:
    """Whether any of these words stands in its environment; a quick look before it is read."""
    raw = _read(pid, "environ") or b""
    return any(word in raw for word in words)


def read_exe(pid: int) -> str:
    """The program file it runs, also when that was replaced since; "" where it cannot be read."""
    return _read_link(pid, "exe").removesuffix(" (deleted)")


def read_cwd(pid: int) -> str:
    """Its working directory; "" where it cannot be read."""
    return _read_link(pid, "cwd")


def read_tracer(pid: int) -> int | None:
    """The pid of the debugger that traces one of its threads, 0 where none does; None if hidden."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are what we want
    except (FileNotFoundError, ProcessLookupError):
        return 0  # who is gone is traced by nobody
    except PermissionError:
        return None
    tracers = [_tracer_of(pid, thread) for thread in threads]
    return next(filter(None, tracers), None if None in tracers else 0)


def _tracer_of(pid: int, thread: str) -> int | None:
    status = _read(pid, f"task/{thread}/status")
    if status is None:
        return None if Path(f"/proc/{pid}/task/{thread}").exists() else 0
    for line in status.splitlines():
        if line.startswith(b"TracerPid:"):
            return int(line.split()[1])
    return None


def read_uid(pid: int) -> int | None:
    """The real user id: who started it, whatever it has become since."""
    for line in (_read(pid, "status") or b"").splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[1])
    return None


def memory_bytes(pid: int) -> int | None:
    """What ending it would free, nearly: its share of all pages, those in swap included (PSS).

    0 for the vanished and the dead; None where it cannot be read, as RSS says another thing.
    """
    if (counted := parse_memory(_read(pid, "smaps_rollup") or b"")) is not None:
        return counted
    stat = read_stat(pid)
    return 0 if stat is None or stat.state in "ZX" else None


def parse_memory(rollup: bytes) -> int | None:
    """Bytes of a `smaps_rollup`: the share of pages in memory and in swap; None without these."""
    rows = dict(line.split(b":", 1) for line in rollup.splitlines() if b":" in line)
    shares = [rows[name].split() for name in (b"Pss", b"SwapPss") if name in rows]
    return sum(int(share[0]) << 10 for share in shares) if shares else None


def read_io_bytes(pid: int) -> int | None:
    """Bytes it has read and written so far, files and pipes alike; None where unreadable."""
    lines = (_read(pid, "io") or b"").splitlines()
    counts = dict(line.split(b": ", 1) for line in lines if b": " in line)
    return int(counts[b"rchar"]) + int(counts[b"wchar"]) if counts else None


def read_children(pid: int) -> list[int] | None:
    """The children of every thread of a process; None where this kernel does not tell.

    For our own children the list is exact: they leave it only when we wait for them. For others it
    may miss one while a sibling exits, so whoever needs all of them looks until nothing new comes.
    """
    if not _tells_children():
        return None
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are what we want
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
    lists = (_read(pid, f"task/{thread}/children") for thread in threads)
    return [int(child) for text in lists if text for child in text.split()]


@functools.cache
def _tells_children() -> bool:
    """Whether the kernel was built with CONFIG_PROC_CHILDREN, as distributions' kernels are."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _read(pid: int, name: str) -> bytes | None:
    pieces = []  # long files come in pieces
    try:
        fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
        try:
            while piece := os.read(fd, 1 << 16):
                pieces.append(piece)
        finally:
            os.close(fd)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return b"".join(pieces)


def _read_link(pid: int, name: str) -> str:
    try:
        return _text(os.fsencode(os.readlink(f"/proc/{pid}/{name}")))  # noqa: PTH115 - asked of all
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
