"""What is forgotten is old: no wrong clock makes it so, and looks in vain do not pile up."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from daydreamd.history.retention import MOST_SKIPS, Reckoning, look, reckon
from daydreamd.history.store import History, open_history
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger
from tests.integration.insight_items import an_item

DAY = 86_400.0
YEAR = 366 * DAY


async def held(
    history: History,
    *,
    seconds: float = 0,
    outcome: Outcome | None = Outcome.COMPLETED,
    padding: str = "",
) -> str:
    """A session that began so many seconds from now; without an outcome it has not ended."""
    session = DaydreamSession.begin(Trigger.TIMER)
    session.session_id += secrets.token_hex(4)  # as many as these are not begun in one second
    session.start_time += timedelta(seconds=seconds)
    session.phase_seconds = {Phase.PRE_CLEANUP: 1.0}
    session.reasons.append(padding)
    await history.open_session(session)
    await history.note_phase(session)
    session.outcome = outcome
    if outcome:
        await history.close_session(session)
    return session.session_id


def clock_off_by(seconds: float, *, boot_id: str) -> Reckoning:
    now = look()
    return Reckoning(now.wall + seconds, now.boot, boot_id, now.wall + seconds)


async def test_old_sessions_are_forgotten_and_what_was_said_is_not(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await held(history, seconds=-40 * DAY)
        await held(history, seconds=-35 * DAY, outcome=None)
        for _ in range(500):
            await held(history, seconds=-DAY)
        await history.record_insights("s", [an_item()], paths={"shop": "/w/shop"})
        assert await history.forget(30 * DAY) == 1
        kept = await history.sessions(1000)
        assert len(kept) == 501, "an unfinished one is for recovery to close"
        assert len(await history.known_insights("/w/shop")) == 1


async def test_a_clock_that_is_years_off_takes_nothing_of_the_latest_along(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        for _ in range(20):
            await held(history, seconds=-400 * DAY)
        assert await history.forget(30 * DAY) == 0
        assert len(await history.sessions(1000)) == 20


async def test_of_skipped_sessions_only_the_latest_are_kept(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await held(history, seconds=-2 * DAY)
        for _ in range(230):
            await held(history, outcome=Outcome.SKIPPED)
        assert await history.forget(YEAR) == 30
        outcomes = Counter(one.outcome for one in await history.sessions(1000))
        assert outcomes == {"skipped": 200, "completed": 1}


@pytest.mark.parametrize("boot_id", ["the same", "another"])
@pytest.mark.parametrize("off", [YEAR, -50 * YEAR])
@pytest.mark.parametrize("knows_the_time", [True, False])
async def test_a_clock_that_is_wrong_deletes_nothing(
    tmp_path: Path, boot_id: str, off: float, knows_the_time: bool
) -> None:
    async with open_history(tmp_path / "history.db") as history:
        kept = [await held(history, seconds=-DAY), await held(history)]
        now = clock_off_by(0, boot_id="the same")
        if knows_the_time:
            await history.forget(30 * DAY, now=now)
        now = clock_off_by(off, boot_id=boot_id)
        kept.append(await held(history, seconds=off))
        assert await history.forget(30 * DAY, now=now) == 0
        now = clock_off_by(0, boot_id=boot_id)
        kept.append(await held(history))
        assert await history.forget(30 * DAY, now=now) == 0
        assert {one.session_id for one in await history.sessions()} == set(kept)


async def test_a_year_of_looks_in_vain_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as history:
        first = await held(history)
        for _ in range(MOST_SKIPS + 20):
            await held(history, outcome=Outcome.SKIPPED, padding="x" * 2_000)
            await history.forget(YEAR)
        found = await history.sessions(limit=1_000)
        assert len(found) == MOST_SKIPS + 1
        assert found[-1].session_id == first, "what was reflected on is kept"
    # closed: while it is open, SQLite's own journal takes up to 4 MB beside it
    assert sum(file.stat().st_size for file in tmp_path.glob("history.db*")) < 2_000_000


def test_what_was_not_believed_is_made_up_for() -> None:
    before = Reckoning(YEAR, 0.0, "a", 0.0)
    assert reckon(before, Reckoning(YEAR + DAY, DAY, "a", 0.0)).time == 2 * DAY
    caught_up = Reckoning(YEAR, 0.0, "a", YEAR)
    assert reckon(caught_up, Reckoning(YEAR + DAY, DAY, "a", 0.0)).time == YEAR + DAY
