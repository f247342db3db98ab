"""A machine on which daydreamd is installed for alice, with a workspace of hers and fake engines.

Everything is done with `systemctl`, `journalctl` and signals, and told from the outside: what the
history holds, which processes and files are there. The fakes are real programs (tests/fakes).
"""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.e2e.machine import REPOSITORY, Entry, Machine, MachineError

UNIT = "daydreamd.service"
STATE = "/var/lib/daydreamd"
RUNTIME = "/run/daydreamd"
LOGS = "/var/log/daydreamd"
CACHE = "/var/cache/daydreamd"
REPORT = f"{LOGS}/daydream_insights.md"
SETTINGS = "/etc/daydreamd/daydreamd.toml"
WORKSPACE = "/home/alice/src/app"
FAKES = REPOSITORY / "tests" / "fakes"
PHASES = (
    "readiness_check",
    "pre_cleanup",
    "context_gathering",
    "ai_analysis",
    "output_processing",
    "post_cleanup",
)
RESTART_SECONDS = 0.2
WATCHDOG_SECONDS = 6.0
PATIENCE_SECONDS = 40.0
_MAKE_WORKSPACE = f"""
mkdir -p {WORKSPACE} && cd {WORKSPACE} && git init -q
git config user.email alice@example.org && git config user.name Alice
printf 'def read(path):\\n    return open(path).read()  # TODO: close it\\n' >reading.py
git add . && git commit -qm 'Read a file'
"""
_TIMES = f"""
[Unit]
StartLimitIntervalSec=0
[Service]
RestartSec={RESTART_SECONDS}s
WatchdogSec={WATCHDOG_SECONDS}s
"""
# Whatever this process does when USR2 comes, its event loop does not turn meanwhile.
_BLOCKER = (
    "import signal, time; signal.signal(signal.SIGUSR2, lambda *_, nap=time.sleep: nap(600))\n"
)

Row = dict[str, Any]
Teller = Callable[[str], list[Row]]
"""Answers queries of the history where its files cannot be seen from outside."""
T = TypeVar("T")


class Household(Machine):
    """`with Household(staged) as house: house.systemctl("start", UNIT)`."""

    def __init__(self, staged: Path, *, aider: str = "answers") -> None:
        """`aider` is the deed of tests/fakes/fake_aider.py that phase 4 runs into."""
        super().__init__(layers=[staged])
        self.aider = aider
        self.ready_seconds: list[float] = []
        self.teller: Teller | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._furnish()
        except BaseException:  # whatever it is, nothing may be left running
            self._end()
            raise
        return self

    def _furnish(self) -> None:
        self.add_user("alice")
        # SQLite goes its own way through links such as /proc/PID/root: so the state lies outside.
        self.state = self.door / "state"
        self.state.mkdir()
        self.run(["sh", "-ec", f"mkdir {STATE} && mount --bind /run/door/state {STATE}"])
        self.run(["systemd-sysusers"])
        self.run(["systemd-tmpfiles", "--create", "/usr/local/lib/tmpfiles.d/daydreamd.conf"])
        self.run(["sh", "-ec", _MAKE_WORKSPACE], user="alice")
        fake = (FAKES / "fake_aider.py").read_text()
        for deed in ("answers", "escapes", "ignores_term"):
            self.write(f"/opt/aider/{deed}", f"#!/usr/bin/python3\n{fake}", mode=0o755)
        packages = self.path("/usr/local/lib/daydreamd/venv/lib").glob("python3*/site-packages")
        (next(packages) / "blocker.pth").write_text(_BLOCKER)
        self._serve_model()
        self.set({})
        self.drop_in(UNIT, f"{_TIMES}User=alice\n")

    def _serve_model(self) -> None:
        server = ["/usr/bin/python3", str(FAKES / "ollama_server.py"), "--context", "8192"]
        (self.door / "model").touch()
        output = "--property=StandardOutput=file:/run/door/model"
        self.run(["systemd-run", "--quiet", "--unit=model", output, *server])
        said = until((self.door / "model").read_text, "the model server says its address")
        self.model_url = said.strip()

    def set(self, changes: Mapping[str, Mapping[str, object]]) -> None:
        """Write the settings: those of a quick session, with `changes` by table."""
        tables: dict[str, dict[str, object]] = {
            "readiness": {"min_free_memory": "32MiB", "min_free_disk": "1B"},
            "model": {"provider": "ollama", "base_url": self.model_url},
            "analysis": {"engine": "aider", "aider": f"/opt/aider/{self.aider}"},
            "cleanup": {"observe": "100ms", "grace": "1s"},
        }
        for table, values in changes.items():
            tables[table] = {**tables.get(table, {}), **values}
        lines = [f'[[workspaces]]\npath = "{WORKSPACE}"']
        for table, values in tables.items():
            pairs = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
            lines += [f"[{table}]", *pairs]
        self.write(SETTINGS, "\n".join(lines) + "\n")

    # What a person does

    def change_workspace(self) -> None:
        with self.path(f"{WORKSPACE}/reading.py").open("a") as file:
            file.write(f"# changed at {time.time_ns()}\n")

    def ask(self) -> None:
        """Wish for a session, in a workspace that has changed."""
        self.change_workspace()
        self.kill("USR1")

    def kill(self, name: str) -> None:
        """Send a signal to the daemon, and to nobody else."""
        self.systemctl("kill", f"--signal={name}", "--kill-whom=main", UNIT)

    def trigger(self) -> Row:
        """How a session ended for which a client waited; in a workspace that has changed."""
        self.change_workspace()
        argv = ["daydreamd", "trigger", "--wait", "--json"]
        done = self.run(argv, user="alice", check=False)  # its exit code tells the outcome
        if not done.stdout:
            raise MachineError(f"cannot trigger a session: {done.stderr}{self._last_words()}")
        session: Row = json.loads(done.stdout)
        return session

    def hold_session(self) -> Row:
        """One session from wish to end."""
        before = len(self.sessions())
        self.ask()
        return self.wait_for_ends(before + 1)[-1]

    def daydreamd(self, *words: str, check: bool = True) -> str:
        return self.run(["daydreamd", *words], user="alice", check=check).stdout

    # What can be seen

    def query(self, sql: str) -> list[Row]:
        """Rows of the history, read without a lock; none while it cannot be read."""
        if self.teller:
            return self.teller(sql)
        uri = f"file:{self.state}/history.db?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def sessions(self) -> list[Row]:
        """All sessions, oldest first."""
        try:
            return self.query("SELECT * FROM sessions ORDER BY start_time, rowid")
        except sqlite3.OperationalError:  # not yet there, or about to be closed
            return []

    def wait_for_ends(self, count: int) -> list[Row]:
        """All sessions, once so many have ended and no process of theirs is left."""

        def are_over() -> bool:
            rows = self.sessions()
            ended = len(rows) >= count and all(row["outcome"] for row in rows)
            return ended and self.session_pid() is None

        until(are_over, f"{count} sessions have ended")
        return self.sessions()

    def host_pids(self) -> list[int]:
        """Processes of the unit, as numbered outside."""
        pids = []
        for listed in (self._cgroup / "system.slice" / UNIT).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):  # the group is being removed
                pids += [int(pid) for pid in listed.read_text().split()]
        return pids

    def is_executed(self) -> bool:
        """Whether the program in the unit has begun, and no signal may be lost any more.

        Before, while systemd prepares the process, a signal ends it; no unit can change that.
        """
        for pid in self.host_pids()[:1]:
            with contextlib.suppress(OSError):  # it has just ended
                return not Path(f"/proc/{pid}/comm").read_text().startswith("(")
        return False

    def session_pid(self) -> int | None:
        """The session process, as numbered outside."""
        for pid in self.host_pids():
            with contextlib.suppress(OSError):  # it has just ended
                if b"session\0--trigger" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        return None

    def leftovers(self) -> list[str]:
        """What no dead session may leave: processes, scratch, half-written files, an open record.

        To be asked while no session runs.
        """
        main = self.main_pid(UNIT)
        marked = self.run(
            ["sh", "-c", "grep -alz ^DAYDREAMD_SESSION_ID= /proc/[0-9]*/environ"], check=False
        ).stdout.split()
        found = [f"process {pid} is in the unit" for pid in self.processes(UNIT) if pid != main]
        found += [f"{path} carries a session's mark" for path in marked]
        found += [str(path) for path in self.path(f"{RUNTIME}/session").glob("*")]
        for directory in (STATE, LOGS, CACHE):
            found += [str(path) for path in self.path(directory).rglob(".*.tmp")]
        found += [f"open: {row['session_id']}" for row in self.sessions() if not row["outcome"]]
        [check] = self.query("PRAGMA integrity_check")
        return found if check["integrity_check"] == "ok" else [*found, f"history: {check}"]

    def wait_until_waiting(self) -> None:
        """Until the daemon itself says that nothing runs and nothing is wished for."""
        until(lambda: self.status()["state"] == "waiting", "the daemon waits")

    def status(self) -> Row:
        """What the daemon answers on its control socket."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.path(f"{RUNTIME}/control.sock")))
            control.sendall(b'{"do": "status"}\n')
            with control.makefile() as lines:
                status: Row = json.loads(lines.readline())["status"]
                return status

    def restarts(self, cursor: str) -> int:
        """How often systemd had to start the daemon again since then."""
        said = self.messages(f"--after-cursor={cursor}", "_PID=1", f"UNIT={UNIT}")
        return sum("Scheduled restart job" in message for message in said)

    def wait_for_restart(self, cursor: str) -> None:
        """Until the daemon has died since then, and is ready again."""
        died = False

        def is_back(entry: Entry) -> bool:
            nonlocal died
            died = died or "Main process exited" in entry["MESSAGE"]
            return died and entry["MESSAGE"].startswith("Started ")

        self.wait_for(is_back, "_PID=1", f"UNIT={UNIT}", after=cursor)

    def ready_after_death(self, cursor: str) -> float:
        """Seconds from the death of the daemon to READY, as systemd's own entries have it."""
        stamps = {}
        for entry in self.journal(f"--after-cursor={cursor}", "_PID=1", f"UNIT={UNIT}"):
            message = entry["MESSAGE"]
            if "Main process exited" in message:
                stamps["death"] = int(entry["__MONOTONIC_TIMESTAMP"])
            if message.startswith("Started "):
                stamps["ready"] = int(entry["__MONOTONIC_TIMESTAMP"])
        return (stamps["ready"] - stamps["death"]) / 1e6


def until(look: Callable[[], T | None], what: str) -> T:
    """What `look` gives as soon as it gives anything; MachineError when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise MachineError(f"cannot see that {what}: {PATIENCE_SECONDS:g} s have passed")
        time.sleep(0.02)
    return seen
