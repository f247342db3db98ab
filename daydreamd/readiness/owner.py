"""Noticing that the owner came back while a session of the daemon's own accord runs."""

from __future__ import annotations

from typing import Final

import anyio

from daydreamd.errors import HostError
from daydreamd.host.system import presence
from daydreamd.host.threads import in_spare_thread

_LOOK_SECONDS: Final = 5.0
_LOGIND_SECONDS: Final = 3.0


async def await_owner() -> str:
    """Wait for input on any terminal or desktop of this machine; returns which."""
    began = anyio.current_time()
    while True:
        await anyio.sleep(_LOOK_SECONDS)
        elapsed = anyio.current_time() - began
        for seen in await _look():
            if seen.idle_seconds < elapsed:
                return seen.where


async def _look() -> list[presence.Presence]:
    try:
        at_terminals = await in_spare_thread(presence.on_terminals)
        return at_terminals + await presence.on_desktops(_LOGIND_SECONDS)
    except HostError:
        return []  # unknown is not a return; whether to begin at all was decided before
