"""Agents that are used by a route which is no pipe, no client and no parent, and some that are not.

All of them have lost their parent, are old, idle and without a terminal.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from daydreamd.host.processes import read_exe, scan
from tests.integration.zoo.animals import PYTHON, SCRIPT, Animal, real_program
from tests.integration.zoo.owned import Keeper, may_trace

_PROGRAM = Path(__file__).with_name("oddly_used.py")
_PATIENCE_SECONDS = 20.0
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


class Odd:
    """Releases the program that is used by odd routes, as an agent or below one."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper, self.zoo = keeper, keeper.zoo
        text = _PROGRAM.read_text()
        self._aider = str(self.zoo.write(".venv-aider/bin/aider", text))
        self._server = str(self.zoo.write("src/oddly_used.py", text))
        self._count = 0
        self.ready = Path()

    def release(self, route: str, *what: object, below: bool = False) -> tuple[int, str]:
        """Its pid, or that of the agent above it, and what it says once it is ready."""
        self.ready = self.place("ready")
        words = (route, str(self.ready), *map(str, what))
        if below:
            pid = self.keeper.release(child=(PYTHON, self._server, *words))
        else:
            pid = self.zoo.release(PYTHON, self._aider, *words)
        return pid, awaited(self.ready)

    def place(self, name: str) -> Path:
        self._count += 1
        return self.zoo.directory / f"{name}-{self._count}"

    def giving(self, *fds: int) -> str:
        """A unix socket at which these descriptors are handed over, once."""
        place = str(self.place("giver"))
        server = self.keeper.listener(place)
        copies = [os.dup(fd) for fd in fds]

        def give() -> None:
            taker, _ = server.accept()
            with server, taker:
                socket.send_fds(taker, [b"x"], copies)
            for fd in copies:
                os.close(fd)

        threading.Thread(target=give, daemon=True).start()
        return place

    def of_a_pair(self) -> str:
        """One end of a pair is handed over, the other is ours."""
        ours, theirs = socket.socketpair()
        self.keeper.keep(ours)
        with theirs:
            return self.giving(theirs.fileno())


def awaited(path: Path, holds: Callable[[str], bool] = bool) -> str:
    """The text of a file that another program makes."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        if path.exists() and holds(text := path.read_text()):
            return text.strip()
        time.sleep(0.005)
    raise AssertionError(f"{path} was not written")


def fill_odd(keeper: Keeper) -> Iterator[Animal]:
    """Let all of them loose that this machine can have."""
    odd = Odd(keeper)
    yield from _threads(odd)
    yield from _sockets(odd)
    yield from _queues(odd)
    yield from _memory_and_locks(odd)
    yield from _terminals(odd)
    yield from _devices(odd)
    yield from _editors(odd)
    yield from _watched(odd)
    yield from _work_to_come(odd)


def _threads(odd: Odd) -> Iterator[Animal]:
    for below in (False, True):
        where = " below it" if below else ""
        pid, _ = odd.release("thread_table", odd.of_a_pair(), below=below)
        yield Animal(f"a thread{where} has descriptors of its own", pid, "spare", "works for")
    pid, _ = odd.release("without_first_thread", odd.of_a_pair(), below=True)
    yield Animal("the first thread below it has ended", pid, "spare", "works for")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid, _ = odd.release("thread_table", odd.giving(theirs.fileno()))
    yield Animal("a thread has what is closed at the other end", pid, "kill")
    if shutil.which("strace") and may_trace():
        pid, thread = odd.release("thread")
        argv = ["strace", "-qq", "-o", "/dev/null", "-p", thread]
        odd.keeper.end_later(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
        awaited(Path(f"/proc/{pid}/task/{thread}/status"), lambda text: "TracerPid:\t0" not in text)
        yield Animal("one thread of it is debugged", pid, "spare", "strace")


def _sockets(odd: Odd) -> Iterator[Animal]:
    keeper = odd.keeper
    yield Animal("serves UDP-Lite", odd.release("udp_lite")[0], "spare", "cannot tell")
    for below in (False, True):
        pid = _one_client(odd, below=below)
        yield Animal(f"served one, {'below' if below else 'itself'}", pid, "spare", "works")
    ours = keeper.new_socket(family=socket.AF_INET, kind=socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    pid, port = odd.release("datagrams", ours.getsockname()[1])
    ours.connect(("127.0.0.1", int(port)))
    yield Animal("exchanges datagrams", pid, "spare", "works for")
    if Path("/proc/sys/kernel/io_uring_disabled").read_text().strip() == "0":
        pid, _ = odd.release("ring", odd.of_a_pair(), below=True)
        yield Animal("a ring below it holds the connection", pid, "spare", "cannot tell")
    if os.geteuid() == 0:
        pid, _ = odd.release("keeps", odd.giving(_from_another_network(odd)))
        yield Animal("has a client in another network", pid, "spare", "a client")


def _one_client(odd: Odd, *, below: bool) -> int:
    pid, port = odd.release("one_client", below=below)
    client = odd.keeper.new_socket(family=socket.AF_INET)
    client.connect(("127.0.0.1", int(port)))
    awaited(odd.ready, lambda text: "served" in text)
    return pid


def _from_another_network(odd: Odd) -> int:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [sys.executable, "-c", _GIVER, str(theirs.fileno())]
        odd.keeper.end_later(subprocess.Popen(argv, pass_fds=[theirs.fileno()]))
        return socket.recv_fds(ours, 1, 1)[1][0]


def _queues(odd: Odd) -> Iterator[Animal]:
    keeper, zoo = odd.keeper, odd.zoo
    place = odd.place("fifo")
    yield Animal("waits for writers", odd.release("awaits_writers", place)[0], "spare", "listens")
    place = odd.place("fifo")
    pid, _ = odd.release("awaits_writers", place)
    place.unlink()
    yield Animal("waits where nobody can come", pid, "kill")
    place = odd.place("fifo")
    os.mkfifo(place)
    reading = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    pid = keeper.release(stdin=reading)
    os.close(reading)
    yield Animal("has read a FIFO to its end", pid, "kill")
    messages = f"/zoo-{zoo.mark}"
    # It outlives its users.
    keeper.afterwards(lambda: ctypes.CDLL(None).mq_unlink(messages.encode()))
    pid, _ = odd.release("message_queue", messages)
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


def _memory_and_locks(odd: Odd) -> Iterator[Animal]:
    for below in (False, True):
        fd = os.memfd_create("zoo")
        os.ftruncate(fd, mmap.PAGESIZE)
        odd.keeper.keep(mmap.mmap(fd, mmap.PAGESIZE))
        pid, _ = odd.release("memory", odd.giving(fd), below=below)
        os.close(fd)
        name = f"shares memory {'below it' if below else 'itself'}"
        yield Animal(name, pid, "spare", "works for")
    yield Animal("shares memory with its own", odd.release("memory_of_its_own")[0], "kill")
    for name, decision in (("ours", "spare"), ("of another such", "kill")):
        place = odd.place("lock")
        if decision == "spare":
            lock = os.fdopen(odd.keeper.open(place, os.O_CREAT | os.O_WRONLY), closefd=False)
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            pid, _ = odd.release("awaits_lock", place)  # and gets it
            _until_locked(place)
        pid, _ = odd.release("awaits_lock", place)
        yield Animal(f"waits for a lock {name}", pid, decision, "a lock" * (decision == "spare"))


def _until_locked(place: Path) -> None:
    inode = f":{place.stat().st_ino} "
    awaited(Path("/proc/locks"), lambda text: inode in text)


def _terminals(odd: Odd) -> Iterator[Animal]:
    keeper, zoo = odd.keeper, odd.zoo
    for below in (False, True):
        pid, _ = odd.release("opens", zoo.terminal(), below=below)
        name = f"a terminal is open {'below it' if below else 'beside its stdio'}"
        yield Animal(name, pid, "spare", "terminal")
    pid, _ = odd.release("opens", zoo.terminal())
    zoo.close_terminal()
    yield Animal("its other terminal was closed", pid, "kill")
    yield Animal("shows a terminal to itself", odd.release("own_terminal")[0], "kill")
    line = f"{keeper.claude} | tee {zoo.terminal()}"
    pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck"))
    yield Animal("piped through tee to a terminal", pid, "spare", "terminal")
    for name, decision, tty in (
        ("at a terminal", "spare", True),
        ("by a collector", "kill", False),
    ):
        log = odd.place("log")
        pid = keeper.release(stdout=keeper.open(log, os.O_CREAT | os.O_WRONLY))
        zoo.release("/usr/bin/tail", "-f", str(log), **({"tty": zoo.terminal()} if tty else {}))
        yield Animal(f"its log is followed {name}", pid, decision, "follows" if tty else "")


def _devices(odd: Odd) -> Iterator[Animal]:
    for device in ("/dev/fuse", "/dev/kvm", "/dev/net/tun"):
        if os.access(device, os.R_OK | os.W_OK):
            pid, _ = odd.release("opens", device, below=True)
            yield Animal(f"serves by {device} below it", pid, "spare", f"serves by {device}")


def _editors(odd: Odd) -> Iterator[Animal]:
    """It went to somebody's editor, as `claude --ide` does, or to a program of the machine."""
    zoo, node = odd.zoo, real_program("node")
    server = str(zoo.write("ide/out/server-main.js", SCRIPT))
    for name, program, words, decision in (
        ("an editor", odd.keeper.code, ("--type=utility",), "spare"),
        ("an editor's server", node, (server,), "spare"),
        ("a proxy", zoo.put("bin/proxy"), (), "kill"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            pid, _ = odd.release("went_to", listener.getsockname()[1])
            accepted, _ = listener.accept()
            with accepted:
                zoo.release(program, *words, stdin=accepted.fileno(), stdout=listener.fileno())
        yield Animal(f"went to {name}", pid, decision, "is connected" * (decision == "spare"))


def _watched(odd: Odd) -> Iterator[Animal]:
    keeper, zoo = odd.keeper, odd.zoo
    pid = keeper.release()
    keeper.keep(os.fdopen(os.pidfd_open(pid)))
    yield Animal("somebody waits for its end", pid, "spare", "watches it")
    if os.geteuid() == 0:
        unshare = ("/usr/bin/unshare", "--pid", "--fork", "--kill-child")
        for name, decision in (("guest", "spare"), ("lonely", "kill")):
            inner = zoo.put(f"bin/{name}")
            pid = keeper.release(child=(*unshare, inner))
            if decision == "spare":
                enter = ["nsenter", "-t", str(_pid_of(inner)), "-p", "sleep", "1000"]
                keeper.end_later(subprocess.Popen(enter))
            yield Animal(f"a namespace below it, {name}", pid, decision)


def _pid_of(program: Path) -> int:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        if pid := next((pid for pid in scan() if read_exe(pid) == str(program)), None):
            return pid
    raise AssertionError(f"{program} did not start")


def _work_to_come(odd: Odd) -> Iterator[Animal]:
    keeper, zoo = odd.keeper, odd.zoo
    channel = keeper.release("--channels", "plugin:telegram@official")
    yield Animal("claude --channels", channel, "spare", "meant to outlive")
    for name, decision in (("its own", "spare"), ("another's", "kill")):
        cwd = odd.place("project")
        cwd.mkdir()
        pid = keeper.release(cwd=cwd)
        (cwd / ".claude").mkdir()
        lock = {"sessionId": "x", "pid": pid if decision == "spare" else 1}
        (cwd / ".claude/scheduled_tasks.lock").write_text(json.dumps(lock))
        reason = "scheduled work" if decision == "spare" else ""
        yield Animal(f"scheduled work, {name}", pid, decision, reason)
    # In one session, as each has a share of its own of the processors.
    burner = zoo.put("bin/burner")
    line = f"env -u ZOO_RUN -u ZOO_PIDFILE ZOO_DO=burn {burner} & {keeper.claude}; true"
    wishes = {"child": (zoo.put("bin/starved"),), "ZOO_RUN_DO": "burn"}
    pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck", **wishes))
    starved, processor = zoo.child_of(pid), {min(os.sched_getaffinity(0))}
    os.sched_setscheduler(starved, os.SCHED_IDLE, os.sched_param(0))
    for one in (_pid_of(burner), starved):
        os.sched_setaffinity(one, processor)
    yield Animal("what is below it gets no processor", pid, "spare", "at work")
