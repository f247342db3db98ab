"""Ended processes in the history: who each was, why, and the way back, in every version of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daydreamd.history.migrations import MIGRATIONS
from daydreamd.history.store import open_history
from daydreamd.host.boots import read_boot_id
from daydreamd.records.kill import KillRecord


async def test_a_kill_is_kept_with_its_reasons_and_how_to_undo_it(tmp_path: Path) -> None:
    kill = KillRecord(
        pid=48121, start_ticks=123, rule="claude", command="claude --resume \udce9",
        age_seconds=3 * 86400, idle_seconds=None, rss_bytes=1 << 30,
        reasons=("nobody owns it", "no input"), outcome="ended",
        undo="cd ~/src/shop && claude --resume 0a41",
    )  # fmt: skip
    async with open_history(tmp_path / "history.db") as history:
        await history.record_kill("s1", kill)
        await history.record_kill(None, kill)
        (one,) = await history.kills(limit=1)
        assert one.command == "claude --resume ?"
        assert (one.reasons, one.undo, one.at) == (kill.reasons, kill.undo, kill.at)
        assert one.start_ticks == 123
        assert [k.session_id for k in await history.kills()] == [None, "s1"]


def an_older_history(path: Path) -> None:
    """A file of the first schema, in which a process was ended."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO kills VALUES (1, NULL, '2026-11-22T18:46:01.250000Z', 4711, 815,"
            " 'aider', 'aider', 3.0, NULL, 1, '[\"left\"]', 'aider --restore', 'ended')"
        )


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_history_of_the_first_schema_is_read(tmp_path: Path, read_only: bool) -> None:
    an_older_history(tmp_path / "history.db")
    async with open_history(tmp_path / "history.db", read_only=read_only) as history:
        (kill,) = await history.kills()
    assert (kill.pid, kill.start_ticks, kill.undo) == (4711, 815, "aider --restore")
    assert (kill.boot_id, kill.machine_id) == (None, None)


async def test_looking_into_an_older_history_leaves_it_as_it_is(tmp_path: Path) -> None:
    an_older_history(tmp_path / "history.db")
    before = (tmp_path / "history.db").read_bytes()
    async with open_history(tmp_path / "history.db", read_only=True) as history:
        assert await history.sessions() == []
    assert (tmp_path / "history.db").read_bytes() == before


async def test_an_ended_process_is_kept_with_its_boot_and_machine(tmp_path: Path) -> None:
    kill = KillRecord(
        pid=4711, start_ticks=815, boot_id=read_boot_id(), machine_id="ab" * 16, rule="aider",
        command="aider", age_seconds=3.0, rss_bytes=1, reasons=("left",), outcome="ended",
    )  # fmt: skip
    async with open_history(tmp_path / "history.db") as history:
        await history.record_kill(None, kill)
        assert await history.kills() == [kill]
