"""How many tasks wait in the owner's queue, and how many are stalled.

The queue is somebody else's: it is opened read-only, asked one question and closed. Whatever goes
wrong is a reason not to be ready; no error ever reads as "nothing pending".
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from daydreamd.errors import HostError
from daydreamd.host.databases import Connection, look_into
from daydreamd.settings.model import Queue

_DEADLINE: Final = 1.5


class Tasks(NamedTuple):
    """`stalled` is None where the queue does not know."""

    pending: int
    stalled: int | None


def count_tasks(queue: Queue) -> Tasks:
    """Count; blocks for up to 1.5 s. HostError says why it cannot be told."""
    if queue.backend == "sqlite":
        return look_into(_file(queue), lambda c: _promises(c, queue), deadline=_DEADLINE)
    if queue.url:
        return Tasks(_in_redis(queue), None)
    return Tasks(look_into(_file(queue), lambda c: _huey(c, queue), deadline=_DEADLINE), None)


def _file(queue: Queue) -> Path:
    if not queue.path:
        raise HostError("cannot read the queue: queue.path is not set")
    return Path(queue.path).expanduser()


def _promises(connection: Connection, queue: Queue) -> Tasks:
    """Times are UTC text; a task in progress since nobody knows when counts as stalled."""
    since = f"-{float(queue.stalled_after):.0f} seconds"
    row = connection.execute(
        f"""
        SELECT coalesce(sum(status = 'pending'), 0),
               coalesce(sum(status = 'in_progress' AND
                            coalesce(julianday(created_at) < julianday('now', ?), 1)), 0)
          FROM "{queue.table}"
        """,  # noqa: S608  # a table cannot be a parameter; the settings allow letters, digits and _
        (since,),
    ).fetchone()
    return Tasks(int(row[0]), int(row[1]))


def _huey(connection: Connection, queue: Queue) -> int:
    row = connection.execute("SELECT count(*) FROM task WHERE queue = ?", (queue.name,)).fetchone()
    return int(row[0])


def _in_redis(queue: Queue) -> int:
    try:
        redis: Any = importlib.import_module("redis")
    except ImportError:
        reason = "the redis library is not installed (`pip install redis`)"
        raise HostError(f"cannot read the queue: {reason}") from None
    key = "huey.redis." + re.sub("[^a-z0-9]", "", queue.name)  # as huey names it
    try:
        server = redis.Redis.from_url(
            queue.url, socket_timeout=_DEADLINE, socket_connect_timeout=_DEADLINE
        )
        with server:
            is_sorted = server.type(key) == b"zset"  # a queue with priorities
            return int(server.zcard(key) if is_sorted else server.llen(key))
    except (redis.RedisError, OSError, ValueError) as error:
        raise HostError(f"cannot read the queue: {error}") from error
