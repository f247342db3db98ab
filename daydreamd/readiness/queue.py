"""How many tasks wait in the owner's queue, and how many are stalled.

The queue is somebody else's: it is opened read-only, asked one question and closed. Whatever goes
wrong is a reason not to be ready; no error ever reads as "nothing pending", and neither does a
queue that is not there or a status that nobody here has heard of.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, NamedTuple

from daydreamd.errors import HostError
from daydreamd.host.databases import Connection, look_into
from daydreamd.readiness.huey_queue import count_in_directory, count_in_file, count_in_redis
from daydreamd.settings.schema import Queue

_DEADLINE: Final = 1.5
_PENDING: Final = "pending"
_IN_PROGRESS: Final = "in_progress"
_AT_REST: Final = frozenset(
    {
        "waiting", "paused", "deferred", "completed", "complete", "done", "success", "succeeded",
        "failed", "error", "cancelled", "canceled", "skipped", "expired", "archived", "abandoned",
    }
)  # fmt: skip


class Tasks(NamedTuple):
    """`stalled` is None where the queue does not know."""

    pending: int
    stalled: int | None


def count_tasks(queue: Queue) -> Tasks:
    """Count; blocks for up to 1.5 s. HostError says why it cannot be told."""
    if queue.backend == "sqlite":
        return look_into(_file(queue), lambda c: _promises(c, queue), deadline=_DEADLINE)
    if queue.url:
        return Tasks(count_in_redis(queue.url, queue.name, seconds=_DEADLINE), None)
    path = _file(queue)
    if path.is_dir():
        return Tasks(count_in_directory(path), None)
    return Tasks(look_into(path, lambda c: count_in_file(c, queue), deadline=_DEADLINE), None)


def _file(queue: Queue) -> Path:
    if not queue.path:
        raise HostError("cannot read the queue: queue.path is not set")
    return Path(queue.path).expanduser()


def _promises(connection: Connection, queue: Queue) -> Tasks:
    """Count a table of tasks. One in progress that does not say since when counts as stalled."""
    rows = connection.execute(
        f"""
        SELECT replace(replace(lower(trim(status)), '-', '_'), ' ', '_') AS state, count(*),
               sum(replace(replace(lower(trim(status)), '-', '_'), ' ', '_') = 'in_progress' AND
                   coalesce(epoch(created_at) < ?, 1))
          FROM "{queue.table}" GROUP BY state
        """,  # noqa: S608  # a table cannot be a parameter; the settings allow letters, digits and _
        (time.time() - float(queue.stalled_after),),
    ).fetchall()
    found = {row[0]: (int(row[1]), int(row[2] or 0)) for row in rows}
    if unknown := sorted(map(str, found.keys() - _AT_REST - {_PENDING, _IN_PROGRESS})):
        reason = f"status {unknown[0][:40]!r} in {queue.table} says neither pending nor done"
        raise HostError(f"cannot read the queue: {reason}")
    return Tasks(found.get(_PENDING, (0, 0))[0], found.get(_IN_PROGRESS, (0, 0))[1])
