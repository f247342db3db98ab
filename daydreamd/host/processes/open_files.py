"""Open descriptors of all processes: what each leads to, read without touching anybody's.

What cannot be read is noted as such. A thread may have a table of descriptors of its own; its
number serves as a pid for all that is asked here. Nothing here knows who belongs to whom.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import select
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from daydreamd.host.files.cached_facts import cached_facts

End = tuple[str, int]
"""What a descriptor leads to: ("pipe" | "socket" | "fifo:DEVICE" | "queue:DEVICE", inode)."""

_LINK: Final = re.compile(r"(pipe|socket):\[(\d+)\]")
_KCMP: Final = {"x86_64": 312, "aarch64": 272}
_KCMP_FILES: Final = 2
_MESSAGE_QUEUES: Final = 0x19800202  # the magic number of that file system
_SPLICE_F_NONBLOCK: Final = 2
_libc = ctypes.CDLL(None, use_errno=True)


def every_descriptor(
    unseen: set[int], threads: Iterable[int] = ()
) -> Iterator[tuple[int, int, str]]:
    """Every descriptor: pid, number, and what it links to. Who hides them is added to `unseen`.

    `threads` are looked at besides.
    """
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    for pid in pids:
        yield from descriptors_of(pid, unseen)
    for thread in threads:
        yield from descriptors_of(thread)


def descriptors_of(pid: int, unseen: set[int] | None = None) -> Iterator[tuple[int, int, str]]:
    """The descriptors of one process or thread, in the same form."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names, called for every process
    except PermissionError:
        if unseen is not None:
            unseen.add(pid)
        return
    except (FileNotFoundError, ProcessLookupError):  # gone; who cannot be seen raises
        return
    yield from _links_of(pid, names, unseen)


def _links_of(
    pid: int, names: Iterable[str], unseen: set[int] | None
) -> Iterator[tuple[int, int, str]]:
    for name in names:
        try:
            link = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115 - called for every descriptor
        except PermissionError:  # listed, but not shown: one with more capabilities than we have
            if unseen is not None:
                unseen.add(pid)
            return
        except OSError:  # closed meanwhile
            continue
        yield pid, int(name), link


def end_of_link(link: str) -> End | None:
    """The end that the text of a link names; None for what has a path or leads to nobody."""
    match = _LINK.fullmatch(link)
    return (match[1], int(match[2])) if match else None


def named_end(pid: int, fd: int, link: str) -> End | None:
    """The end of a descriptor with a path: a named pipe or a message queue, by what it is."""
    if not link.startswith("/"):
        return None
    place = f"/proc/{pid}/fd/{fd}"
    try:
        facts = cached_facts(place)  # for every file that is open
    except OSError:  # closed meanwhile
        return None
    if stat.S_ISFIFO(facts.st_mode):
        return f"fifo:{facts.st_dev}", facts.st_ino
    may_be_a_queue = stat.S_ISREG(facts.st_mode) and os.path.dirname(link) in ("/", "/dev/mqueue")  # noqa: PTH120 - a word, no path
    if may_be_a_queue and file_system(place) == _MESSAGE_QUEUES:
        return f"queue:{facts.st_dev}", facts.st_ino
    return None


def named_ends(pid: int) -> Iterator[End]:
    """The named pipes and message queues that a process has open."""
    return filter(None, (named_end(*one) for one in descriptors_of(pid)))


def said_to(pid: int) -> Iterator[str]:
    """The files to which a process writes what it says."""
    for _, fd, link in descriptors_of(pid):
        if fd in (1, 2) and link.startswith("/") and not link.startswith("/dev/"):
            yield link


def file_system(place: str) -> int:
    """The magic number of the file system that `place` lies on (`man 2 statfs`); 0: unknown."""
    facts = (ctypes.c_long * 32)()  # a struct statfs begins with its type, and is no larger
    return facts[0] if _libc.statfs(place.encode(), facts) == 0 else 0


def threads_apart(pid: int) -> list[int]:
    """Threads that may have descriptors which the process itself does not show.

    Those with a table of their own, and all where the first thread has ended: its table is gone.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names are what we want
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone or hidden
        return []
    others = [int(thread) for thread in threads if int(thread) != pid]
    return [thread for thread in others if not _share_descriptors(pid, thread)]


def _share_descriptors(pid: int, thread: int) -> bool:
    """Whether the kernel says so; where it does not tell, a thread is looked at by itself."""
    number = _KCMP.get(platform.machine())
    return number is not None and _libc.syscall(number, pid, thread, _KCMP_FILES, 0, 0) == 0


def may(pid: int, fd: int) -> int:
    """What a descriptor is open for: 0o400 reading, 0o200 writing."""
    try:
        return Path(f"/proc/{pid}/fd/{fd}").lstat().st_mode & 0o600
    except OSError:  # closed meanwhile
        return 0


def has_name(pid: int, fd: int) -> bool:
    """Whether what is open can still be found by its path."""
    try:
        return cached_facts(f"/proc/{pid}/fd/{fd}").st_nlink > 0
    except OSError:
        return False


def fdinfo(pid: int, fd: int) -> dict[str, str]:
    """What the kernel says of a descriptor (`man 5 proc_pid_fdinfo`); empty where it is closed."""
    try:
        lines = Path(f"/proc/{pid}/fdinfo/{fd}").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def protocol_of(pid: int, fd: int) -> str:
    """The kernel's name of a socket's protocol: `TCPv6`, `NETLINK`; "" where it cannot be asked."""
    try:
        said = os.getxattr(f"/proc/{pid}/fd/{fd}", "system.sockprotoname")
    except OSError:
        return ""
    return said.rstrip(b"\0").decode(errors="replace")


def other_end_is_open(pid: int, fd: int, *, reads: bool) -> bool:
    """Ask a pipe itself, by opening our end a second time for a moment; True where it is unknown.

    Who opens a named pipe anew is not told of writers before it, so that is asked with `tee`, which
    copies nothing where the pipe is empty and takes nothing where it is not.
    """
    mode = os.O_RDONLY if reads else os.O_WRONLY
    try:
        pipe = os.open(f"/proc/{pid}/fd/{fd}", mode | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return error.errno != errno.ENXIO  # that one says: nobody reads
    try:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0)):
            return False
        return not reads or _has_writers(pipe)
    finally:
        os.close(pipe)


def _has_writers(pipe: int) -> bool:
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return bool(_libc.tee(pipe, write, 1, _SPLICE_F_NONBLOCK))
    finally:
        os.close(read)
        os.close(write)
