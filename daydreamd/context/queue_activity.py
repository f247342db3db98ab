"""What the owner's task queue went through in the last seven days.

Asked once, read-only, and never written or locked: the queue belongs to a running program.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import anyio.to_thread

from daydreamd.errors import HostError
from daydreamd.host.databases import Connection, look_into
from daydreamd.records.trends import QueueActivity
from daydreamd.settings.schema import Queue

_DEADLINE_SECONDS: Final = 2.0


async def read_queue_activity(queue: Queue | None) -> QueueActivity | None:
    """Tasks created and completed, by status; None where no queue keeps such a record.

    HostError where it should and cannot be read. huey forgets its tasks when they are done.
    """
    if queue is None or queue.backend != "sqlite":
        return None
    if not queue.path:
        raise HostError("cannot read the queue: queue.path is not set")
    return await anyio.to_thread.run_sync(_look, queue)


def _look(queue: Queue) -> QueueActivity:
    path = Path(queue.path).expanduser()
    return look_into(path, lambda c: _promises(c, queue.table), deadline=_DEADLINE_SECONDS)


def _promises(connection: Connection, table: str) -> QueueActivity:
    since = time.time() - 7 * 86_400
    # A table cannot be a parameter; the settings allow letters, digits and _ in its name.
    created = connection.execute(
        f"""SELECT lower(trim(status)), count(*) FROM "{table}"
            WHERE epoch(created_at) >= ? GROUP BY 1""",  # noqa: S608 - as said above
        (since,),
    ).fetchall()
    completed, mean_minutes = connection.execute(
        f"""SELECT count(*), avg((epoch(completed_at) - epoch(created_at)) / 60)
            FROM "{table}"
            WHERE lower(trim(status)) = 'completed' AND epoch(completed_at) >= ?""",  # noqa: S608 - as said above
        (since,),
    ).fetchone()
    return QueueActivity(
        created=sum(count for _, count in created),
        by_status={str(status): count for status, count in created},
        completed=completed,
        mean_minutes_to_complete=round(mean_minutes, 1) if mean_minutes is not None else None,
    )
