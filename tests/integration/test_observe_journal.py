"""The log in the journal's native protocol, received by a real datagram socket."""

import socket

import pytest

from daydreamd.host.system.journal import Journal
from daydreamd.observe.logs import configure
from daydreamd.records.daydream_session import Outcome, Phase
from daydreamd.records.events import PhaseStarted, ProcessEnded, SessionEnded
from daydreamd.settings.schema import Observe


@pytest.fixture
def receiver(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        server.settimeout(10)
        yield server


def test_a_record_has_a_readable_message_and_fields_to_ask_for(receiver):
    journal = Journal(receiver.getsockname())
    log = configure(Observe(format="journal"), journal=journal)
    session_id = "20261122-184601-7f3a"
    log(PhaseStarted(session_id=session_id, phase=Phase.PRE_CLEANUP, budget_seconds=30))
    log(
        ProcessEnded(
            session_id=session_id, pid=48121, rule="claude", command="claude", age_seconds=259_300,
            freed_bytes=1_181_116_006, reason="nobody\nowns it", outcome="survived",
        )
    )  # fmt: skip
    fields = dict(line.split("=", 1) for line in receiver.recv(65_536).decode().splitlines())
    journal.close()
    assert fields == {
        "MESSAGE": 'process survived         pid=48121 rule=claude age="3 d" freed="1.1 GiB"'
        ' reason="nobody owns it"',
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "daydreamd",
        "DAYDREAM_EVENT": "process survived",
        "DAYDREAM_SESSION_ID": session_id,
        "DAYDREAM_PHASE": "pre_cleanup",
        "DAYDREAM_PID": "48121",
        "DAYDREAM_RULE": "claude",
        "DAYDREAM_AGE": "3 d",
        "DAYDREAM_FREED": "1.1 GiB",
        "DAYDREAM_REASON": "nobody owns it",
    }


def test_the_end_of_a_session_can_be_asked_for_by_its_outcome(receiver):
    journal = Journal(receiver.getsockname())
    log = configure(Observe(format="journal"), journal=journal)
    log(SessionEnded(session_id="s", outcome=Outcome.COMPLETED, seconds=158.2, new_insights=2))
    fields = dict(line.split("=", 1) for line in receiver.recv(65_536).decode().splitlines())
    journal.close()
    assert fields["MESSAGE"] == "session completed        seconds=158"
    assert fields["DAYDREAM_OUTCOME"] == "completed"
    assert fields["DAYDREAM_SECONDS"] == "158"
    assert fields["DAYDREAM_NEW_INSIGHTS"] == "2"


def test_a_journal_that_is_gone_costs_records_and_nothing_else(tmp_path):
    journal = Journal(tmp_path / "nobody")
    log = configure(Observe(format="journal"), journal=journal)
    log.say("info", "daemon ready")
    assert journal.lost == 1
    journal.close()
