"""What the kernel knows of a file without asking its disk.

`stat` on a descriptor of another process asks the disk that it lies on, and one that does not
answer would hold up every look at what is open. Device, inode and type never change, so the
kernel's memory of them will do (statx(2), AT_STATX_DONT_SYNC). Of a file on this machine's own
disks it has everything.
"""

from __future__ import annotations

import ctypes
import os
import struct
from functools import lru_cache
from typing import Any, Final, NamedTuple

_AT_FDCWD: Final = -100
_DONT_SYNC: Final = 0x4000
_TYPE_LINKS_AND_INODE: Final = 0x0105
_SIZE: Final = 256
# stx_nlink, stx_mode, stx_ino; stx_rdev and stx_dev, each in two parts
_MODE_AND_INODE: Final = struct.Struct("=16xI8xHxxQ")
_DEVICES: Final = struct.Struct("=128xIIII")


class FileFacts(NamedTuple):
    """Which file it is; of `st_mode` the type alone is certain. Named as in `os.stat_result`.

    `st_nlink` is as it last was where another machine may have changed it since.
    """

    st_mode: int
    st_ino: int
    st_dev: int
    st_rdev: int
    st_nlink: int


def cached_facts(path: str | os.PathLike[str]) -> FileFacts:
    """The facts of `path`, links followed. OSError as `os.stat` raises it."""
    found = ctypes.create_string_buffer(_SIZE)
    if _statx()(_AT_FDCWD, os.fsencode(path), _DONT_SYNC, _TYPE_LINKS_AND_INODE, found) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fspath(path))
    links, mode, inode = _MODE_AND_INODE.unpack_from(found)
    numbers = _DEVICES.unpack_from(found)
    return FileFacts(mode, inode, os.makedev(*numbers[2:]), os.makedev(*numbers[:2]), links)


@lru_cache(maxsize=1)
def _statx() -> Any:
    call = ctypes.CDLL(None, use_errno=True).statx
    call.argtypes = [
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p,
    ]  # fmt: skip
    return call
