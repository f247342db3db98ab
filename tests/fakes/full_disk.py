"""Fills a small disk while a history is open on it, and says what of the history is left.

To be run in a mount namespace of its own: it mounts a tmpfs of 2 MiB on the given directory.
"""

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

import anyio

from daydreamd.errors import HistoryError
from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Trigger


async def main(directory: Path) -> None:
    path, kept, error = directory / "history.db", [], ""
    async with open_history(path) as history:
        first = DaydreamSession.begin(Trigger.TIMER)
        await history.open_session(first)
        fill(directory / "filler")
        try:
            for number in count():
                session = DaydreamSession.begin(Trigger.TIMER)
                session.session_id += f"-{number}"
                session.insights = "x" * 50_000
                await history.open_session(session)
                kept.append(session.session_id)
        except HistoryError as full:
            error = str(full)
        (directory / "filler").unlink()
        first.outcome = Outcome.COMPLETED
        await history.close_session(first)  # the same connection goes on once there is room
    async with open_history(path) as history:
        found = {row.session_id: row.outcome for row in await history.sessions(1000)}
        aside = history.put_aside
    print(json.dumps({
        "error": error, "kept": kept, "lost": [name for name in kept if name not in found],
        "first": found.get(first.session_id), "found": len(found), "put_aside": str(aside),
    }))  # fmt: skip


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        try:
            while out.write(b"\0" * 4096):
                pass
        except OSError:
            out.truncate(out.tell() - 200_000)


subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", sys.argv[1]], check=True)
anyio.run(main, Path(sys.argv[1]))
