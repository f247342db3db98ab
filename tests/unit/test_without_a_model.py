"""A session without a model is no success: the journal warns, and status does not count it."""

from datetime import UTC, datetime

from daydreamd.daemon.status_tracker import StatusTracker
from daydreamd.observe.log_records import record_of
from daydreamd.records.daydream_session import Outcome, Trigger
from daydreamd.records.events import SessionEnded
from daydreamd.records.session_end import SessionSummary


def test_the_journal_warns_of_a_session_without_a_model():
    ended = SessionEnded(
        session_id="s", outcome=Outcome.CLEANUP_ONLY, seconds=1, reasons=("no model answers",)
    )
    record = record_of(ended)
    assert (record.level, record.facts["reason"]) == ("warning", "no model answers")


def test_sessions_without_a_model_did_not_end_well():
    tracker, moment = StatusTracker(), datetime(2026, 11, 22, 18, 46, 1, tzinfo=UTC)
    tracker.recall(
        [
            SessionSummary(
                session_id="s", trigger=Trigger.TIMER, outcome=outcome, reasons=(),
                start_time=moment, end_time=moment, phase_seconds={},
            )
            for outcome in (Outcome.CLEANUP_ONLY, Outcome.CLEANUP_ONLY, Outcome.COMPLETED)
        ]
    )  # fmt: skip
    assert (tracker.sessions_well, tracker.sessions_seen) == (1, 3)
