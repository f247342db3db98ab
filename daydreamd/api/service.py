"""Everything that a face may ask of a daemon and its history, in one place.

What talks to the daemon blocks and answers at once; what reads the history or the machine is
asynchronous. Each raises a DaydreamError whose text can be shown as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from daydreamd.settings.places import Places

if TYPE_CHECKING:
    from daydreamd.api.connection import DaemonConnection
    from daydreamd.history.store import History
    from daydreamd.readiness.verdict import ReadinessReport
    from daydreamd.records.daemon_status import Status
    from daydreamd.records.daydream_session import DaydreamSession
    from daydreamd.records.events import AnyEvent
    from daydreamd.records.insight import KnownInsight
    from daydreamd.records.insight_stats import InsightStats
    from daydreamd.records.kill import KillRecord
    from daydreamd.records.session_end import SessionSummary
    from daydreamd.settings.schema import Settings

_MOST_INSIGHTS = 10_000


class Service:
    """Asks the daemon and reads the history that live at `places`."""

    def __init__(self, places: Places) -> None:
        self.places = places

    # The daemon

    @contextmanager
    def daemon(self) -> Iterator[DaemonConnection]:
        """A conversation, for more than one question: to trigger a session and wait for its end.

        DaemonNotRunning where no daemon runs.
        """
        from daydreamd.api.connection import connect

        with connect(self.places.control_socket) as connection:
            yield connection

    def status(self) -> Status:
        """The state of the daemon; DaemonNotRunning where none runs."""
        with self.daemon() as daemon:
            return daemon.status()

    def reload(self) -> tuple[str, ...]:
        """Have the settings read anew; a line for each fault if they were refused."""
        with self.daemon() as daemon:
            return daemon.reload()

    def event_lines(self) -> Iterator[bytes]:
        """Events as JSON lines without their end, until the daemon stops."""
        with self.daemon() as daemon:
            yield from daemon.event_lines()

    def events(self) -> Iterator[AnyEvent]:
        """Events as they happen, until the daemon stops."""
        from daydreamd.records.events import from_line

        return map(from_line, self.event_lines())

    # The history

    async def sessions(self, limit: int = 20) -> list[SessionSummary]:
        """The newest sessions, newest first."""
        async with self._history() as history:
            return await history.sessions(limit)

    async def session(self, prefix: str) -> DaydreamSession:
        """One session whole, by its id or the beginning of it."""
        async with self._history() as history:
            return await history.session(prefix)

    async def insights(self, status: str | None = "standing") -> list[KnownInsight]:
        """Insights, newest first; `standing` are those that are new or open, None takes all."""
        async with self._history() as history:
            return await history.insights(status=status)

    async def search_insights(self, words: Sequence[str]) -> list[KnownInsight]:
        """The insights that hold all of the words, newest first, of every status."""
        async with self._history() as history:
            found = await history.insights(search=words[0], limit=_MOST_INSIGHTS)
        return [insight for insight in found if _holds(insight, words)]

    async def insight(self, prefix: str) -> KnownInsight:
        """One insight, by its id or the beginning of it."""
        async with self._history() as history:
            return await history.insight(prefix)

    async def insight_stats(self) -> InsightStats:
        """What became of all that was ever proposed: by reason, by model, by rule."""
        async with self._history() as history:
            return await history.insight_stats()

    async def accept(self, prefixes: Sequence[str]) -> list[KnownInsight]:
        """Note that insights are right; all or none, if one is not known."""
        return await self._mark(prefixes, "accepted")

    async def dismiss(self, prefixes: Sequence[str]) -> list[KnownInsight]:
        """Have insights never come back; all or none, if one is not known."""
        return await self._mark(prefixes, "dismissed")

    async def kills(self) -> list[KillRecord]:
        """Processes that were ended, newest first, each with the way to bring it back."""
        async with self._history() as history:
            return await history.kills()

    # The machine

    async def why(self, settings: Settings) -> ReadinessReport:
        """Whether a timed session would run now, gate by gate."""
        from daydreamd.readiness.model_server import find_model
        from daydreamd.readiness.verdict import check_readiness

        return await check_readiness(
            settings.readiness,
            queue=settings.queue,
            disk_at=self.places.state,
            idle_gates=True,
            find_model=partial(find_model, settings.model),
            quiet_hours=settings.schedule.quiet_hours,
            model=settings.model,
        )

    async def _mark(self, prefixes: Sequence[str], status: str) -> list[KnownInsight]:
        async with self._history() as history:
            for prefix in prefixes:  # one that is unknown begins no history, and changes no other
                await history.insight(prefix)
        async with self._history(read_only=False) as history:
            return [await history.set_insight_status(prefix, status) for prefix in prefixes]

    @asynccontextmanager
    async def _history(self, *, read_only: bool = True) -> AsyncIterator[History]:
        from daydreamd.history.store import open_history

        async with open_history(self.places.history_db, read_only=read_only) as history:
            yield history


def _holds(insight: KnownInsight, words: Sequence[str]) -> bool:
    cited = " ".join(f"{evidence.path} {evidence.quote}" for evidence in insight.evidence)
    said = f"{insight.workspace} {insight.title} {insight.body} {insight.category} {cited}".lower()
    return all(word.lower() in said for word in words)
