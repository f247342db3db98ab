"""The watch on agent processes: a cheap look every few minutes, so that idle time is known.

`agents.idle_watch` keeps what is seen, and knows what counts as an agent; this is only the loop
around it, and the numbers for `daydreamd status`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from daydreamd.agents.idle_watch import sample_agents
from daydreamd.daemon.clock import LOOK_SECONDS
from daydreamd.host.loops import Beat, Wakeable
from daydreamd.records.daemon_status import AgentCount
from daydreamd.settings.schema import Settings

_FIRST_LOOK_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 30.0


class AgentWatch:
    """Samples agent processes every `observe.watch_agents` seconds, and then does `also`."""

    def __init__(
        self, state: Path, settings: Callable[[], Settings], also: Callable[[], Awaitable[None]]
    ) -> None:
        self._state, self._also = state, also
        self._settings = settings
        self._wakeable = Wakeable()
        self._counts: Mapping[str, tuple[int, int]] = {}

    def wake(self) -> None:
        """Sample now, and go on at the interval of the new settings."""
        self._wakeable.set()

    def counts(self) -> dict[str, AgentCount]:
        """Processes and bytes by kind, as last seen."""
        return {kind: AgentCount(*seen) for kind, seen in sorted(self._counts.items())}

    async def serve(self, beat: Beat) -> None:
        """The loop; it returns only when cancelled."""
        beat(_FIRST_LOOK_SECONDS + _LATE_SECONDS)
        await self._wakeable.sleep(_FIRST_LOOK_SECONDS)  # starting comes first
        while True:
            settings = self._settings()
            self._counts = (await sample_agents(self._state, settings.cleanup)).counts()
            await self._also()
            pause = max(settings.observe.watch_agents, 1.0)
            beat(pause + LOOK_SECONDS)
            await self._wakeable.sleep(pause)
