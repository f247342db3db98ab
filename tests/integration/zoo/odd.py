"""Agents that are used by a route which is no pipe, no client and no parent, and some that are not.

All of them have lost their parent, are old, idle and without a terminal.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from daydreamd.host.processes import read_exe, scan
from tests.integration.zoo.animals import Animal
from tests.integration.zoo.held_open import Keeper
from tests.integration.zoo.keeper import await_answer, await_text
from tests.integration.zoo.odd_connections import CONNECTIONS


def fill_odd(keeper: Keeper) -> Iterator[Animal]:
    """Let all of them loose that this machine can have."""
    return keeper.fill(
        *CONNECTIONS, _memory_and_locks, _terminals, _devices, _watched, _work_to_come
    )


def _memory_and_locks(keeper: Keeper) -> Iterator[Animal]:
    for below in (False, True):
        fd = os.memfd_create("zoo")
        os.ftruncate(fd, mmap.PAGESIZE)
        keeper.keep(mmap.mmap(fd, mmap.PAGESIZE))
        pid, _ = keeper.release_used("memory", keeper.giving(fd), below=below)
        os.close(fd)
        name = f"shares memory {'below it' if below else 'itself'}"
        yield Animal(name, pid, "spare", "works for")
    yield Animal("shares memory with its own", keeper.release_used("memory_of_its_own")[0], "kill")
    for name, decision in (("ours", "spare"), ("of another such", "kill")):
        place = keeper.place("lock")
        if decision == "spare":
            lock = os.fdopen(keeper.open(place, os.O_CREAT | os.O_WRONLY), closefd=False)
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            pid, _ = keeper.release_used("awaits_lock", place)  # and gets it
            _until_locked(place)
        pid, _ = keeper.release_used("awaits_lock", place)
        yield Animal(f"waits for a lock {name}", pid, decision, "a lock" * (decision == "spare"))


def _until_locked(place: Path) -> None:
    inode = f":{place.stat().st_ino} "
    await_text(Path("/proc/locks"), lambda text: inode in text)


def _terminals(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
    for below in (False, True):
        pid, _ = keeper.release_used("opens", zoo.terminal(), below=below)
        name = f"a terminal is open {'below it' if below else 'beside its stdio'}"
        yield Animal(name, pid, "spare", "terminal")
    pid, _ = keeper.release_used("opens", zoo.terminal())
    zoo.close_terminal()
    yield Animal("its other terminal was closed", pid, "kill")
    yield Animal("shows a terminal to itself", keeper.release_used("own_terminal")[0], "kill")
    line = f"{keeper.claude} | tee {zoo.terminal()}"
    pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck"))
    yield Animal("piped through tee to a terminal", pid, "spare", "terminal")
    for name, decision, tty in (
        ("at a terminal", "spare", True),
        ("by a collector", "kill", False),
    ):
        log = keeper.place("log")
        pid = keeper.release(stdout=keeper.open(log, os.O_CREAT | os.O_WRONLY))
        zoo.release("/usr/bin/tail", "-f", str(log), **({"tty": zoo.terminal()} if tty else {}))
        yield Animal(f"its log is followed {name}", pid, decision, "follows" if tty else "")


def _devices(keeper: Keeper) -> Iterator[Animal]:
    for device in ("/dev/fuse", "/dev/kvm", "/dev/net/tun"):
        if os.access(device, os.R_OK | os.W_OK):
            pid, _ = keeper.release_used("opens", device, below=True)
            yield Animal(f"serves by {device} below it", pid, "spare", f"serves by {device}")


def _watched(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
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
    def look() -> int | None:
        return next((pid for pid in scan() if read_exe(pid) == str(program)), None)

    return await_answer(look, f"{program} did not start")


def _work_to_come(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
    channel = keeper.release("--channels", "plugin:telegram@official")
    yield Animal("claude --channels", channel, "spare", "meant to outlive")
    for name, decision in (("its own", "spare"), ("another's", "kill")):
        cwd = keeper.place("project")
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
