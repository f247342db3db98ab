"""Signals at every moment, the service manager's socket, reload, and the watchdog."""

import os
import re
import signal
import socket
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from tests.integration.daemons import DaemonRun, running


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, directory):
        self.path = directory / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard = []

    def hear(self, wanted, within=60.0):
        """Wait for a message that holds `wanted`; the messages from then on are in `heard`."""
        give_up = time.monotonic() + within
        while True:
            self.socket.settimeout(max(0.01, give_up - time.monotonic()))
            message = self.socket.recv(4096).decode("ascii")
            self.heard.append(message)
            if wanted in message:
                return message

    def drain(self):
        self.socket.setblocking(False)
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode("ascii"))
            except BlockingIOError:
                return self.heard


@contextmanager
def managed(directory, **how):
    """A daemon under a manager, that is told nothing yet."""
    manager = Manager(directory)
    env = {"NOTIFY_SOCKET": str(manager.path), **how.pop("env", {})}
    daemon = DaemonRun(directory, env=env, **how)
    try:
        yield daemon, manager
    finally:
        if daemon.process is not None:
            daemon.stop()
        manager.socket.close()


def test_ready_comes_after_the_socket_and_stopping_before_the_end(tmp_path):
    with managed(tmp_path) as (daemon, manager):
        daemon.start(wait=False)
        ready = manager.hear("READY=1")
        assert daemon.ask("status")["ok"]
        assert re.search(r"STATUS=Waiting; next session at .*\d\d:\d\d$", ready)
        assert any(message.startswith("EXTEND_TIMEOUT_USEC=") for message in manager.heard)
        daemon.stop()
        assert "STATUS=Stopping" in manager.hear("STOPPING=1")


def test_status_names_the_phase_in_plain_words(tmp_path):
    with managed(tmp_path, mode="gate") as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        daemon.signal(signal.SIGUSR1)
        message = manager.hear("readiness (1 of 6)")
        assert re.fullmatch(
            r"STATUS=Session \d{8}-\d{6}-[0-9a-f]{4}: readiness \(1 of 6\)", message
        )
        (tmp_path / "release").touch()
        manager.hear("STATUS=Waiting; next session at")


def test_no_child_can_speak_for_the_daemon(tmp_path):
    with managed(tmp_path, mode="gate", env={"WATCHDOG_USEC": "60000000"}) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        daemon.signal(signal.SIGUSR1)
        daemon.until(lambda: daemon.said("session started"), "started")
        environ = Path(f"/proc/{daemon.starts()[0][0]}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environ
        assert b"WATCHDOG_USEC" not in environ
        (tmp_path / "release").touch()


def test_a_signal_before_the_handlers_exist_is_one_session(tmp_path):
    # as `env --block-signal=` in the unit: blocked from before the first line of Python
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGHUP])
    try:
        daemon = DaemonRun(tmp_path).start(wait=False)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        for _ in range(5):
            daemon.signal(signal.SIGUSR1)
            daemon.signal(signal.SIGHUP)
        daemon.until(lambda: daemon.said("daemon ready"), "ready")
        assert daemon.outcomes(1) == ["completed"]
        daemon.until(lambda: daemon.said("settings reloaded"), "reloaded")
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
        assert [start[2] for start in daemon.starts()] == ["signal"]
    finally:
        assert daemon.stop() == 0


def test_no_session_inherits_a_blocked_signal(tmp_path):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGHUP])
    try:
        daemon = DaemonRun(tmp_path, mode="gate").start(wait=False)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        daemon.until(lambda: daemon.said("daemon ready"), "ready")
        daemon.signal(signal.SIGUSR1)
        daemon.until(lambda: daemon.said("session started"), "started")
        status = Path(f"/proc/{daemon.starts()[0][0]}/status").read_text()
        (blocked,) = re.findall(r"SigBlk:\t(\w+)", status)
        assert int(blocked, 16) == 0
        (tmp_path / "release").touch()
        daemon.outcomes(1)
    finally:
        daemon.stop()


def test_signals_during_a_session_are_exactly_one_more(tmp_path):
    with running(tmp_path, mode="gate") as daemon:
        daemon.signal(signal.SIGUSR1)
        daemon.until(lambda: daemon.said("session started"), "started")
        for count in range(5):
            daemon.signal(signal.SIGUSR1)
            daemon.until(
                lambda count=count: len(daemon.said("session wished for")) == count + 2, "noted"
            )
        (tmp_path / "release").touch()
        assert daemon.outcomes(2) == ["completed"] * 2
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
        assert len(daemon.starts()) == 2


def test_a_good_reload_takes_effect_and_tells_the_manager(tmp_path):
    with managed(tmp_path) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        daemon.settings('[schedule]\ninterval = "30m"\njitter = "0s"\n')
        daemon.signal(signal.SIGHUP)
        reloading = manager.hear("RELOADING=1")
        micros = int(re.search(r"MONOTONIC_USEC=(\d+)", reloading)[1])
        assert 0 <= time.monotonic() - micros / 1e6 < 60
        manager.hear("READY=1")
        due = daemon.ask("status")["status"]["next"]
        assert due["interval"] == "30m"
        assert due["in_seconds"] <= 1800


def test_a_bad_reload_keeps_what_is_in_force_and_says_the_line(tmp_path):
    with managed(tmp_path, settings='schedule.interval = "2h"') as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        daemon.settings('schedule.interval = "6hours"\ncleanup.enabled = 3')
        daemon.signal(signal.SIGHUP)
        manager.hear("RELOADING=1")
        manager.hear("READY=1")
        assert daemon.ask("status")["status"]["next"]["interval"] == "2h"
        faults = [line["fault"] for line in daemon.said("settings refused")]
        assert any('schedule.interval = "6hours": not a duration' in fault for fault in faults)
        assert len(daemon.ask("reload")["faults"]) == 2
        assert 'interval = "2h"' in (tmp_path / "runtime/daydreamd/settings.toml").read_text()


def test_sessions_are_handed_the_settings_in_force_and_no_edit_that_nobody_took_up(tmp_path):
    with running(tmp_path, settings='schedule.interval = "2h"') as daemon:
        handed = tmp_path / "runtime/daydreamd/settings.toml"
        daemon.settings('schedule.interval = "3h"')
        assert 'interval = "2h"' in handed.read_text()
        assert daemon.ask("reload") == {"ok": True, "faults": []}
        assert 'interval = "3h"' in handed.read_text()


def test_a_faulty_setting_does_not_keep_the_daemon_from_starting(tmp_path):
    with running(tmp_path, settings='schedule.interval = "6hours"') as daemon:
        (fault,) = daemon.said("settings fault")
        assert 'schedule.interval = "6hours": not a duration' in fault["fault"]
        assert daemon.ask("status")["status"]["health"]["settings_faults"] == [fault["fault"]]


def test_the_watchdog_is_fed_while_the_loops_are_well(tmp_path):
    env = {"WATCHDOG_USEC": "1000000"}
    with managed(tmp_path, env=env) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        for _ in range(3):
            manager.hear("WATCHDOG=1", within=20)
        assert daemon.ask("status")["status"]["health"]["watchdog_fed_seconds_ago"] < 20


def test_a_blocked_loop_does_not_feed_the_watchdog(tmp_path):
    env = {"WATCHDOG_USEC": "500000", "FAKE_BLOCK_AT": "1.5"}
    with managed(tmp_path, env=env) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        manager.hear("WATCHDOG=1")
        daemon.until((tmp_path / "blocked").exists, "blocked")
        manager.drain()
        manager.socket.settimeout(2)
        try:
            late = manager.socket.recv(4096)
        except TimeoutError:
            late = None
        assert late is None
        daemon.kill()


def test_another_process_is_not_watched_for(tmp_path):
    env = {"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}
    with managed(tmp_path, env=env) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        assert daemon.ask("status")["status"]["health"]["watchdog_seconds"] is None


def test_a_timer_runs_sessions_one_after_another_and_never_two(tmp_path):
    settings = '[schedule]\ninterval = "1s"\njitter = "0s"\nretry_when_busy = "1s"\n'
    with running(tmp_path, settings=settings) as daemon:
        daemon.outcomes(3)
        assert {start[2] for start in daemon.starts()} == {"timer"}
        times = [float(start[1]) for start in daemon.starts()]
        assert all(later - earlier >= 1 for earlier, later in pairwise(times))


def test_failures_in_a_row_are_said_with_what_to_do_until_one_good_session(tmp_path):
    with running(tmp_path, mode="crash") as daemon:
        for count in range(3):
            daemon.ask("trigger")
            daemon.until(
                lambda count=count: len(daemon.said("session failed")) == count + 1, "failed"
            )
        held_back = daemon.until(lambda: daemon.said("reflection held back"), "held back")[-1]
        assert held_back["level"] == "warning"
        assert held_back["now"] == "daydreamd trigger"
        daemon.stop()
        daemon.start()
        status = daemon.ask("status")["status"]
        assert status["state"] == "waiting"
        assert status["next"]["failures"] == 3
        assert status["next"]["failing_since"]
        assert 0 < status["next"]["reflection_in_seconds"] <= 86_400
        assert "model asked again in" in status["status"]
        daemon.mode("completed")
        daemon.ask("trigger")
        daemon.until(lambda: daemon.said("reflection resumed"), "resumed")
        assert daemon.ask("status")["status"]["next"]["failures"] == 0


def test_the_next_time_is_kept_across_a_restart(tmp_path):
    with running(tmp_path, settings='[schedule]\ninterval = "6h"\njitter = "0s"\n') as daemon:
        before = daemon.ask("status")["status"]["next"]["at"]
        daemon.stop()
        daemon.start()
        after = daemon.ask("status")["status"]["next"]["at"]
        moved = datetime.fromisoformat(after) - datetime.fromisoformat(before)
        assert abs(moved) < timedelta(seconds=2)


def test_a_session_on_start_is_not_repeated_by_a_daemon_that_it_killed(tmp_path):
    with running(tmp_path, mode="deaf", settings="schedule.on_start = true") as daemon:
        daemon.until((tmp_path / "began").exists, "begun")
        assert daemon.starts()[0][2] == "start"
        daemon.kill()
        daemon.start()
        assert daemon.outcomes(1) == ["interrupted"]
        status = daemon.ask("status")["status"]
        assert status["state"] == "waiting"
        assert status["next"]["in_seconds"] > 3600


def test_a_corrupt_history_is_put_aside_loudly_and_the_daemon_runs(tmp_path):
    with running(tmp_path) as daemon:
        daemon.ask("trigger")
        daemon.outcomes(1)
        daemon.stop()
        for name in ("history.db-wal", "history.db-shm"):
            (daemon.database.parent / name).unlink(missing_ok=True)
        daemon.database.write_bytes(b"this is no database" * 1000)
        daemon.start()
        (said,) = daemon.said("history was corrupt")
        assert said["level"] == "error"
        assert Path(said["kept_as"]).exists()
        daemon.ask("trigger")
        assert daemon.outcomes(1) == ["completed"]
