"""The daemon and session processes that crash, hang, flood and lie."""

import os
import signal

import pytest

from daydreamd.host.files.locks import hold_lock
from tests.integration.daemons import alive, running


def only_session(daemon):
    ((session_id, outcome),) = daemon.sessions().items()
    return session_id, outcome


def test_a_wish_runs_a_session_that_records_itself(tmp_path):
    with running(tmp_path) as daemon:
        with daemon.client() as client:
            assert client.ask("trigger", wait=True) == {"ok": True, "trigger": "now"}
            ended = client.answer()["session"]
        session_id, outcome = only_session(daemon)
        assert (ended["session_id"], ended["outcome"]) == (session_id, outcome)
        assert outcome == "completed"
        assert daemon.starts()[0][2] == "control"
        assert daemon.ask("status")["status"]["last"]["outcome"] == "completed"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("crash", "exit code 3: Traceback: the reason stands here"),
        ("endless line", "a line of more than"),
        ("garbage", "that are no events"),
        ("flood", "it printed more than 200000 lines"),
        ("lie", "exit code 0"),
        ("lie about others", "exit code 0"),
    ],
)
def test_a_session_that_misbehaves_is_ended_and_recorded_as_failed(tmp_path, mode, reason):
    with running(tmp_path, mode=mode) as daemon:
        with daemon.client() as client:
            client.ask("trigger", wait=True)
            ended = client.answer()["session"]
        assert ended["outcome"] == "failed"
        assert reason in ended["reasons"][0]
        assert only_session(daemon)[1] == "failed"
        assert not alive(daemon.starts()[0][0])
        daemon.mode("completed")
        daemon.ask("trigger")
        assert daemon.outcomes(2) == ["failed", "completed"]


def test_a_session_that_says_nothing_at_all_has_failed(tmp_path):
    with running(tmp_path, mode="silent") as daemon, daemon.client() as client:
        client.ask("trigger", wait=True)
        ended = client.answer()["session"]
    assert (ended["session_id"], ended["outcome"]) == ("", "failed")


def test_a_session_that_dies_before_it_has_said_its_name_has_failed_by_that_name(tmp_path):
    with running(tmp_path, mode="die unsaid") as daemon, daemon.client() as client:
        client.ask("trigger", wait=True)
        ended = client.answer()["session"]
        assert (ended["session_id"], ended["outcome"]) == only_session(daemon)
        assert ended["outcome"] == "failed"


@pytest.mark.parametrize("mode", ["hang", "deaf"])
def test_a_session_that_hangs_is_ended(tmp_path, mode):
    with running(tmp_path, mode=mode, silence=2.0) as daemon, daemon.client() as client:
        client.ask("trigger", wait=True)
        ended = client.answer()["session"]
        assert ended["outcome"] == "failed"
        assert ended["reasons"] == ["it hung in readiness_check"]
        # one that still hears has recorded itself: the history knows what it said
        assert only_session(daemon)[1] == ("interrupted" if mode == "hang" else "failed")
        assert not alive(daemon.starts()[0][0])


def test_what_a_killed_session_leaves_behind_is_ended(tmp_path):
    with running(tmp_path, mode="strays") as daemon:
        daemon.ask("trigger")
        assert daemon.outcomes(1) == ["failed"]
        strays = (tmp_path / "strays").read_text().split()
        assert len(strays) == 3
        daemon.until(lambda: not any(map(alive, strays)), "rid of strays")


def test_a_session_that_is_killed_is_recorded_once_and_its_scratch_removed(tmp_path):
    with running(tmp_path, mode="deaf") as daemon:
        daemon.ask("trigger")
        daemon.until((tmp_path / "began").exists, "begun")
        (session_id,) = daemon.sessions()
        scratch = tmp_path / "runtime/daydreamd/session" / session_id
        scratch.mkdir(parents=True)
        os.kill(int(daemon.starts()[0][0]), signal.SIGKILL)
        assert daemon.outcomes(1) == ["failed"]
        daemon.until(lambda: not scratch.exists(), "rid of scratch")
        daemon.until(lambda: daemon.ask("status")["status"]["last"], "settled")
        assert len(daemon.said("session failed")) == 1


def test_a_daemon_that_is_killed_takes_its_session_along_and_the_next_one_records_it(tmp_path):
    with running(tmp_path, mode="deaf") as daemon:
        daemon.ask("trigger")
        daemon.until((tmp_path / "began").exists, "begun")
        daemon.kill()
        pid = daemon.starts()[0][0]
        daemon.until(lambda: not alive(pid), "rid of the session")
        daemon.start()
        assert daemon.outcomes(1) == ["interrupted"]
        daemon.mode("completed")
        daemon.ask("trigger")
        assert daemon.outcomes(2) == ["interrupted", "completed"]


def test_stopping_the_daemon_has_the_session_record_itself_as_interrupted(tmp_path):
    with running(tmp_path, mode="hang") as daemon:
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("session started"), "started")
        assert daemon.stop() == 0
        assert daemon.outcomes(1) == ["interrupted"]
        assert not alive(daemon.starts()[0][0])


def test_a_deaf_session_does_not_keep_the_daemon_from_stopping_in_time(tmp_path):
    with running(tmp_path, mode="deaf") as daemon:
        daemon.ask("trigger")
        daemon.until((tmp_path / "began").exists, "begun")
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
        assert daemon.outcomes(1) == ["interrupted"]
        assert not alive(daemon.starts()[0][0])


def test_a_session_can_be_stopped_alone(tmp_path):
    with running(tmp_path, mode="hang") as daemon:
        assert daemon.ask("stop_session")["stopped"] is None
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("session started"), "started")
        (session_id,) = daemon.sessions()
        assert daemon.ask("stop_session")["stopped"] == session_id
        assert daemon.outcomes(1) == ["interrupted"]
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")


def test_somebody_elses_session_is_not_run_into(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as client:
        lock = tmp_path / "state/daydreamd/lock"
        with hold_lock(lock):
            client.ask("trigger", wait=True)
            ended = client.answer()["session"]
        assert ended["outcome"] == "skipped"
        assert f"held by pid {os.getpid()}" in ended["reasons"][0]
        assert daemon.starts() == []
