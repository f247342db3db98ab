"""Who is at the other end: seen where it can be, unknown where it cannot, never guessed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daydreamd.host.processes.connections import Link, see_connections

NOBODY = 65534
# Everything is imported before the privileges go: nobody may not read where Python lies.
AS_NOBODY = textwrap.dedent(
    """
    import os, sys
    from daydreamd.host.processes.connections import see_connections
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    pid = int(sys.argv[1])
    print(see_connections().others_at(pid, int(sys.argv[2]), {pid}))
    """
)


@contextmanager
def sleeper(**streams: int) -> Iterator[int]:
    with subprocess.Popen(
        ["sleep", "100"], user=NOBODY, group=NOBODY, extra_groups=[], **streams
    ) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def their_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.fchown(reading, NOBODY, NOBODY)  # as if one of theirs had made it
    return reading, writing


def others(pid: int, fd: int) -> set[int] | None:
    return see_connections().others_at(pid, fd, {pid})


def seen_by_nobody(pid: int, fd: int) -> str:
    argv = [sys.executable, "-c", AS_NOBODY, str(pid), str(fd)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def test_a_pipe_leads_to_who_holds_the_other_end_until_it_is_closed():
    reading, writing = os.pipe()
    with sleeper(stdin=reading) as pid:
        os.close(reading)
        assert others(pid, 0) == {os.getpid()}
        os.close(writing)
        assert others(pid, 0) == set()


def test_a_socket_pair_leads_to_its_peer_until_it_is_closed():
    ours, theirs = socket.socketpair()
    with ours, sleeper(stdin=theirs.fileno()) as pid:
        theirs.close()
        assert others(pid, 0) == {os.getpid()}
        ours.close()
        assert others(pid, 0) == set()


def test_who_cannot_be_seen_is_unknown_and_not_nobody():
    reading, writing = their_pipe()
    with sleeper(stdin=reading) as pid:
        os.close(reading)
        assert seen_by_nobody(pid, 0) == "None"
        os.close(writing)
        assert seen_by_nobody(pid, 0) == "set()"


def test_an_unseen_reader_is_unknown_too():
    reading, writing = their_pipe()
    with sleeper(stdout=writing) as pid:
        os.close(writing)
        assert seen_by_nobody(pid, 1) == "None"
        os.close(reading)
        assert seen_by_nobody(pid, 1) == "set()"


def test_an_unseen_peer_of_a_socket_is_unknown():
    ours, theirs = socket.socketpair()
    with ours, theirs, sleeper(stdin=theirs.fileno()) as pid:
        theirs.close()
        assert seen_by_nobody(pid, 0) == "None"


def test_a_process_that_cannot_be_looked_into_is_unknown():
    with subprocess.Popen(["sleep", "100"]) as process:
        assert seen_by_nobody(process.pid, 0) == "None"
        process.kill()


def test_both_ends_in_one_hand_are_no_riddle(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o666)
    both = os.open(tmp_path / "fifo", os.O_RDWR)
    with sleeper(stdin=both) as pid:
        os.close(both)
        assert others(pid, 0) == set()


def links(how: str) -> list[Link]:
    """Our own connections of a kind, as somebody sees them to whom we are a stranger."""
    return [link for link in see_connections().links(os.getpid(), ()) or () if link.how == how]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_has_clients_to_come_and_clients_that_came(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        name = f"port {server.getsockname()[1]}"
        assert Link(server.fileno(), "listener", None, name) in links("listener")
        with socket.create_connection(server.getsockname()[:2]) as client:
            accepted, _ = server.accept()
            with accepted:
                us = frozenset({os.getpid()})
                assert Link(accepted.fileno(), "client", us, name) in links("client")
                assert Link(client.fileno(), "server", us, name) in links("server")


@pytest.mark.parametrize("name", ["\0daydreamd-test-", "/tmp/daydreamd-test-"])
def test_a_unix_socket_has_clients_to_come_and_clients_that_came(name):
    name += os.urandom(4).hex()
    said = name.replace("\0", "@")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(name)
        server.listen()
        assert Link(server.fileno(), "listener", None, said) in links("listener")
        client.connect(name)
        accepted, _ = server.accept()
        with accepted:
            us = frozenset({os.getpid()})
            assert Link(accepted.fileno(), "client", us, said) in links("client")
            assert Link(client.fileno(), "server", us, said) in links("server")
    if name.startswith("/"):
        Path(name).unlink()


def test_a_named_fifo_leads_to_who_writes_there_by_any_descriptor(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o666)
    both = os.open(tmp_path / "fifo", os.O_RDWR)
    reading = os.open(tmp_path / "fifo", os.O_RDONLY)
    with sleeper(stdin=reading) as pid:
        os.close(reading)
        (link,) = see_connections({pid}).links(pid, {pid})
        assert (link.how, link.holders) == ("pipe", frozenset({os.getpid()}))
        os.close(both)
        assert see_connections({pid}).links(pid, {pid}) == []


@pytest.mark.root
def test_a_writer_in_a_pid_namespace_above_is_unknown(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    both = os.open(tmp_path / "fifo", os.O_RDWR)
    reading = os.open(tmp_path / "fifo", os.O_RDONLY)
    code = """import os
from daydreamd.host.processes.connections import see_connections
us = os.getpid()
print([link.holders for link in see_connections({us}).links(us, {us}) if link.fd == 0])"""
    argv = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code]

    def seen() -> str:
        done = subprocess.run(argv, stdin=reading, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    assert seen() == "[None]"
    os.close(both)
    assert seen() == "[]"
    os.close(reading)
