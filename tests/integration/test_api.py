"""The service that faces ask: typed answers of a real daemon, and one line where there is none."""

import json
import os
import socket
import threading

import anyio
import pytest

from daydreamd.api.connection import connect
from daydreamd.api.service import Service
from daydreamd.errors import DaemonError, DaemonNotRunning, HistoryError
from daydreamd.records.daydream_session import Outcome, Trigger
from daydreamd.records.events import SessionEnded, SessionStarted
from daydreamd.settings.places import find_places
from tests.integration.daemons import running


def service_of(daemon):
    return Service(find_places({**os.environ, **daemon.environment()}, scope="user"))


def test_a_session_is_the_same_to_who_waits_in_the_status_and_in_the_history(tmp_path):
    with running(tmp_path) as daemon:
        service = service_of(daemon)
        with service.daemon() as conversation:
            assert conversation.trigger(wait=True) == "now"
            end = conversation.session_end()
        daemon.until(lambda: service.status().state == "waiting", "waiting")
        assert (end.trigger, end.outcome) == (Trigger.CONTROL, Outcome.COMPLETED)
        assert service.status().last == end
        (kept,) = anyio.run(service.sessions)
        assert (kept.session_id, kept.outcome) == (end.session_id, end.outcome)
        assert anyio.run(service.session, end.session_id).session_id == end.session_id


def test_events_come_typed_until_the_daemon_stops(tmp_path):
    with running(tmp_path, mode="gate") as daemon:
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("session started"), "started")
        events = service_of(daemon).events()
        kinds = [type(next(events))]
        (tmp_path / "release").touch()
        while kinds[-1] is not SessionEnded:
            kinds.append(type(next(events)))
        assert kinds[0] is SessionStarted
        daemon.stop()
        assert list(events) == []


def test_what_is_refused_or_unknown_is_an_error_with_a_reason(tmp_path):
    with running(tmp_path) as daemon:
        service = service_of(daemon)
        (tmp_path / "settings.toml").write_text("nonsense")
        (fault,) = service.reload()
        assert "settings.toml" in fault
        with pytest.raises(HistoryError, match="cannot find insight"):
            anyio.run(service.accept, ["a3f"])
    with pytest.raises(DaemonNotRunning):
        service.status()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"nonsense\n", "cannot read the daemon's answer: "),
        (b'{"ok": true, "status": {"pid": 1}}\n', "missing required field"),
        (json.dumps({"ok": False, "error": "not now"}).encode() + b"\n", "not now"),
        (b"{}\n", "the daemon refused"),
        (b"", "it has hung up"),
    ],
)
def test_an_answer_that_is_none_is_told_in_one_line(tmp_path, answer, reason):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def reply():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        with connect(path) as daemon, pytest.raises(DaemonError, match=reason) as raised:
            daemon.status()
        thread.join()
    assert "\n" not in str(raised.value)
