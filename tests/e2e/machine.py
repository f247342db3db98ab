"""A machine of its own for a test: a real systemd in namespaces, on an overlay of this disk.

It knows systemctl, journalctl and how to run a command inside; it knows nothing of daydreamd.
Ending it ends every process in it, and nothing of what happened inside is left.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
BOOT = Path(__file__).with_name("boot.sh")
BOOT_SECONDS = 60.0
WAIT_SECONDS = 30.0
_FOLLOW_SECONDS = 5.0
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Entry = dict[str, Any]


class MachineError(Exception):
    """The machine did not do what the test needed: "cannot <verb> <object>: <reason>"."""


class Machine:
    """A booted machine, between `with Machine() as machine:` and the end of that block."""

    def __init__(self, *, layers: Sequence[Path] = (), network: bool = False) -> None:
        """Copy each of `layers` over the disk; `network` shares the host's, else there is none.

        What lies in `door` is seen from both sides: inside it is /run/door.
        """
        self._layers = layers
        self._network = network

    def __enter__(self) -> Self:
        self._base = Path(tempfile.mkdtemp(prefix="machine-"))
        self.door = self._base / "door"
        self._cgroup = _own_cgroup(self._base.name)
        try:
            self._boot()
        except BaseException:  # whatever it is, nothing may be left running
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    # Looking in and reaching in

    def path(self, inside: str | Path) -> Path:
        """The same file seen from outside; links in it are followed as seen from here."""
        return Path(f"/proc/{self.pid}/root") / str(inside).lstrip("/")

    def write(self, inside: str, text: str, *, mode: int = 0o644) -> None:
        target = self.path(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def command(
        self, argv: Sequence[str], *, user: str = "root", env: Mapping[str, str] | None = None
    ) -> list[str]:
        """What to start outside, so that `argv` runs inside as `user`, with a new environment."""
        home = "/root" if user == "root" else f"/home/{user}"
        clean = {"PATH": SEARCH_PATH, "HOME": home, "USER": user, "LANG": "C.UTF-8", **(env or {})}
        # pdeathsig: nsenter forks, and killing it alone would leave the command behind.
        become = ["setpriv", "--pdeathsig=KILL"]
        if user != "root":
            become += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        pairs = [f"{name}={value}" for name, value in clean.items()]
        # --root: the mount namespace alone leads to its own root, which is not the machine's where
        # the tests themselves run in a chroot.
        enter = ["nsenter", "--target", str(self.pid), "--all", "--root"]
        return [*enter, "--", *become, "--", "env", "-i", "--chdir=/", *pairs, *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        check: bool = True,
        timeout: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end."""
        done = subprocess.run(
            self.command(argv, user=user, env=env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            said = (done.stdout + done.stderr).strip()
            raise MachineError(f"cannot run {' '.join(argv)}: exit {done.returncode}: {said}")
        return done

    def add_user(self, name: str) -> int:
        self.run(["useradd", "--create-home", "--user-group", name])
        return int(self.run(["id", "--user", name]).stdout)

    # systemctl

    def systemctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = ["systemctl", "--no-ask-password", "--no-pager", *arguments]
        done = self.run(argv, check=False)
        if check and done.returncode != 0:
            raise MachineError(f"cannot {' '.join(argv)}: {done.stderr}{self._last_words()}")
        return done

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        listed = [f"--property={name}" for name in names]
        lines = self.systemctl("show", *listed, unit).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def main_pid(self, unit: str) -> int:
        """As seen inside; 0 if it does not run."""
        return int(self.show(unit, "MainPID")["MainPID"])

    def processes(self, unit: str) -> list[int]:
        """Every process in the cgroup of a unit, as seen inside."""
        group = self.show(unit, "ControlGroup")["ControlGroup"]
        found = self.run(["find", f"/sys/fs/cgroup{group}", "-name", "cgroup.procs"], check=False)
        if not group or found.returncode != 0:
            return []
        return [int(pid) for pid in self.run(["cat", *found.stdout.split()]).stdout.split()]

    def drop_in(self, unit: str, text: str, *, name: str = "test.conf") -> None:
        self.write(f"/etc/systemd/system/{unit}.d/{name}", text)
        self.systemctl("daemon-reload")

    # journalctl

    def cursor(self) -> str:
        """Where the journal ends now."""
        said = self.run(["journalctl", "--show-cursor", "--lines=0", "--quiet"]).stdout
        return said.partition("-- cursor: ")[2].strip()

    def journal(self, *arguments: str) -> list[Entry]:
        """Entries, oldest first: `journal("--unit=daydreamd", "DAYDREAM_EVENT=…")`."""
        said = self.run(["journalctl", "--quiet", "--output=json", "--all", *arguments]).stdout
        return [json.loads(line) for line in said.splitlines()]

    def messages(self, *arguments: str) -> list[str]:
        return [str(entry["MESSAGE"]) for entry in self.journal(*arguments)]

    def wait_for(
        self,
        wanted: Callable[[Entry], object],
        *arguments: str,
        after: str | None = None,
        timeout: float = WAIT_SECONDS,
    ) -> Entry:
        """The first entry that is `wanted`, from the cursor `after` on or from the beginning."""
        since = [f"--after-cursor={after}"] if after else ["--no-tail"]
        argv = ["journalctl", "--quiet", "--output=json", "--all", "--follow", *since, *arguments]
        deadline = time.monotonic() + timeout
        # Once in a thousand times journalctl misses an entry while it begins to follow.
        while (left := deadline - time.monotonic()) > 0:
            for entry in self._follow(argv, timeout=min(left, _FOLLOW_SECONDS)):
                if wanted(entry):
                    return entry
        raise MachineError(f"cannot find the entry in {timeout:g} s; {self._last_words()}")

    def _follow(self, argv: Sequence[str], *, timeout: float) -> Iterator[Entry]:
        with subprocess.Popen(self.command(argv), stdout=subprocess.PIPE) as journalctl:
            try:
                for line in _lines(journalctl, timeout=timeout):
                    yield json.loads(line)
            finally:
                journalctl.kill()

    def _last_words(self) -> str:
        return "\n".join(["the journal ends so:", *self.messages("--lines=30")])

    # Beginning and end

    def _boot(self) -> None:
        self.door.mkdir()
        os.mkfifo(self.door / "up")
        net = [] if self._network else ["--net"]
        space = ["--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--mount-proc", *net]
        # setpriv: if the test run itself is killed, the machine goes with it.
        unshare = ["setpriv", "--pdeathsig=KILL", "unshare", *space, "--kill-child"]
        boot = ["sh", str(BOOT), str(self._base), str(REPOSITORY), *map(str, self._layers)]
        enter = f'echo $$ >"{self._cgroup}/cgroup.procs" && exec "$@"'
        with (self._base / "console").open("wb") as console:
            self._unshare = subprocess.Popen(
                ["sh", "-c", enter, "sh", *unshare, *boot],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        with _fifo(self.door / "up") as up:
            self._wait_until_up(up)
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        self.pid = int(children.read_text())
        self._make_sure_of_the_inside()

    def _make_sure_of_the_inside(self) -> None:
        """Commands run as root: one that missed the machine would change the disk of the tests."""
        seen = self.run(["stat", "--format=%d %i", "/run/door"], check=False).stdout.strip()
        door = self.door.stat()
        if seen != f"{door.st_dev} {door.st_ino}":
            raise MachineError("cannot enter the machine: commands would run outside of it")

    def _wait_until_up(self, up: int) -> None:
        ended = os.pidfd_open(self._unshare.pid)
        try:
            ready, _, _ = select.select([up, ended], [], [], BOOT_SECONDS)
        finally:
            os.close(ended)
        if up not in ready:
            said = (self._base / "console").read_text(errors="replace").strip()
            raise MachineError(f"cannot boot systemd in namespaces: {said or 'it is not up'}")

    def _end(self) -> None:
        if hasattr(self, "pid"):
            # The first process of its namespace: the kernel ends all the others with it.
            os.kill(self.pid, signal.SIGKILL)
        else:
            (self._cgroup / "cgroup.kill").write_text("1")
        if hasattr(self, "_unshare"):
            self._unshare.wait(WAIT_SECONDS)
        _until_empty(self._cgroup)
        for group in sorted(self._cgroup.rglob("*/"), reverse=True):
            group.rmdir()
        self._cgroup.rmdir()
        shutil.rmtree(self._base)


def _own_cgroup(name: str) -> Path:
    """A fresh cgroup (version 2) for a machine: its systemd must not see the host's."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            group = Path(before.split()[4]) / name
            group.mkdir()
            return group
    raise MachineError("cannot boot a machine: no cgroup2 is mounted here")


def _until_empty(cgroup: Path) -> None:
    """Wait until the kernel has reaped everything in it: it tells by a poll on cgroup.events."""
    with (cgroup / "cgroup.events").open("rb", buffering=0) as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        deadline = time.monotonic() + WAIT_SECONDS
        while b"populated 1" in os.pread(events.fileno(), 256, 0):
            if time.monotonic() > deadline:
                raise MachineError("cannot end a machine: processes are left in it")
            poll.poll(1000)


@contextmanager
def _fifo(path: Path) -> Iterator[int]:
    # Read and write: so that opening does not wait for the other end.
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield fd
    finally:
        os.close(fd)


def _lines(process: subprocess.Popen[bytes], *, timeout: float) -> Iterator[bytes]:
    """Whole lines of its stdout until the time is over."""
    assert process.stdout is not None
    fd = process.stdout.fileno()
    deadline = time.monotonic() + timeout
    pending = b""
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([fd], [], [], left)
        chunk = os.read(fd, 1 << 16) if readable else b""
        if not chunk:
            return
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
