"""Fake agents of alice's, kept where only a real systemd can keep them: units, scopes, the journal.

Each lives in a directory of its own name below her home, by which it is found again from outside:
pids differ from namespace to namespace. Nothing here knows what the daemon makes of them.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tests.e2e.household import Household, until
from tests.e2e.machine import REPOSITORY

HOME = "/home/alice/zoo"
CLAUDE = "lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe"
SERVER = "bin/github-mcp-server"
EDITOR = "share/code/code"
AIDER = ".venv-aider/bin/aider"
_SOURCE = REPOSITORY / "tests/integration/zoo/specimen.c"
# Works for a moment whenever it is told to.
_AIDER = """
import signal, time
def work(*_):
    began = time.process_time()
    while time.process_time() - began < 0.5: pass
signal.signal(signal.SIGUSR1, work)
while True: signal.pause()
"""
# argv: the server, its client or nothing. Both are left alone, joined by a pair of sockets.
_PAIR = """
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
env = {**os.environ, "ZOO_DETACH": "setsid"}
ends = zip(sys.argv[1:], (theirs, ours))
for program, end in ends:
    subprocess.run([program], stdin=end, stdout=subprocess.DEVNULL, env=env)
"""
_UNIT = """
[Service]
{who}
ExecStart=/bin/sh -c '{program}; true'
"""


# In a service that may have groups of its own: one below it that is called like an unnamed scope.
_BELOW = """
group=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/run-u5.scope
mkdir $group && echo $$ >$group/cgroup.procs
ZOO_DETACH=wreck $1 &
exec sleep infinity
"""


class Menagerie:
    """Puts fake agents into a household and tells which of them live."""

    def __init__(self, house: Household) -> None:
        self.house = house
        self.uid = house.run(["id", "--user", "alice"]).stdout.strip()
        self.bus = {"XDG_RUNTIME_DIR": f"/run/user/{self.uid}"}
        house.systemctl("start", f"user@{self.uid}.service")
        self._specimen = house.door / "specimen"
        subprocess.run(["cc", "-O1", "-o", self._specimen, _SOURCE], check=True)
        house.write("/opt/pair.py", _PAIR)
        house.write("/opt/below.sh", _BELOW)

    def put(self, name: str, path: str) -> str:
        """A program at its place below the directory of that name; how it is called inside."""
        inside = f"{HOME}/{name}/{path}"
        place = self.house.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path == AIDER:
            place.write_text(_AIDER)
            return f"/usr/bin/python3 {inside}"
        shutil.copy(self._specimen, place)
        return inside

    def in_scope(
        self, script: str, *options: str, manager: str = "system", user: str = "alice"
    ) -> None:
        """Run a shell script in a scope that outlives it if anything is left there."""
        words = [*options, "--", "/bin/sh", "-ec", f"cd /home/alice; {script}"]
        scope = ["systemd-run", "--quiet", "--scope", f"--{manager}"]
        if manager == "user":
            self.house.run([*scope, *words], user=user, env=self.bus)
        else:
            self.house.run([*scope, f"--uid={user}", f"--gid={user}", *words])

    def service(self, name: str, program: str, *, manager: str = "system") -> None:
        """A unit with a shell script around the program, started by that manager."""
        who = "User=alice" if manager == "system" else ""
        self.house.write(
            f"/etc/systemd/{manager}/{name}.service", _UNIT.format(who=who, program=program)
        )
        self.systemctl(manager, "daemon-reload")
        self.systemctl(manager, "start", name)

    def transient(self, program: str, *options: str, manager: str = "system") -> None:
        """A service without a unit file."""
        words = [*options, "--", *program.split()]
        if manager == "user":
            argv = ["systemd-run", "--quiet", "--user", *words]
            self.house.run(argv, user="alice", env=self.bus)
        else:
            self.house.run(["systemd-run", "--quiet", "--uid=alice", *words])

    def systemctl(self, manager: str, *words: str) -> str:
        argv = ["systemctl", f"--{manager}", *words]
        if manager == "user":
            return self.house.run(argv, user="alice", env=self.bus).stdout
        return self.house.run(argv).stdout

    # What is seen from outside

    def pids(self) -> Mapping[str, int]:
        """The pid of each that lives, by its name, as numbered inside."""
        return dict(self._seen())

    def await_all(self, names: set[str]) -> None:
        """Until every one of them is there and waits for nothing but a signal."""
        until(lambda: names <= self._at_rest(), f"all of {sorted(names)} are there")

    def _at_rest(self) -> set[str]:
        return {name for name, pid in self._seen() if self._waits(pid)}

    def _waits(self, pid: int) -> bool:
        """Whether it sleeps; an interpreter, once its script has set what wakes it."""
        with suppress(OSError):  # it has just ended
            lines = self.house.path(f"/proc/{pid}/status").read_text().splitlines()
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            wakes = int(status["SigCgt"], 16) >> (signal.SIGUSR1 - 1) & 1
            return status["State"][0] == "S" and bool(
                wakes or not status["Name"].startswith("python")
            )
        return False

    def _seen(self) -> Iterator[tuple[str, int]]:
        for entry in self.house.path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                if name := _name_of(words):
                    yield name, int(entry.name)


def _name_of(words: list[str]) -> str | None:
    """Whose argv it is; a shell that only names a specimen in its script is none."""
    for word in words[:2]:
        if word.startswith(f"{HOME}/") and " " not in word:
            return Path(word).relative_to(HOME).parts[0]
    return None
