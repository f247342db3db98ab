"""Taking the beginning out of a log that others go on writing to."""

from __future__ import annotations

import os
import secrets
from typing import Final

_COLLAPSE_RANGE: Final = 0x08
_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def block_of(directory: int) -> int:
    """The size of which a cut by `collapse` has to be a multiple."""
    return max(4096, os.statvfs(directory).f_bsize)


def collapse(file: int, length: int) -> bool:
    """Take the first `length` bytes out of an open file at once; False where that is not possible.

    The kernel holds writers off meanwhile, so that nothing that is appended is lost. ext4 and XFS
    can; `length` is a multiple of their block and less than the file's size.
    """
    import ctypes  # noqa: PLC0415 - only where a log is cut that is being written

    libc = ctypes.CDLL(None, use_errno=True)
    call = libc.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return bool(call(file, _COLLAPSE_RANGE, 0, length) == 0)


def can_collapse(directory: int, log: str) -> bool:
    """Whether the file system of a directory can, tried on a file of our own."""
    block, name = block_of(directory), f".{log[:100]}.{secrets.token_hex(4)}.tmp"
    file = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        os.unlink(name, dir_fd=directory)
        os.write(file, bytes(block + 1))
        return collapse(file, block)
    finally:
        os.close(file)
