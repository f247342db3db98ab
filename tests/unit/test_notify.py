"""What the service manager is told, byte for byte."""

import os
import socket
import time

import pytest

from daydreamd.host.system.notify import Notifier, plain, watchdog_seconds


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A notification socket, and the environment that leads to it."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


@pytest.fixture
def notifier(manager):
    made = Notifier(os.environ)
    yield made
    made.close()


def test_text_outside_ascii_and_newlines_cannot_break_a_message(manager, notifier):
    assert notifier.status("läuft – bald\nREADY=1\0\t ok")
    assert manager.recv(4096) == b"STATUS=l?uft ? bald READY=1? ok"


def test_each_state_is_said_as_systemd_reads_it(manager, notifier):
    notifier.ready("well")
    notifier.watchdog()
    notifier.stopping("bye")
    notifier.extend_timeout(1.5)
    heard = [manager.recv(4096) for _ in range(4)]
    assert heard == [
        b"READY=1\nSTATUS=well",
        b"WATCHDOG=1",
        b"STOPPING=1\nSTATUS=bye",
        b"EXTEND_TIMEOUT_USEC=1500000",
    ]


def test_a_reload_carries_the_monotonic_time(manager, notifier):
    before = time.monotonic()
    notifier.reloading()
    first, second = manager.recv(4096).split(b"\n")
    assert first == b"RELOADING=1"
    assert before - 0.001 <= int(second.removeprefix(b"MONOTONIC_USEC=")) / 1e6 <= time.monotonic()


def test_without_a_manager_nothing_is_sent_and_nothing_fails():
    notifier = Notifier({})
    assert not notifier.ready("well")
    assert not notifier.present


def test_a_manager_that_is_gone_is_said_once_and_found_again(tmp_path, monkeypatch):
    path, said = tmp_path / "notify", []
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    notifier = Notifier(os.environ, on_fault=said.append)
    assert not notifier.watchdog()
    assert not notifier.watchdog()
    assert len(said) == 1
    for _ in range(2):  # the second time the manager has begun anew behind our back
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(path))
            assert notifier.watchdog()
            assert listener.recv(100) == b"WATCHDOG=1"
        path.unlink()
    notifier.close()


def test_a_manager_that_does_not_read_costs_a_moment_and_not_the_loop(manager, notifier):
    sent = 0
    while notifier.watchdog():
        sent += 1
    assert sent > 0


def test_plain_text_stays_as_it_is():
    assert plain("Waiting; next session at 22:41") == "Waiting; next session at 22:41"


@pytest.mark.parametrize(
    ("micros", "pid", "seconds"),
    [
        ("60000000", "", 60.0), ("60000000", "7", 60.0), ("60000000", "8", None), ("", "7", None),
        ("0", "7", None), ("soon", "7", None), ("-5", "7", None), ("²", "7", None),
    ],
)  # fmt: skip
def test_the_watchdog_is_ours_only_if_it_says_so(micros, pid, seconds):
    assert watchdog_seconds({"WATCHDOG_USEC": micros, "WATCHDOG_PID": pid}, pid=7) == seconds
