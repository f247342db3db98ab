"""Writes sessions into a history for ever, saying each that is kept; to be killed at any moment."""

import sys
import time
from pathlib import Path

import anyio

from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger
from daydreamd.records.facts import WorkspaceFacts


async def main(path: Path) -> None:
    async with open_history(path) as history:
        for session_id, _ in await history.unfinished():
            await history.close_interrupted(session_id, "its process died")
        while True:
            session = DaydreamSession.begin(Trigger.TIMER)
            session.session_id += f"-{time.monotonic_ns()}"  # hundreds a second are not foreseen
            session.workspace_analysis = {"shop": WorkspaceFacts(name="x" * 20_000)}
            await history.open_session(session)
            print("opened", session.session_id, flush=True)
            session.phase_seconds[Phase.READINESS_CHECK] = 0.1
            await history.note_phase(session)
            session.outcome = Outcome.COMPLETED
            await history.close_session(session)
            print("closed", session.session_id, flush=True)


anyio.run(main, Path(sys.argv[1]))
