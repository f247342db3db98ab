"""Who is at the other end: seen where it can be, unknown where it cannot, never guessed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from daydreamd.host.connections import see_connections

NOBODY = 65534
# Everything is imported before the privileges go: nobody may not read where Python lies.
AS_NOBODY = textwrap.dedent(
    """
    import os, sys
    from daydreamd.host.connections import see_connections
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


def test_clients_of_a_port_are_counted():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            ports = see_connections().ports([os.getpid()])
            assert ports is not None
            assert (ports.listening, ports.clients) == ({server.getsockname()[1]}, 1)
            assert client.getpeername() == server.getsockname()


def test_a_client_of_a_unix_socket_is_known_to_be_one():
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("\0daydreamd-test-" + os.urandom(4).hex())
        server.listen()
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            assert see_connections().unix_clients(os.getpid(), ()) == {os.getpid()}
            assert see_connections().unix_clients(os.getpid(), {os.getpid()}) == set()
