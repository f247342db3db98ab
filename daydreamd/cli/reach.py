"""Reaching the daemon that is meant: the system's if its socket may be opened, else one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.daemon.client import Connection


@contextmanager
def reach(invocation: Invocation) -> Iterator[Connection]:
    """Talk to the daemon; DaemonNotRunning where there is none."""
    from daydreamd.daemon.client import connect
    from daydreamd.settings.places import find_places_to_read

    places = find_places_to_read(os.environ, scope=invocation.scope)
    with connect(places.control_socket) as connection:
        yield connection
