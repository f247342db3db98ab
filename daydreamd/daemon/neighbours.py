"""Other daemons that run as the same user: each would tidy and reflect for that user by itself.

The lock keeps a second daemon from the same directories; these have directories of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from daydreamd.host.system.local_sockets import connected, peer_of
from daydreamd.settings.places import daemon_sockets

_CONNECT_SECONDS: Final = 5.0


class Neighbour(NamedTuple):
    """A daemon that listens. Its pid is 0 where it is in a namespace that hides it."""

    pid: int
    socket: Path

    def __str__(self) -> str:
        return f"pid {self.pid or 'unknown'} at {self.socket}"


def find_daemons(environ: Mapping[str, str], uid: int) -> list[Neighbour]:
    """Daemons of that uid that listen now, this process left out. Blocks: connects."""
    found: dict[tuple[int, int], Neighbour] = {}
    for socket in daemon_sockets(environ):
        try:
            place = socket.stat()
            with connected(socket, within=_CONNECT_SECONDS) as connection:
                pid, owner = peer_of(connection)
        except OSError:  # none there, or none that answers to us
            continue
        if owner == uid and pid != os.getpid():
            found.setdefault((place.st_dev, place.st_ino), Neighbour(pid, socket))
    return list(found.values())
