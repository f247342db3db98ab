"""Whose program listens on a TCP port of this machine, as the kernel tells it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_LISTENS: Final = "0A"
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def listening_users(port: int) -> frozenset[int]:
    """The user ids of all sockets that listen on `port`, at whatever address.

    OSError where the kernel does not tell.
    """
    rows = _TABLES[0].read_text().splitlines()[1:]
    if _TABLES[1].exists():  # a machine may be without IPv6
        rows += _TABLES[1].read_text().splitlines()[1:]
    return frozenset(
        int(fields[7])
        for fields in map(str.split, rows)
        if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port
    )


def trusted_uids(names: Iterable[str]) -> frozenset[int]:
    """Root, us, and the users of these names that this machine has."""
    found = {0, os.geteuid()}
    for name in names:
        try:
            found.add(pwd.getpwnam(name).pw_uid)
        except (KeyError, ValueError):  # no such user here; ValueError: a NUL in the name
            continue
    return frozenset(found)


def user_name(uid: int) -> str:
    """`user NAME`, or `user UID` where the id has no name."""
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
