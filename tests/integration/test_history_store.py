"""The history on a real disk: what is told is kept, once, and comes back in the shape promised."""

from __future__ import annotations

import secrets
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from daydreamd.errors import HistoryError
from daydreamd.history.migrations import MIGRATIONS
from daydreamd.history.store import open_history
from daydreamd.host.boots import read_boot_id, read_machine_id
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.health import SystemMetrics
from daydreamd.records.insight import Evidence, InsightItem
from daydreamd.records.kill import KillRecord

SHAPE = {
    "session_id", "trigger", "start_time", "end_time", "phase", "outcome", "reasons",
    "phase_seconds", "system_health", "workspace_analysis", "development_trends", "system_metrics",
    "recent_activity", "analysis", "analysis_duration", "insights", "insight_items",
    "cleanup_summary",
}  # fmt: skip


def an_item(title: str = "The retry loop hides time-outs", name: str = "a3f") -> InsightItem:
    evidence = Evidence(path="payments/client.py", line=88, end_line=97, quote="except Exception:")
    return InsightItem(
        id=name, workspace="shop", title=title, body="…", category="quality",
        evidence=(evidence,), grounded=True,
    )  # fmt: skip


async def test_a_session_comes_back_whole(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.SIGNAL)
        await history.open_session(session)
        session.phase = Phase.PRE_CLEANUP
        session.phase_seconds[Phase.READINESS_CHECK] = 0.1
        await history.note_phase(session)
        session.phase = Phase.COMPLETE
        session.outcome = Outcome.COMPLETED
        session.reasons.append("because")
        session.insight_items.append(an_item())
        await history.close_session(session)

        record = await history.session(session.session_id[:18])
        assert set(msgspec.to_builtins(record)) == SHAPE
        assert record.outcome == "completed"
        assert record.insight_items[0].evidence[0].end_line == 97
        (row,) = await history.sessions()
        assert set(row.__struct_fields__) == {
            "session_id", "trigger", "start_time", "end_time", "outcome", "reasons",
            "phase_seconds",
        }  # fmt: skip
        assert row.phase_seconds == {"readiness_check": 0.1}
        assert row.reasons == ("because",)
        assert row.end_time >= row.start_time


async def test_a_session_is_closed_exactly_once(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.ONCE)
        await history.open_session(session)
        session.outcome = Outcome.COMPLETED
        await history.close_session(session)
        session.outcome = Outcome.FAILED
        with pytest.raises(HistoryError, match="it ended before, completed"):
            await history.close_session(session)
        with pytest.raises(HistoryError, match="it ended before"):
            await history.note_phase(session)
        assert not await history.close_interrupted(session.session_id, "its process died")
        assert (await history.session(session.session_id)).outcome == "completed"


async def test_a_session_is_opened_exactly_once(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.ONCE)
        await history.open_session(session)
        with pytest.raises(HistoryError, match="UNIQUE"):
            await history.open_session(session)


async def test_a_session_without_an_outcome_is_not_closed(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.ONCE)
        await history.open_session(session)
        with pytest.raises(HistoryError, match="no outcome"):
            await history.close_session(session)


async def test_a_dead_session_keeps_what_it_had_noted(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.TIMER)
        await history.open_session(session)
        session.phase = Phase.AI_ANALYSIS
        session.system_metrics = SystemMetrics(load_per_cpu=0.3)
        await history.note_phase(session)
        assert await history.unfinished() == [(session.session_id, session.start_time)]

        assert await history.close_interrupted(session.session_id, "its process died")
        record = await history.session(session.session_id)
        assert record.outcome == "interrupted"
        assert record.reasons == ["its process died"]
        assert record.phase == "ai_analysis"
        assert record.system_metrics == SystemMetrics(load_per_cpu=0.3)
        assert record.end_time is not None
        assert record.end_time >= session.start_time
        assert await history.unfinished() == []


async def test_a_file_name_that_is_not_utf_8_does_not_cost_the_record(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        session = DaydreamSession.begin(Trigger.ONCE)
        session.workspace_analysis = {"shop": WorkspaceFacts(name="caf\udce9.py")}
        await history.open_session(session)
        record = await history.session(session.session_id)
        assert record.workspace_analysis["shop"].name == "caf?.py"


async def test_what_is_recorded_is_there_for_a_reader_at_once(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as writer, open_history(path, read_only=True) as reader:
        session = DaydreamSession.begin(Trigger.ONCE)
        await writer.open_session(session)
        assert [row.session_id for row in await reader.sessions()] == [session.session_id]
        with pytest.raises(HistoryError, match="readonly"):
            await reader.set_state("key", "value")


async def test_a_reader_of_no_history_makes_none(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db", read_only=True) as history:
        assert await history.sessions() == []
        with pytest.raises(HistoryError, match="`daydreamd sessions list` shows those there are"):
            await history.session("2026")
    assert list(tmp_path.iterdir()) == []


async def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as history:
        await history.set_state("key", "value")
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}


async def test_insights_said_again_are_counted_and_opened(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        (first,) = await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        assert await history.record_insights("s2", [], paths={}, recurring=[first.id]) == []
        (known,) = await history.known_insights("/w/shop")
        assert (known.status, known.times_seen) == ("open", 2)
        assert (known.first_session, known.last_session) == ("s1", "s2")
        assert known.first_seen < known.last_seen
        assert known.evidence == first.evidence
        assert await history.known_insights("/w/other") == []


async def test_an_insight_whose_lines_changed_is_addressed_and_opens_when_seen_again(
    tmp_path: Path,
) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        await history.record_insights("s2", [], paths={}, addressed={"a3f": "4be1f02"})
        known = await history.insight("a3")
        assert (known.status, known.addressed_by) == ("addressed", "4be1f02")
        await history.record_insights("s3", [], paths={}, recurring=["a3f"])
        assert (await history.insight("a3f")).status == "open"


async def test_a_dismissed_insight_stays_dismissed(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        assert (await history.set_insight_status("a3f", "dismissed")).status == "dismissed"
        await history.record_insights("s2", [], paths={}, recurring=["a3f"], addressed=["a3f"])
        assert (await history.insight("a3f")).status == "dismissed"
        with pytest.raises(HistoryError, match="write one of"):
            await history.set_insight_status("a3f", "gone")


async def test_ids_are_short_unique_and_found_by_their_beginning(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        items = [an_item(title=f"Number {n}", name="") for n in range(300)]
        stored = await history.record_insights("s1", items, paths={"shop": "/w/shop"})
        ids = [item.id for item in stored]
        assert len(set(ids)) == 300
        assert set(map(len, ids)) <= {3, 4, 5}
        for item in stored:
            assert (await history.insight(item.id)).title == item.title
        (again,) = await history.record_insights("s2", [an_item(name=ids[0])], paths={})
        assert again.id not in ids
        with pytest.raises(HistoryError, match="write more of it"):
            await history.insight(
                next(i for i in "0123456789abcdef" if sum(x[0] == i for x in ids) > 1)
            )
        with pytest.raises(HistoryError, match="cannot find insight 'zzz'"):
            await history.insight("zzz")
        with pytest.raises(HistoryError, match="cannot find insight '%'"):
            await history.insight("%")


async def test_insights_are_searched(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        items = [an_item(), an_item(title="Two price formats", name="b07")]
        await history.record_insights("s1", items, paths={"shop": "/w/shop"})
        await history.set_insight_status("b07", "accepted")
        assert [i.id for i in await history.insights(search="PRICE")] == ["b07"]
        assert [i.id for i in await history.insights(status="standing")] == ["a3f"]
        assert [i.id for i in await history.insights(status="accepted")] == ["b07"]


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
        (one,) = await history.kills(session_id="s1")
        assert one.command == "claude --resume ?"
        assert (one.reasons, one.undo, one.at) == (kill.reasons, kill.undo, kill.at)
        assert one.start_ticks == 123
        assert [k.session_id for k in await history.kills()] == [None, "s1"]


async def test_a_remembered_value_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as history:
        assert await history.get_state("next") is None
        await history.set_state("next", "soon")
        await history.set_state("next", "later")
    async with open_history(path) as history:
        assert await history.get_state("next") == "later"


async def test_a_reflection_is_remembered_by_workspace(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        assert await history.last_reflection("/w/shop") is None
        await history.note_reflection("/w/shop", "f1", "s1")
        await history.note_reflection("/w/shop", "f2", "s2")
        last = await history.last_reflection("/w/shop")
        assert last is not None
        assert (last.fingerprint, last.session_id) == ("f2", "s2")


async def remember(history, *, days: float, outcome: Outcome | None) -> None:
    session = DaydreamSession.begin(Trigger.TIMER)
    session.session_id += secrets.token_hex(4)  # as many as these are not begun in one second
    session.start_time -= timedelta(days=days)
    session.phase_seconds = {Phase.PRE_CLEANUP: 1.0}
    await history.open_session(session)
    await history.note_phase(session)
    session.outcome = outcome
    if outcome:
        await history.close_session(session)


async def test_old_sessions_are_forgotten_and_what_was_said_is_not(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await remember(history, days=40, outcome=Outcome.COMPLETED)
        await remember(history, days=35, outcome=None)
        for _ in range(500):
            await remember(history, days=1, outcome=Outcome.COMPLETED)
        await history.record_insights("s", [an_item()], paths={"shop": "/w/shop"})
        assert await history.forget(30 * 86400) == 1
        kept = await history.sessions(1000)
        assert len(kept) == 501, "an unfinished one is for recovery to close"
        assert len(await history.known_insights("/w/shop")) == 1


async def test_a_clock_that_is_years_off_takes_nothing_of_the_latest_along(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        for _ in range(20):
            await remember(history, days=400, outcome=Outcome.COMPLETED)
        assert await history.forget(30 * 86400) == 0
        assert len(await history.sessions(1000)) == 20


async def test_of_skipped_sessions_only_the_latest_are_kept(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await remember(history, days=2, outcome=Outcome.COMPLETED)
        for _ in range(230):
            await remember(history, days=0, outcome=Outcome.SKIPPED)
        assert await history.forget(365 * 86400) == 30
        outcomes = Counter(one.outcome for one in await history.sessions(1000))
        assert outcomes == {"skipped": 200, "completed": 1}


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


def test_a_machine_is_told_by_an_id_that_gives_its_own_away_to_nobody(tmp_path: Path) -> None:
    own = tmp_path / "machine-id"
    own.write_text("0123456789abcdef0123456789abcdef\n")
    told = read_machine_id(own)
    assert told is not None
    assert (len(told), told in own.read_text()) == (32, False)
    assert told == read_machine_id(own)
    own.write_text("uninitialized\n")
    assert read_machine_id(own) is None
    assert read_machine_id(tmp_path / "none") is None
