"""Directories that no other user can change, reached without following links."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from daydreamd.errors import FileError
from daydreamd.host.files.access import DIRECTORY


def open_private(directory: Path) -> int:
    """Open a directory that only we or root can change, and the way to it; FileError for others.

    A sticky directory on the way is fine: what is ours in it cannot be moved by others.
    """
    resolved = directory.resolve()
    handle = os.open("/", DIRECTORY)
    try:
        parts = resolved.parts[1:]
        for depth, name in enumerate(parts, 1):
            below = os.open(name, DIRECTORY, dir_fd=handle)
            os.close(handle)
            handle = below
            on_the_way = depth < len(parts)
            _refuse_shared(os.fstat(handle), resolved, sticky_is_fine=on_the_way)
    except OSError as error:
        os.close(handle)
        raise FileError(f"cannot open {directory}: {error.strerror}", path=directory) from error
    except FileError:
        os.close(handle)
        raise
    return handle


def _refuse_shared(facts: os.stat_result, path: Path, *, sticky_is_fine: bool) -> None:
    if facts.st_uid not in (0, os.geteuid()):
        raise FileError(
            f"cannot rotate in {path}: another user owns it or the way to it", path=path
        )
    shared = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if shared and not (sticky_is_fine and facts.st_mode & stat.S_ISVTX):
        raise FileError(f"cannot rotate in {path}: others can write there", path=path)
