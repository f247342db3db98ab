"""The history on a real disk: what is told is kept, once, and comes back in the shape promised."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from daydreamd.errors import HistoryError
from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.failing import FailingPart
from daydreamd.records.health import SystemMetrics
from tests.integration.insight_items import an_item

SHAPE = {
    "session_id", "trigger", "start_time", "end_time", "phase", "outcome", "reasons",
    "phase_seconds", "system_health", "workspace_analysis", "development_trends", "system_metrics",
    "recent_activity", "analysis", "analysis_duration", "insights", "insight_items",
    "refused_claims", "cleanup_summary",
}  # fmt: skip


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
        session.reasons.append("pre_cleanup: broke")
        await history.note_phase(session)
        assert await history.unfinished() == [(session.session_id, session.start_time)]

        secret = "it died: token=ghp_0123456789abcdefghijABCDEFGHIJ012345"
        assert await history.close_interrupted(session.session_id, secret)
        record = await history.session(session.session_id)
        assert record.outcome == "interrupted"
        assert record.reasons == ["pre_cleanup: broke", "it died: token=[redacted]"]
        (row,) = await history.sessions()
        assert row.reasons == tuple(record.reasons)
        assert row.end_time == record.end_time
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


async def test_a_remembered_value_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    async with open_history(path) as history:
        assert await history.get_state("next", str) is None
        await history.set_state("next", "soon")
        await history.set_state("next", "later")
    async with open_history(path) as history:
        assert await history.get_state("next", str) == "later"
        assert await history.get_state("next", int) is None, "of another version"


async def test_what_fails_is_remembered_whatever_its_reason_holds(tmp_path: Path) -> None:
    part = FailingPart(
        key="model", name="model", since=datetime.now(UTC), reason="caf\udce9", advice="start it"
    )
    async with open_history(tmp_path / "history.db") as history:
        assert await history.failing_parts() == ()
        await history.keep_failing_parts([part])
        (kept,) = await history.failing_parts()
        assert kept == msgspec.structs.replace(part, reason="caf?")


async def test_a_reflection_is_remembered_by_workspace(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        assert await history.last_reflection("/w/shop") is None
        await history.note_reflection("/w/shop", "f1", "s1")
        await history.note_reflection("/w/shop", "f2", "s2")
        last = await history.last_reflection("/w/shop")
        assert last is not None
        assert (last.fingerprint, last.session_id) == ("f2", "s2")
