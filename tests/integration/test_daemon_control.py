"""The control socket: who may speak, what bad clients cost, and what the commands make of it."""

import json
import os
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from daydreamd.daemon.control_socket import ControlSocket
from daydreamd.daemon.line_socket import listen_at
from tests.integration.daemons import DaemonRun, running


def daydreamd(daemon, *words):
    return subprocess.run(  # noqa: PLW1510 - what it exits with is the matter
        [sys.executable, "-P", "-m", "daydreamd", "--user", *words],
        env=daemon.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_socket_is_for_its_owner_alone(tmp_path):
    with running(tmp_path) as daemon:
        mode = daemon.socket.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not daemon.socket.exists()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n", b"hello\n", b"{}\n", b"[1]\n", b'{"do": "explode"}\n', b'{"do": "status", "x": 1}\n',
        b'{"do": ["status"]}\n', b"\xff\xfe\x00\n", b"[" * 4000 + b"\n", b"x" * 10_000,
        b'{"do": "trigger", "wait": "yes"}\n', '{"do": "stätus"}\n'.encode("latin-1"),
    ],
)  # fmt: skip
def test_garbage_is_answered_with_one_line_and_a_hang_up(tmp_path, garbage):
    with running(tmp_path) as daemon:
        with daemon.client() as client:
            client.send(garbage)
            answer = client.answer()
            assert answer["ok"] is False
            assert answer["error"].startswith(("not a request", "cannot read a line"))
            assert client.hung_up()
        assert daemon.ask("status")["ok"]


def test_several_requests_may_share_a_connection(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as client:
        client.send(b'{"do": "status"}\n{"do": "stop_session"}\n')
        assert client.answer()["status"]["state"] == "waiting"
        assert client.answer() == {"ok": True, "stopped": None}


def test_clients_beyond_the_limit_are_turned_away_and_the_others_served(tmp_path):
    with running(tmp_path) as daemon:
        stalled = []
        for _ in range(32):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(daemon.socket))
            connection.sendall(b'{"do"')
            stalled.append(connection)
        answer = daemon.ask("status")
        assert answer == {"ok": False, "error": "more than 32 clients at once"}
        for connection in stalled:
            connection.close()
        daemon.until(lambda: daemon.ask("status")["ok"], "served again")


def test_many_who_watch_keep_nobody_from_asking(tmp_path):
    with running(tmp_path) as daemon, ExitStack() as watching:
        for _ in range(40):
            client = watching.enter_context(daemon.client())
            client.send(b'{"do": "watch"}\n')
            answer = client.answer()
            assert answer["ok"] or answer["error"] == "more than 32 clients watch or wait"
        assert daemon.ask("status")["ok"]


def test_a_stalled_client_is_hung_up_on_while_others_are_served(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as client:
        client.send(b'{"do": "sta')
        assert daemon.ask("status")["ok"]
        assert client.hung_up()  # after the time-out; no answer is owed


def test_a_watcher_that_never_reads_slows_nobody_down(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as deaf:
        deaf.ask("watch")
        for done in range(1, 6):
            daemon.ask("trigger")
            daemon.outcomes(done)
        assert daemon.ask("status")["ok"]


def test_a_flood_of_requests_is_answered_in_order_and_the_daemon_stays_well(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as client:
        client.send(b'{"do": "stop_session"}\n' * 2000)
        for _ in range(2000):
            assert client.answer()["ok"]
        assert daemon.ask("status")["status"]["health"]["late"] == []


def test_a_hundred_wishes_at_once_are_one_session_and_one_more(tmp_path):
    with running(tmp_path, mode="gate") as daemon:
        assert daemon.ask("trigger")["trigger"] == "now"
        daemon.until(lambda: daemon.said("session started"), "started")
        for _ in range(100):
            assert daemon.ask("trigger")["trigger"] == "next"
        (tmp_path / "release").touch()
        assert daemon.outcomes(2) == ["completed"] * 2
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
        assert len(daemon.starts()) == 2


def test_all_who_wait_for_the_same_wish_hear_of_its_one_session(tmp_path):
    with (
        running(tmp_path, mode="gate") as daemon,
        daemon.client() as first,
        daemon.client() as second,
    ):
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("session started"), "started")
        first.ask("trigger", wait=True)
        second.ask("trigger", wait=True)
        (tmp_path / "release").touch()
        assert first.answer() == second.answer()
        assert len(daemon.starts()) == 2


def test_who_waits_when_the_daemon_stops_is_told(tmp_path):
    with running(tmp_path, mode="hang") as daemon, daemon.client() as first:
        first.ask("trigger", wait=True)
        daemon.until(lambda: daemon.said("session started"), "started")
        with daemon.client() as second:
            second.ask("trigger", wait=True)
            daemon.stop()
            assert second.answer()["error"] == "cannot run a session: the daemon is stopping"


def test_a_watcher_sees_a_session_from_its_start_however_late_it_comes(tmp_path):
    with running(tmp_path, mode="gate") as daemon:
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("session started"), "started")
        with daemon.client() as client:
            client.ask("watch")
            seen = [client.answer()["event"], client.answer()["event"]]
            assert seen == ["session_started", "phase_started"]
            (tmp_path / "release").touch()
            seen = [client.answer()["event"], client.answer()["event"]]
            assert seen == ["phase_ended", "session_ended"]


def test_two_daemons_one_runs_and_the_other_says_who_does(tmp_path):
    with running(tmp_path) as daemon:
        second = DaemonRun(tmp_path)
        second.start(wait=False)
        assert second.process.wait(60) == 1
        assert f"held by pid {daemon.process.pid} since" in daemon.log()
        assert daemon.ask("status")["status"]["pid"] == daemon.process.pid


def test_a_path_too_long_for_a_socket_is_none(tmp_path):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    daemon = DaemonRun(deep)
    try:
        daemon.start()
        done = daydreamd(daemon, "status", "--json")
        assert json.loads(done.stdout)["pid"] == daemon.process.pid, done.stderr
    finally:
        daemon.stop()


def test_status_is_six_lines_or_one_document(tmp_path):
    with running(tmp_path, settings='schedule.interval = "6h"') as daemon:
        daemon.ask("trigger")
        daemon.outcomes(1)
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
        lines = daydreamd(daemon, "status").stdout.splitlines()
        assert lines[0].startswith("daydreamd ")
        assert lines[0].endswith(" · waiting")
        words = [line[:15].strip() for line in lines[1:]]
        assert words == ["next session", "last session", "waiting on", "agents", "health"]
        assert "every 6 h" in lines[1]
        assert "completed" in lines[2]
        assert "loops 5 of 5 · 1 of the last 1 sessions ended well" in lines[5]
        document = json.loads(daydreamd(daemon, "status", "--json").stdout)
        assert document["next"]["reason"] == "interval"


def test_trigger_waits_and_exits_as_once_would(tmp_path):
    with running(tmp_path) as daemon:
        assert daydreamd(daemon, "trigger").stdout == "A session begins.\n"
        daemon.outcomes(1)
        for mode, code in [("completed", 0), ("skipped", 3), ("timed_out", 5), ("crash", 1)]:
            daemon.mode(mode)
            done = daydreamd(daemon, "trigger", "--wait", "--json")
            assert (json.loads(done.stdout)["outcome"], done.returncode) == (
                "failed" if mode == "crash" else mode,
                code,
            )


def test_reload_says_whether_the_settings_are_in_force(tmp_path):
    with running(tmp_path, settings='schedule.interval = "2h"') as daemon:
        daemon.settings('schedule.interval = "3h"')
        done = daydreamd(daemon, "reload")
        assert (done.returncode, done.stdout) == (0, "The settings are in force.\n")
        assert daemon.ask("status")["status"]["next"]["interval"] == "3h"
        daemon.settings('schedule.interval = "soon"')
        done = daydreamd(daemon, "reload")
        assert (done.returncode, done.stdout) == (6, "")
        fault, kept = done.stderr.splitlines()
        assert 'schedule.interval = "soon": not a duration' in fault
        assert kept == "daydreamd: the settings were refused; the former ones stay in force"
        assert daemon.ask("status")["status"]["next"]["interval"] == "3h"


def test_watch_prints_events_until_the_daemon_ends(tmp_path):
    with running(tmp_path) as daemon:
        words = [sys.executable, "-P", "-m", "daydreamd", "--user", "watch", "--json"]
        watcher = subprocess.Popen(words, env=daemon.environment(), stdout=subprocess.PIPE)
        try:
            daemon.ask("trigger")
            daemon.outcomes(1)
            daemon.ask("trigger")
            first = json.loads(watcher.stdout.readline())
            assert first["event"] in ("session_started", "phase_started")
            daemon.stop()
            assert watcher.wait(60) == 0
        finally:
            watcher.kill()
            watcher.communicate()


@pytest.mark.parametrize(
    "words", [["status"], ["trigger"], ["reload"], ["watch"], ["status", "--json"]]
)
def test_without_a_daemon_there_is_one_helpful_line_and_exit_code_7(tmp_path, words):
    done = daydreamd(DaemonRun(tmp_path), *words)
    assert done.returncode == 7
    assert done.stdout == ""
    assert done.stderr == (
        "daydreamd: cannot reach the daemon:"
        f" no socket at {tmp_path}/runtime/daydreamd/control.sock."
        " Start it with `systemctl start daydreamd`, `daydreamd run`,"
        " or run one session with `daydreamd once`.\n"
    )


def test_a_socket_that_a_dead_daemon_left_is_no_obstacle(tmp_path):
    with running(tmp_path) as daemon:
        daemon.kill()
        done = daydreamd(daemon, "status")
        assert done.returncode == 7
        assert "nobody listens at" in done.stderr
        daemon.start()
        assert daemon.ask("status")["ok"]


def test_what_lies_in_the_way_of_the_socket_is_not_removed(tmp_path):
    daemon = DaemonRun(tmp_path)
    daemon.socket.parent.mkdir(mode=0o700)
    daemon.socket.write_text("precious")
    assert daemon.start(wait=False).process.wait(60) == 1
    assert "cannot listen at" in daemon.log()
    assert daemon.socket.read_text() == "precious"


async def test_another_user_is_refused(tmp_path):
    path = Path(tmp_path, "control.sock")
    with listen_at(path) as listener:
        # everybody here is the same user: so the socket is told to expect another
        control = ControlSocket(listener, daemon=None, allowed={os.geteuid() + 1})
        async with anyio.create_task_group() as group:
            group.start_soon(control.serve, lambda _: None)
            async with await anyio.connect_unix(path) as client:
                await client.send(b'{"do": "status"}\n')
                answer = json.loads(await client.receive())
            group.cancel_scope.cancel()
    assert answer == {"ok": False, "error": "this daemon belongs to another user"}
