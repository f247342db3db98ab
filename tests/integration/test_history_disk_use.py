"""What agents held is remembered by kind: the finished counts, and of them so many."""

from __future__ import annotations

import time
from pathlib import Path

from daydreamd.history import disk_use
from daydreamd.history.store import open_history
from daydreamd.records.disk import KindUse

CLAUDE = KindUse(kind="claude", bytes=5_000, files=3, finished=True)
CODEX = KindUse(kind="codex", bytes=7, files=1, finished=False)


async def test_the_last_finished_count_of_each_kind_is_known(tmp_path: Path):
    async with open_history(tmp_path / "history.db") as history:
        assert await history.last_disk_use() == {}
        await history.keep_disk_use([CLAUDE, CODEX])
        (known,) = (await history.last_disk_use()).values()
        assert known.bytes == 5_000
        assert abs(known.at - time.time()) < 60
        larger = KindUse(kind="claude", bytes=9_000, files=3, finished=True)
        await history.keep_disk_use([larger])
        assert (await history.last_disk_use())["claude"].bytes == 9_000


async def test_only_so_many_are_kept(tmp_path: Path):
    async with open_history(tmp_path / "history.db") as history:
        await history.keep_disk_use([CLAUDE] * (disk_use._MOST_KEPT + 50))
        rows = await history._read(
            lambda connection: connection.execute("SELECT count(*) FROM disk_use").fetchone()[0]
        )
        assert rows == disk_use._MOST_KEPT
