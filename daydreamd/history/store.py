"""The history's one writer in a process: each event is one short transaction.

A session's row is opened before anything starts and closed exactly once, by the session itself or,
where its process died, by the next to hold the session lock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import msgspec

from daydreamd.errors import DatabaseError, HistoryError
from daydreamd.history import (
    disk_use,
    proposals_kept,
    queries,
    retention,
    shown,
    waiting_claims,
    writing,
)
from daydreamd.history.migrations import MIGRATIONS
from daydreamd.host.databases import (
    Connection,
    Database,
    open_database,
    open_database_to_read,
)
from daydreamd.records.daydream_session import DaydreamSession, Outcome
from daydreamd.records.disk import KindUse, KnownUse
from daydreamd.records.failing import FailingPart
from daydreamd.records.insight import InsightItem, KnownInsight
from daydreamd.records.insight_stats import InsightStats, ProposalFate, SourceCounts
from daydreamd.records.kill import KillRecord
from daydreamd.records.reflected import ReflectionRecord, ShownExcerpt
from daydreamd.records.session_end import SessionSummary

_PARTS_KEY: Final = "failing_parts"

T = TypeVar("T")
P = ParamSpec("P")


class History:
    """An open history. `put_aside` is where a corrupt one was moved, which the caller logs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.put_aside = database.put_aside

    # Sessions

    async def open_session(self, session: DaydreamSession) -> None:
        """Record that a session begins."""
        await self._write(writing.open_session, session)

    async def note_phase(self, session: DaydreamSession) -> None:
        """Record where the session stands and what it knows so far."""
        await self._write(writing.note_phase, session)

    async def close_session(self, session: DaydreamSession) -> None:
        """Record how the session ended; a second time is an error."""
        await self._write(writing.close_session, session)

    async def close_interrupted(
        self, session_id: str, reason: str, *, outcome: Outcome = Outcome.INTERRUPTED
    ) -> bool:
        """Close the record of a session whose process died; False if it had closed it itself."""
        return await self._write(writing.close_dead, session_id, reason, outcome)

    async def unfinished(self) -> list[tuple[str, datetime]]:
        """Ids and starts of the sessions without an end, oldest first."""
        return await self._read(queries.unfinished)

    async def sessions(self, limit: int = 20) -> list[SessionSummary]:
        """The newest sessions, newest first."""
        return await self._read(queries.sessions, limit)

    async def session(self, prefix: str) -> DaydreamSession:
        """One session whole, by its id or the beginning of it."""
        return await self._read(queries.session, prefix)

    async def forget(
        self, older_than_seconds: float, *, now: retention.Reckoning | None = None
    ) -> int:
        """Delete sessions and kills that began longer ago; gives the number of sessions.

        No clock that is wrong hurries it, and of skipped sessions only the newest are kept.
        """
        return await self._write(retention.forget, older_than_seconds, now or retention.look())

    # Insights

    async def record_insights(  # noqa: PLR0913 - all that a session says, in one transaction
        self,
        session_id: str,
        items: Sequence[InsightItem],
        *,
        paths: Mapping[str, str],
        recurring: Sequence[str] = (),
        addressed: Mapping[str, str] | Sequence[str] = (),
        model: str = "",
        fates: Sequence[ProposalFate] = (),
        moved: Sequence[InsightItem] = (),
        waiting: Sequence[InsightItem] | None = None,
    ) -> list[InsightItem]:
        """Record what a session said; gives `items` as stored, under ids that are not yet in use.

        `paths` tells each workspace's path by its name. `recurring` are ids said again,
        `addressed` are ids whose lines have changed (with the commit, where that is known). `moved`
        stand elsewhere now, and `waiting` are kept for the next session of these workspaces.
        `fates` are the proposals that were not kept, `model` the one that was asked.
        """
        commits = addressed if isinstance(addressed, Mapping) else dict.fromkeys(addressed, "")

        def write(connection: Connection) -> list[InsightItem]:
            writing.mark_seen(connection, session_id, recurring)
            writing.mark_addressed(connection, session_id, commits)
            waiting_claims.move_insights(connection, moved)
            if waiting is not None:
                waiting_claims.keep_waiting(connection, waiting, paths)
            stored = writing.record_insights(connection, session_id, items, paths)
            proposals_kept.note_changed(connection, commits)
            proposals_kept.note_sources(connection, stored, model)
            proposals_kept.record_fates(connection, session_id, model, fates)
            return stored

        return await self._write(write)

    async def known_insights(self, workspace_path: str) -> list[KnownInsight]:
        """All that was said of a workspace, oldest first."""
        return await self._read(queries.known_insights, workspace_path)

    async def waiting_claims(self, workspace_path: str) -> list[InsightItem]:
        """What was over the limit of earlier sessions of a workspace."""
        return await self._read(waiting_claims.waiting_claims, workspace_path)

    async def insights(
        self, *, status: str | None = None, search: str = "", limit: int = 100
    ) -> list[KnownInsight]:
        """Insights, newest first; `status="standing"` takes those that are new or open."""
        return await self._read(queries.insights, status=status, search=search, limit=limit)

    async def insight(self, prefix: str) -> KnownInsight:
        """One insight, by its id or the beginning of it."""
        return await self._read(queries.insight, prefix)

    async def insight_ids(self) -> set[str]:
        """The ids of all insights ever recorded."""
        return await self._read(queries.insight_ids)

    async def insight_stats(self) -> InsightStats:
        """What became of all that was ever proposed."""
        return await self._read(proposals_kept.stats)

    async def counts_by_rule(self) -> Mapping[str, SourceCounts]:
        """What became of the findings of each rule."""
        return await self._read(proposals_kept.counts_by_rule)

    async def set_insight_status(self, prefix: str, status: str) -> KnownInsight:
        """Accept or dismiss an insight; gives it as it is now."""
        return await self._write(writing.set_insight_status, prefix, status)

    # Kills, reflections, state

    async def record_kill(self, session_id: str | None, kill: KillRecord) -> None:
        """Record a process that was ended; `session_id` is None where `clean` did it."""
        kill = msgspec.structs.replace(kill, session_id=session_id)
        await self._write(writing.record_kill, kill)

    async def kills(self, limit: int = 100) -> list[KillRecord]:
        """Processes that were ended, newest first."""
        return await self._read(queries.kills, limit)

    async def note_reflection(self, workspace_path: str, fingerprint: str, session_id: str) -> None:
        """Remember what a workspace looked like when it was reflected on."""
        await self._write(writing.note_reflection, workspace_path, fingerprint, session_id)

    async def last_reflection(self, workspace_path: str) -> ReflectionRecord | None:
        """When a workspace was last reflected on, if ever."""
        return await self._read(queries.last_reflection, workspace_path)

    async def note_shown(self, workspace_path: str, excerpts: Sequence[tuple[str, str]]) -> None:
        """Remember paths and keys of the excerpts that a model saw."""
        await self._write(shown.note_shown, workspace_path, excerpts)

    async def shown(self, workspace_path: str) -> list[ShownExcerpt]:
        """What models saw of a workspace, and when last."""
        return await self._read(shown.shown, workspace_path)

    async def failing_parts(self) -> tuple[FailingPart, ...]:
        """The parts of the sessions that failed when a session last looked at them."""
        return await self.get_state(_PARTS_KEY, tuple[FailingPart, ...]) or ()

    async def keep_failing_parts(self, parts: Sequence[FailingPart]) -> None:
        """Remember the parts that fail, in place of the former ones."""
        await self.set_state(_PARTS_KEY, parts)

    async def keep_disk_use(self, kinds: Sequence[KindUse]) -> None:
        """Record the finished counts among `kinds`."""
        await self._write(disk_use.keep, kinds)

    async def last_disk_use(self) -> dict[str, KnownUse]:
        """The last finished count of each kind."""
        return await self._read(disk_use.last)

    async def get_state(self, key: str, kind: type[T]) -> T | None:
        """A single value that outlives a restart, such as when the next session is due.

        None where there is none, or one of another version that is no `kind`.
        """
        return await self._read(queries.state, key, kind)

    async def set_state(self, key: str, value: object) -> None:
        """Store `value` under `key`, in place of the former one."""
        await self._write(writing.set_state, key, value)

    async def _write(
        self, action: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        with _as_history_error():
            return await self._database.write(lambda connection: action(connection, *args, **named))

    async def _read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        with _as_history_error():
            return await self._database.read(lambda connection: query(connection, *args, **named))


@contextmanager
def _as_history_error() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise HistoryError(str(error), path=error.path) from error


@asynccontextmanager
async def open_history(path: Path, *, read_only: bool = False) -> AsyncIterator[History]:
    """Open the history at `path`; one that is not there is begun, or (read-only) taken as empty."""
    opening = open_database_to_read if read_only else open_database
    async with AsyncExitStack() as stack:
        with _as_history_error():
            database = await stack.enter_async_context(opening(path, MIGRATIONS))
        yield History(database)
