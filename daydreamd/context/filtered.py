"""Files that git compares only after a filter changed them, judged without running the filter.

Git as it is run here knows no filter, so what lies in the work tree differs from what is committed.
A pointer of Git LFS names the content's hash and size, which can be computed; of any other filter's
files nothing is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from daydreamd.context.foreign import ForeignGit, configured_filters
from daydreamd.context.uncommitted import Uncommitted
from daydreamd.errors import FileError
from daydreamd.host.files.access import open_beneath
from daydreamd.host.threads import in_spare_thread

_MAX_POINTER: Final = 1024  # as Git LFS reads
_MAX_HASHED: Final = 256 << 20  # of all files of a look together
_POINTER: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n"
)
_LFS: Final = "lfs"


@dataclass(frozen=True)
class Pointer:
    """What Git LFS keeps in place of a file: its content's sha256 and size in bytes."""

    oid: str
    size: int


def parse_pointer(blob: bytes) -> Pointer | None:
    """The pointer that a blob is; None where it is something else."""
    found = _POINTER.fullmatch(blob) if len(blob) <= _MAX_POINTER else None
    # An extension changes the content once more: its hash is not that of the file.
    if found is None or b"\next-" in blob:
        return None
    return Pointer(found["oid"].decode(), int(found["size"]))


async def settle_filtered(
    git: ForeignGit, found: tuple[Uncommitted, ...]
) -> tuple[Uncommitted, ...]:
    """`found` without files that are clean behind their filter; `?` where only it could tell."""
    filters = await _filters(git, [one for one in found if _may_be_filtered(one)])
    if not filters:
        return found
    lfs = [one for one in found if filters.get(one.path) == _LFS]
    pointers = await _pointers(git, lfs)
    known = await in_spare_thread(lambda: _compare(git, lfs, pointers))
    settled = (
        _with_state(one, known.get(one.path, "?")) if one.path in filters else one for one in found
    )
    return tuple(one for one in settled if one.code != "..")


def _may_be_filtered(one: Uncommitted) -> bool:
    """Whether a regular file's content differs from the index, and its mode does not."""
    fields = one.record.split(b" ", 8)
    return (
        one.record[:1] in b"12"
        and one.code[1] == "M"
        and fields[4] == fields[5]
        and fields[4].startswith(b"100")
    )


async def _filters(git: ForeignGit, changed: list[Uncommitted]) -> dict[str, str]:
    """Which filter stands between each file and git; a name without a program is none."""
    if not changed:
        return {}
    configured = await in_spare_thread(lambda: configured_filters(git.repository)) | {_LFS}
    prefix = git.repository.prefix
    paths = b"".join(os.fsencode(prefix + one.path) + b"\0" for one in changed)
    printed = await git.run("check-attr", "-z", "--stdin", "filter", stdin=paths)
    fields = printed.split(b"\0")
    said = zip(fields[0::3], fields[2::3], strict=False)
    named = {os.fsdecode(path).removeprefix(prefix): os.fsdecode(value) for path, value in said}
    return {path: value for path, value in named.items() if value in configured}


async def _pointers(git: ForeignGit, files: Iterable[Uncommitted]) -> dict[str, Pointer | None]:
    """The pointer that the index has for each file; None where it has the content itself."""
    oids = {one.path: one.record.split(b" ", 8)[7] for one in files}
    small = await _small_blobs(git, frozenset(oids.values()))
    return {path: parse_pointer(small.get(oid, b"")) for path, oid in oids.items()}


async def _small_blobs(git: ForeignGit, oids: frozenset[bytes]) -> dict[bytes, bytes]:
    if not oids:
        return {}
    asked = b"\n".join(sorted(oids)) + b"\n"
    sizes = await git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked)
    lines = (line.split() for line in sizes.splitlines())
    small = [oid for oid, size in lines if size.isdigit() and int(size) <= _MAX_POINTER]
    if not small:
        return {}
    asked = b"\n".join(small) + b"\n"
    printed = await git.run("cat-file", "--batch=%(objectname) %(objectsize)", stdin=asked)
    blobs, at = {}, 0
    while at < len(printed):
        end = printed.index(b"\n", at)
        oid, size = printed[at:end].split()
        blobs[oid] = printed[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return blobs


def _compare(
    git: ForeignGit, files: Iterable[Uncommitted], pointers: dict[str, Pointer | None]
) -> dict[str, str]:
    """ "." for a file that is what its pointer says, "M" for one that is not."""
    known: dict[str, str] = {}
    left = _MAX_HASHED
    for one in files:
        pointer = pointers[one.path]
        if pointer is None or (size := _size(git, one.path)) != pointer.size:
            known[one.path] = "M"
        elif size <= left:
            left -= size
            known[one.path] = "." if _hash(git, one.path, size) == pointer.oid else "M"
    return known


def _size(git: ForeignGit, path: str) -> int | None:
    try:
        return Path(git.repository.top, git.repository.prefix, path).lstat().st_size
    except OSError:
        return None  # gone since: changed, then


def _hash(git: ForeignGit, path: str, size: int) -> str | None:
    digest = sha256()
    try:
        root = git.repository.top / git.repository.prefix
        with os.fdopen(open_beneath(root, path), "rb") as file:
            while size > 0 and (chunk := file.read(min(size, 1 << 20))):
                size -= len(chunk)
                digest.update(chunk)
    except OSError:
        return None  # gone, or not ours to read: not what the pointer says
    except FileError:
        return None
    return digest.hexdigest()


def _with_state(one: Uncommitted, letter: str) -> Uncommitted:
    return replace(one, code=one.code[0] + letter)
