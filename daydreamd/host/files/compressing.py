"""A compressed copy of a file: whole or not at all, within a size and a time.

The copy bears the time of its original, so that it is known which state of it was copied.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
import zlib
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.access import open_beneath

_CHUNK: Final = 1 << 20
_GZIP: Final = 31
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def compress_copy(source: Path, target: Path, *, max_bytes: int, until: float) -> int:
    """Copy `source` into the gzip file `target`; how large that became.

    FileError where the source is no regular file of ours, where the copy would be larger than
    `max_bytes`, or where it is not done `until` (monotonic seconds). Then `target` is as it was.
    """
    original = open_beneath(source.parent, source.name)
    try:
        facts = os.fstat(original)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
            raise FileError(f"cannot copy {source}: not a file of ours", path=source)
        return _replace(original, facts, source, target, max_bytes, until)
    except OSError as error:
        raise FileError(f"cannot copy {source}: {error.strerror or error}", path=source) from error
    finally:
        os.close(original)


def _replace(
    original: int, facts: os.stat_result, source: Path, target: Path, max_bytes: int, until: float
) -> int:
    temporary = target.parent / f".{target.name[:200]}.{secrets.token_hex(4)}.tmp"
    copy = os.open(temporary, _NEW, 0o600)
    try:
        fcntl.flock(copy, fcntl.LOCK_EX)  # tells a sweep of half-written files that we live
        size = _compress(original, copy, source, max_bytes, until)
        os.utime(copy, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
        os.fsync(copy)
        temporary.replace(target)
    except BaseException:  # whatever stopped us, half a copy is not to stay
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(copy)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return size


def _compress(original: int, copy: int, source: Path, max_bytes: int, until: float) -> int:
    packer, size = zlib.compressobj(1, zlib.DEFLATED, _GZIP), 0
    while piece := os.read(original, _CHUNK):
        size += _write(copy, packer.compress(piece))
        if size > max_bytes:
            raise FileError(f"cannot copy {source}: there is no room for it", path=source)
        if time.monotonic() > until:
            raise FileError(f"cannot copy {source}: it takes too long", path=source)
    return size + _write(copy, packer.flush())


def _write(file: int, data: bytes) -> int:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
    return len(data)
