"""A session without a model is no success: the journal warns, and status does not count it."""

from daydreamd.daemon.status_tracker import StatusTracker
from daydreamd.events import SessionEnded
from daydreamd.observe.records import record_of
from daydreamd.session import Outcome


def test_the_journal_warns_of_a_session_without_a_model():
    ended = SessionEnded(
        session_id="s", outcome=Outcome.CLEANUP_ONLY, seconds=1, reasons=("no model answers",)
    )
    record = record_of(ended)
    assert (record.level, record.facts["reason"]) == ("warning", "no model answers")


def test_sessions_without_a_model_did_not_end_well():
    standing, moment = StatusTracker(), "2026-11-22T18:46:01.250000Z"
    standing.recall(
        [
            {
                "session_id": "s", "trigger": "timer", "outcome": outcome, "reasons": [],
                "start_time": moment, "end_time": moment,
            }
            for outcome in ("cleanup_only", "cleanup_only", "completed")
        ]
    )  # fmt: skip
    said = standing.as_json()
    assert (said["sessions_well"], said["sessions_seen"]) == (1, 3)
