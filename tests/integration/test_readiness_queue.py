"""The owner's queue: real SQLite files in every state, never written to, never idle by mistake."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from daydreamd.errors import HostError
from daydreamd.readiness.queue import Tasks, count_tasks
from daydreamd.settings.schema import Queue
from daydreamd.units import Duration

TABLE = """
CREATE TABLE promises (id INTEGER PRIMARY KEY, chat_id INTEGER, message_id INTEGER,
  task_description TEXT, task_type TEXT, status TEXT, created_at TEXT, completed_at TEXT,
  metadata TEXT, result_summary TEXT, error_message TEXT)
"""


def ago(hours: float) -> str:
    return f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"


def make(path: Path, *tasks: tuple[str, object], journal: str = "delete") -> Queue:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute(TABLE)
        connection.executemany("INSERT INTO promises (status, created_at) VALUES (?, ?)", tasks)
        connection.commit()
    return Queue(backend="sqlite", path=str(path))


@contextmanager
def held(path: Path, begin: str) -> Iterator[None]:
    """The queue in the hands of another process, in the middle of a transaction."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute(sys.argv[2]);"
        "c.execute(\"INSERT INTO promises (status) VALUES ('pending')\");"
        "print('held', flush=True); sys.stdin.read(); c.execute('COMMIT')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path, begin],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield
        _, errors = holder.communicate()
        assert holder.returncode == 0, errors


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_pending_and_stalled_tasks_are_counted(tmp_path: Path) -> None:
    queue = make(
        tmp_path / "q.db",
        ("pending", ago(1)), ("pending", ago(100)), ("in_progress", ago(5)),
        ("in_progress", ago(3)), ("completed", ago(9)), ("failed", ago(9)), ("waiting", ago(9)),
    )  # fmt: skip
    assert count_tasks(queue) == Tasks(pending=2, stalled=1)
    soon = Queue(backend="sqlite", path=queue.path, stalled_after=Duration(3600))
    assert count_tasks(soon).stalled == 2


def test_an_empty_queue_is_idle(tmp_path: Path) -> None:
    assert count_tasks(make(tmp_path / "q.db")) == Tasks(0, 0)


@pytest.mark.parametrize("when", ["garbage", "", None, "2026-13-45 99:99:99", b"\xff\xfe", -1])
def test_a_task_in_progress_since_nobody_knows_when_is_stalled(tmp_path: Path, when) -> None:
    assert count_tasks(make(tmp_path / "q.db", ("in_progress", when))) == Tasks(0, 1)


def test_a_task_from_the_future_is_not_stalled(tmp_path: Path) -> None:
    assert count_tasks(make(tmp_path / "q.db", ("in_progress", ago(-50)))) == Tasks(0, 0)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_looking_leaves_everything_as_it_was(tmp_path: Path, journal: str) -> None:
    queue = make(tmp_path / "q.db", ("pending", ago(1)), journal=journal)
    before = bytes_of(tmp_path)
    assert set(before) == {"q.db"}
    assert count_tasks(queue).pending == 1
    assert bytes_of(tmp_path) == before


def test_an_open_wal_is_read_with_what_is_in_it(tmp_path: Path) -> None:
    queue = make(tmp_path / "q.db", journal="wal")
    with held(tmp_path / "q.db", "BEGIN IMMEDIATE"):
        assert count_tasks(queue).pending == 0, "what is not committed does not count"
    with closing(sqlite3.connect(tmp_path / "q.db")) as owner:
        owner.execute("INSERT INTO promises (status) VALUES ('pending')")
        owner.commit()
        assert count_tasks(queue).pending == 2


def test_a_queue_that_somebody_has_locked_is_not_idle(tmp_path: Path) -> None:
    queue = make(tmp_path / "q.db")
    with held(tmp_path / "q.db", "BEGIN EXCLUSIVE"), pytest.raises(HostError, match="is locked"):
        count_tasks(queue)
    assert count_tasks(queue).pending == 1


def test_looking_does_not_hinder_the_owner(tmp_path: Path) -> None:
    queue = make(tmp_path / "q.db")
    with held(tmp_path / "q.db", "BEGIN IMMEDIATE"):
        assert count_tasks(queue).pending == 0
    assert count_tasks(queue).pending == 1, "the owner's commit went through"


def test_what_cannot_be_counted_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    queue = Queue(backend="sqlite", path=str(path))
    with pytest.raises(HostError, match=r"cannot read .*q.db: no such file"):
        count_tasks(queue)
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(HostError, match="not a database"):
        count_tasks(queue)
    path.unlink()
    sqlite3.connect(path).close()
    with pytest.raises(HostError, match="no such table: promises"):
        count_tasks(queue)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE promises (id INTEGER)")
    with pytest.raises(HostError, match="no such column: status"):
        count_tasks(queue)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(HostError, match="not a regular file"):
        count_tasks(queue)
    with pytest.raises(HostError, match=r"queue\.path is not set"):
        count_tasks(Queue(backend="sqlite"))
    with pytest.raises(HostError, match="not a regular file"):
        count_tasks(Queue(backend="sqlite", path=str(tmp_path)))


def test_a_corrupt_queue_is_not_idle(tmp_path: Path) -> None:
    queue = make(tmp_path / "q.db", *[("pending", ago(n)) for n in range(2000)])
    data = bytearray(Path(queue.path).read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    Path(queue.path).write_bytes(data)
    with pytest.raises(HostError, match="malformed"):
        count_tasks(queue)


def test_a_question_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            """
            CREATE VIEW promises AS
              WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
              SELECT 'pending' AS status, '' AS created_at FROM n
            """
        )
    with pytest.raises(HostError, match="interrupted"):
        count_tasks(Queue(backend="sqlite", path=str(path)))


@pytest.mark.parametrize("status", ["PENDING", "Pending", " pending "])
def test_a_status_in_other_letters_is_the_same_status(tmp_path: Path, status: str) -> None:
    tasks = (status, ago(1)), ("In Progress", ago(5)), ("IN_PROGRESS", ago(1)), ("Done", ago(9))
    assert count_tasks(make(tmp_path / "q.db", *tasks)) == Tasks(1, 1)


@pytest.mark.parametrize("status", ["queued", "", None, 0])
def test_a_status_that_nobody_knows_is_not_nothing_pending(tmp_path: Path, status: object) -> None:
    with pytest.raises(HostError, match="neither pending nor done"):
        count_tasks(make(tmp_path / "q.db", (status, ago(1))))


def written(hours: float) -> list[object]:
    """One moment, as different programs keep it."""
    then = datetime.now(UTC) - timedelta(hours=hours)
    seconds = then.timestamp()
    return [
        seconds, int(seconds), int(seconds * 1e3), int(seconds * 1e6), str(int(seconds)),
        f"{then:%Y-%m-%d %H:%M:%S}", f"{then:%Y-%m-%dT%H:%M:%SZ}", then.isoformat(),
        then.astimezone(timezone(timedelta(hours=9))).isoformat(),
        then.astimezone(timezone(timedelta(hours=-8))).isoformat(" "),
        f"{then:%Y-%m-%d %H:%M:%S} UTC", seconds / 86_400 + 2_440_587.5,
    ]  # fmt: skip


def test_times_are_understood_however_they_are_written(tmp_path: Path) -> None:
    old, young = written(5), written(3)
    tasks = [("in_progress", when) for when in old + young]
    path = tmp_path / "q.db"
    with closing(sqlite3.connect(path)) as connection:  # a column without a type keeps what it gets
        connection.execute("CREATE TABLE promises (status, created_at)")
        connection.executemany("INSERT INTO promises VALUES (?, ?)", tasks)
        connection.commit()
    queue = Queue(backend="sqlite", path=str(path))
    assert count_tasks(queue) == Tasks(0, len(old))


def test_a_redis_queue_without_its_library_says_what_is_missing() -> None:
    queue = Queue(backend="huey", url="redis://127.0.0.1:1/0")
    with pytest.raises(HostError, match="cannot read the queue"):
        count_tasks(queue)
