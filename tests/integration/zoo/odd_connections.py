"""Agents that are connected by a route which is easily missed, and some whose route is dead."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.integration.zoo.animals import SCRIPT, Animal, real_program
from tests.integration.zoo.held_open import Keeper, may_trace
from tests.integration.zoo.keeper import await_text

_GIVER = """import ctypes, os, signal, socket, subprocess, sys
ctypes.CDLL(None).unshare(0x40000000)  # CLONE_NEWNET
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
accepted, _ = server.accept()
with socket.socket(fileno=int(sys.argv[1])) as taker:
    socket.send_fds(taker, [b"x"], [accepted.fileno()])
accepted.close()
signal.pause()
"""


def _threads(keeper: Keeper) -> Iterator[Animal]:
    for below in (False, True):
        where = " below it" if below else ""
        pid, _ = keeper.release_used("thread_table", keeper.of_a_pair(), below=below)
        yield Animal(f"a thread{where} has descriptors of its own", pid, "spare", "works for")
    pid, _ = keeper.release_used("without_first_thread", keeper.of_a_pair(), below=True)
    yield Animal("the first thread below it has ended", pid, "spare", "works for")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid, _ = keeper.release_used("thread_table", keeper.giving(theirs.fileno()))
    yield Animal("a thread has what is closed at the other end", pid, "kill")
    if shutil.which("strace") and may_trace():
        pid, thread = keeper.release_used("thread")
        argv = ["strace", "-qq", "-o", "/dev/null", "-p", thread]
        keeper.end_later(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
        await_text(
            Path(f"/proc/{pid}/task/{thread}/status"), lambda text: "TracerPid:\t0" not in text
        )
        yield Animal("one thread of it is debugged", pid, "spare", "strace")


def _sockets(keeper: Keeper) -> Iterator[Animal]:
    yield Animal("serves UDP-Lite", keeper.release_used("udp_lite")[0], "spare", "cannot tell")
    for below in (False, True):
        pid = _one_client(keeper, below=below)
        yield Animal(f"served one, {'below' if below else 'itself'}", pid, "spare", "works")
    ours = keeper.new_socket(family=socket.AF_INET, kind=socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    pid, port = keeper.release_used("datagrams", ours.getsockname()[1])
    ours.connect(("127.0.0.1", int(port)))
    yield Animal("exchanges datagrams", pid, "spare", "works for")
    if Path("/proc/sys/kernel/io_uring_disabled").read_text().strip() == "0":
        pid, _ = keeper.release_used("ring", keeper.of_a_pair(), below=True)
        yield Animal("a ring below it holds the connection", pid, "spare", "cannot tell")
    if os.geteuid() == 0:
        pid, _ = keeper.release_used("keeps", keeper.giving(_from_another_network(keeper)))
        yield Animal("has a client in another network", pid, "spare", "a client")


def _one_client(keeper: Keeper, *, below: bool) -> int:
    pid, port = keeper.release_used("one_client", below=below)
    client = keeper.new_socket(family=socket.AF_INET)
    client.connect(("127.0.0.1", int(port)))
    await_text(keeper.ready, lambda text: "served" in text)
    return pid


def _from_another_network(keeper: Keeper) -> int:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [sys.executable, "-c", _GIVER, str(theirs.fileno())]
        keeper.end_later(subprocess.Popen(argv, pass_fds=[theirs.fileno()]))
        return socket.recv_fds(ours, 1, 1)[1][0]


def _queues(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
    place = keeper.place("fifo")
    yield Animal(
        "waits for writers", keeper.release_used("awaits_writers", place)[0], "spare", "listens"
    )
    place = keeper.place("fifo")
    pid, _ = keeper.release_used("awaits_writers", place)
    place.unlink()
    yield Animal("waits where nobody can come", pid, "kill")
    place = keeper.place("fifo")
    os.mkfifo(place)
    reading = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    pid = keeper.release(stdin=reading)
    os.close(reading)
    yield Animal("has read a FIFO to its end", pid, "kill")
    messages = f"/zoo-{zoo.mark}"
    # It outlives its users.
    keeper.afterwards(lambda: ctypes.CDLL(None).mq_unlink(messages.encode()))
    pid, _ = keeper.release_used("message_queue", messages)
    yield Animal("waits for messages", pid, "spare", "listens on a queue")
    queue = zoo.write("queue", "")
    claude = keeper.claude
    for name, line, decision in (
        ("fed by a tail that follows", f"tail -f {queue} | {claude}", "spare"),
        ("fed by a tail of nothing", f"tail -f /dev/null | {claude}", "kill"),
        ("followed by a tail of itself", f"{claude} | tail -f", "kill"),
    ):
        pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck"))
        yield Animal(name, pid, decision, "works for tail" if decision == "spare" else "")


def _editors(keeper: Keeper) -> Iterator[Animal]:
    """It went to somebody's editor, as `claude --ide` does, or to a program of the machine."""
    zoo, node = keeper.zoo, real_program("node")
    server = str(zoo.write("ide/out/server-main.js", SCRIPT))
    for name, program, words, decision in (
        ("an editor", keeper.code, ("--type=utility",), "spare"),
        ("an editor's server", node, (server,), "spare"),
        ("a proxy", zoo.put("bin/proxy"), (), "kill"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            pid, _ = keeper.release_used("went_to", listener.getsockname()[1])
            accepted, _ = listener.accept()
            with accepted:
                zoo.release(program, *words, stdin=accepted.fileno(), stdout=listener.fileno())
        yield Animal(f"went to {name}", pid, decision, "is connected" * (decision == "spare"))


CONNECTIONS = (_threads, _sockets, _queues, _editors)
