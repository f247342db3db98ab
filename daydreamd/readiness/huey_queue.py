"""How many tasks wait in a queue of huey, in each of the places where it keeps them.

A queue that holds nothing leaves no trace of its own. So a name with no trace is believed to be
empty only where nothing waits under another name either; else it is probably the wrong name.
"""

from __future__ import annotations

import importlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from daydreamd.errors import HostError
from daydreamd.host.databases import Connection
from daydreamd.settings.schema import Queue

_KEYS: Final = ("huey.redis.", "huey.schedule.", "huey.results.", "huey.counters.")
_MAX_NAMED: Final = 5
_POPS: Final = frozenset({"brpop", "rpop", "zpopmin", "bzpopmin", "evalsha", "eval"})


def count_in_file(connection: Connection, queue: Queue) -> int:
    """Tasks in the `task` table of huey's SQLite file. HostError where the name is not there."""
    waiting = dict(connection.execute("SELECT queue, count(*) FROM task GROUP BY queue").fetchall())
    if queue.name in waiting or not waiting:
        return int(waiting.get(queue.name, 0))
    for table in ("schedule", "kv", "counter"):
        if (
            _has(connection, table)
            and connection.execute(
                f"SELECT 1 FROM {table} WHERE queue = ? LIMIT 1",  # noqa: S608 - one of the three above
                (queue.name,),
            ).fetchone()
        ):
            return 0
    raise _not_there(queue.name, waiting)


def _has(connection: Connection, table: str) -> bool:
    asked = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(asked, (table,)).fetchone() is not None


def count_in_directory(path: Path) -> int:
    """Tasks of huey's file storage: a file each; one with `.tmp` is being taken."""
    try:
        with os.scandir(path / "queue") as entries:
            return sum(not entry.name.endswith(".tmp") for entry in entries)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise HostError(f"cannot read the queue {path / 'queue'}: {reason}") from error


def count_in_redis(url: str, name: str, *, seconds: float) -> int:
    """Tasks under the keys that some version of huey gives to `name`, within about `seconds`."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise HostError("cannot read the queue: queue.url is no address of Redis")
    try:
        redis: Any = importlib.import_module("redis")
    except ImportError:
        reason = "the redis library is not installed (`pip install redis`)"
        raise HostError(f"cannot read the queue: {reason}") from None
    try:
        with redis.Redis.from_url(
            url, socket_timeout=seconds, socket_connect_timeout=seconds
        ) as server:
            return _ask(server, name, until=time.monotonic() + seconds)
    except (redis.RedisError, OSError, ValueError) as error:
        raise HostError(f"cannot read the queue: {error}") from error


def _spellings(name: str) -> list[str]:
    """What huey makes of a name: up to version 2 no capitals and underscores were kept in a key."""
    cleaned = (re.sub(r"[^A-Za-z0-9_]", "", name), name, re.sub(r"[^a-z0-9]", "", name))
    return list(dict.fromkeys(cleaned))


def _ask(server: Any, name: str, *, until: float) -> int:
    for spelling in _spellings(name):
        key = f"{_KEYS[0]}{spelling}"
        kind = server.type(key)
        if kind in (b"list", b"zset"):  # the latter is a queue with priorities
            return int(server.llen(key) if kind == b"list" else server.zcard(key))
        if kind != b"none":
            raise HostError(f"cannot read the queue: {key} holds no queue of huey")
    if any(server.exists(f"{key}{one}") for key in _KEYS[1:] for one in _spellings(name)):
        return 0
    if others := _waiting(server, until):
        raise _not_there(name, others)
    if not _is_attended(server):
        raise HostError(f"cannot read the queue: Redis has no trace of a queue {name!r}")
    return 0


def _waiting(server: Any, until: float) -> list[str]:
    """The queues that hold tasks."""
    found = []
    for key in server.scan_iter(match=f"{_KEYS[0]}*", count=5_000):
        found.append(os.fsdecode(key).removeprefix(_KEYS[0]))
        if len(found) >= _MAX_NAMED:
            break
    if time.monotonic() > until:
        raise HostError("cannot read the queue: Redis holds too much to look through")
    return found


def _is_attended(server: Any) -> bool:
    """Whether a consumer takes tasks from this database: one that is idle leaves no key."""
    me, here = str(server.client_id()), str(server.get_connection_kwargs().get("db") or 0)
    return any(
        client["db"] == here and client["id"] != me and client["cmd"].lower() in _POPS
        for client in server.client_list()
    )


def _not_there(name: str, others: Iterable[str]) -> HostError:
    known = ", ".join(repr(other) for other in sorted(map(str, others))[:_MAX_NAMED])
    return HostError(f"cannot read the queue: there is no queue {name!r}, only {known}")
