"""Queues that the real huey made: in SQLite, in a directory, and in a real Redis."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import huey
import pytest

from daydreamd.errors import HostError
from daydreamd.readiness.queue import Tasks, count_tasks
from daydreamd.settings.schema import Queue

NAMES = ["huey", "My_Queue", "my-app.Tasks", "mine"]


def fill(queue: Any, number: int, *, later: int = 0) -> None:
    """Tasks that wait, and some whose hour has not come."""

    @queue.task()
    def work() -> None:
        pass

    for _ in range(number):
        work()
    for _ in range(later):
        queue.storage.add_to_schedule(b"task", datetime.now(UTC) + timedelta(days=1))


@pytest.mark.parametrize("name", NAMES)
def test_sqlite_queues_are_counted_by_their_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "huey.db"
    for one, number in ((name, 11), ("another", 3)):
        made = huey.SqliteHuey(one, filename=str(path))
        fill(made, number, later=2)
        made.storage.close()
    assert count_tasks(Queue(backend="huey", path=str(path), name=name)) == Tasks(11, None)


def test_a_sqlite_queue_that_is_not_there_is_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "huey.db"
    made = huey.SqliteHuey("Mine", filename=str(path))
    nothing = Queue(backend="huey", path=str(path), name="mine")
    assert count_tasks(nothing).pending == 0, "nothing waits under any name"
    fill(made, 2)
    made.storage.close()
    with pytest.raises(HostError, match="no queue 'mine', only 'Mine'"):
        count_tasks(nothing)


def test_a_queue_in_files_is_counted(tmp_path: Path) -> None:
    queue = Queue(backend="huey", path=str(tmp_path / "files"))
    fill(huey.FileHuey(path=queue.path), 4)
    assert count_tasks(queue) == Tasks(4, None)
    (tmp_path / "else").mkdir()
    with pytest.raises(HostError, match="no such file"):
        count_tasks(Queue(backend="huey", path=str(tmp_path / "else")))


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    assert program, "the tests of queues need redis-server"
    socket = tmp_path / "r.sock"
    with subprocess.Popen(
        [program, "--port", "0", "--unixsocket", "r.sock", "--save", "", "--daemonize", "no"],
        cwd=tmp_path, stdout=subprocess.PIPE,
    ) as server:  # fmt: skip
        assert server.stdout
        for line in server.stdout:
            if b"ready to accept connections" in line.lower() or b"at r.sock" in line:
                break
        yield f"unix://{socket}"
        server.terminate()
        server.stdout.read()


@pytest.mark.parametrize("kind", ["RedisHuey", "PriorityRedisHuey", "RedisExpireHuey"])
@pytest.mark.parametrize("name", NAMES)
def test_redis_queues_are_counted_by_their_names(redis_url: str, kind: str, name: str) -> None:
    fill(getattr(huey, kind)(name, url=redis_url), 11, later=2)
    assert count_tasks(Queue(backend="huey", url=redis_url, name=name)) == Tasks(11, None)


def test_keys_of_older_versions_are_found(redis_url: str) -> None:
    fill(huey.RedisHuey("myqueue", url=redis_url), 3)  # what version 2 makes of My-myqueue
    assert count_tasks(Queue(backend="huey", url=redis_url, name="M_myqueue")).pending == 3


def test_a_redis_queue_that_is_not_there_is_not_empty(redis_url: str) -> None:
    queue = Queue(backend="huey", url=redis_url, name="typo")
    with pytest.raises(HostError, match="no trace of a queue 'typo'"):
        count_tasks(queue)
    fill(huey.RedisHuey("Mine", url=redis_url), 2)
    with pytest.raises(HostError, match="no queue 'typo', only 'Mine'"):
        count_tasks(queue)


def test_an_idle_consumer_shows_that_nothing_waits(redis_url: str) -> None:
    made = huey.RedisHuey("mine", url=redis_url, read_timeout=30)
    waiting = threading.Thread(target=made.storage.dequeue)
    waiting.start()
    while not any(one["cmd"] == "brpop" for one in made.storage.conn.client_list()):
        time.sleep(0.01)
    assert count_tasks(Queue(backend="huey", url=redis_url, name="mine")).pending == 0
    made.storage.enqueue(b"enough")
    waiting.join()
