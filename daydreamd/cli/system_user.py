"""Root, asked to work with the system's things, becomes the one whose things they are.

A report or a history that root has written is closed to the daemon from then on.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path

from daydreamd.errors import FileError
from daydreamd.settings.places import Places


def become_owner(places: Places) -> None:
    """Give root up for the owner of the state directory, for good; nothing for anybody else.

    Where nothing is there yet, nothing is owned, and root stays root.
    """
    if os.geteuid() != 0:
        return
    try:
        uid = places.state.stat().st_uid
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(
            f"cannot use {places.state}: {error.strerror}", path=places.state
        ) from error
    if uid == 0:
        return
    try:
        person = pwd.getpwuid(uid)
    except KeyError:
        reason = f"it belongs to user {uid}, who is unknown here"
        raise FileError(f"cannot use {places.state}: {reason}", path=places.state) from None
    for directory in (places.insights, places.runtime, places.cache):
        _hand_over(directory, lambda made: os.chown(made, uid, person.pw_gid))
    os.initgroups(person.pw_name, person.pw_gid)
    os.setgid(person.pw_gid)
    os.setuid(uid)
    os.environ.update(HOME=person.pw_dir, USER=person.pw_name, LOGNAME=person.pw_name)
    os.environ.pop("XDG_RUNTIME_DIR", None)
    os.chdir(Path.cwd() if os.access(".", os.X_OK) else "/")


def _hand_over(directory: Path, give: Callable[[Path], None]) -> None:
    """Make a directory that the unit would have made, while there still is a right to."""
    if directory.parent.is_dir() and not os.path.lexists(directory):
        directory.mkdir(mode=0o700)
        give(directory)
