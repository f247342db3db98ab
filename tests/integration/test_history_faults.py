"""What may befall a history's file: it stays whole, or is put aside loudly; it is never lost."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from daydreamd.errors import HistoryError
from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Trigger

FAKES = Path(__file__).parents[1] / "fakes"


async def fill(path: Path, count: int) -> list[str]:
    names = []
    async with open_history(path) as history:
        for number in range(count):
            session = DaydreamSession.begin(Trigger.TIMER)
            session.session_id += f"-{number}"
            session.insights = "x" * 5000
            await history.open_session(session)
            names.append(session.session_id)
    return names


def kill_a_writer(path: Path, after_lines: int) -> list[list[str]]:
    """What a writer said it had kept until it was killed, in the middle of whatever came next."""
    with subprocess.Popen(
        [sys.executable, FAKES / "history_writer.py", path], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(after_lines)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    return [line.split() for line in told]


async def test_a_writer_killed_at_any_moment_leaves_a_whole_history(tmp_path: Path) -> None:
    path, told = tmp_path / "history.db", []
    dice = random.Random(7)
    for _ in range(12):
        told += kill_a_writer(path, dice.randint(1, 40))
        async with open_history(path) as history:
            assert history.put_aside is None
            assert len(await history.unfinished()) <= 1
    async with open_history(path) as history:
        for session_id, _ in await history.unfinished():
            assert await history.close_interrupted(session_id, "its process died")
        found = {row.session_id: row.outcome for row in await history.sessions(100_000)}
    assert len(told) > 12
    may_be = {"opened": ("completed", "interrupted"), "closed": ("completed",)}
    for what, session_id in told:
        assert found[session_id] in may_be[what]
    assert set(found.values()) <= {"completed", "interrupted"}


def test_a_full_disk_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    argv = ["unshare", "--mount", sys.executable, FAKES / "full_disk.py", tmp_path]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "full" in told["error"]
    assert told["kept"], "some fit before the disk was full"
    assert told["lost"] == []
    assert told["first"] == "completed"
    assert told["found"] == len(told["kept"]) + 1
    assert told["put_aside"] == "None"


@pytest.mark.parametrize("damage", ["garbage", "header", "middle", "truncated"])
async def test_a_corrupt_history_is_put_aside_whole_and_a_new_one_begun(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "history.db"
    await fill(path, 20)
    data = bytearray(path.read_bytes())
    match damage:
        case "garbage":
            data = bytearray(os.urandom(4096))
        case "header":
            data[:16] = b"not a database!!"
        case "middle":
            data[4096 * 5 : 4096 * 25] = b"\xff" * 4096 * 20
        case "truncated":
            del data[len(data) // 2 // 4096 * 4096 :]
    path.write_bytes(data)
    async with open_history(path) as history:
        assert history.put_aside is not None
        assert history.put_aside.name.startswith("history.db.corrupt-20")
        assert history.put_aside.read_bytes() == data
        assert await history.sessions() == []
        session = DaydreamSession.begin(Trigger.TIMER)
        await history.open_session(session)
    async with open_history(path) as history:
        assert history.put_aside is None
        assert len(await history.sessions()) == 1


async def test_two_that_find_it_corrupt_put_it_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"garbage" * 1000)
    seen: list[Path | None] = []

    async def open_and_write() -> None:
        async with open_history(path) as history:
            seen.append(history.put_aside)
            await history.open_session(DaydreamSession.begin(Trigger.TIMER))

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(open_and_write)
    assert len([aside for aside in seen if aside]) == 1
    async with open_history(path, read_only=True) as history:
        assert len(await history.sessions()) == 4


async def test_a_reader_is_told_of_a_corrupt_history_and_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(HistoryError, match="not a database"):
        async with open_history(path, read_only=True) as history:
            await history.sessions()
    assert path.exists()


async def test_a_history_of_a_newer_version_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    await fill(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(HistoryError, match="newer version"):
            async with open_history(path, read_only=read_only):
                pass
    assert path.exists()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The database as another process holds it, in the middle of a transaction."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield
        holder.communicate()


async def test_a_writer_that_holds_on_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as history:
        with locked(path):
            assert await history.sessions() == [], "reading goes on"
            with pytest.raises(HistoryError, match="database is locked"):
                await history.set_state("key", "value")
        await history.set_state("key", "value")


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"cannot open .*: no such file or directory"):
        async with open_history(tmp_path / "missing" / "history.db"):
            pass
    (tmp_path / "history.db").mkdir()
    with pytest.raises(HistoryError, match=r"cannot open .*is a directory"):
        async with open_history(tmp_path / "history.db"):
            pass


async def test_opening_beside_one_that_never_finishes_opening_is_given_up(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(HistoryError, match="another process has been opening it"):
            async with open_history(tmp_path / "history.db"):
                pass
    finally:
        os.close(descriptor)
