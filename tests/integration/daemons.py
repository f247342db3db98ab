"""Real daemon processes in directories of their own, their sessions fake programs."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

FAKES = Path(__file__).parents[1] / "fakes"
PATIENCE_SECONDS = 60.0  # for a test that would fail anyway; a busy machine is slow


class DaemonRun:
    """One daemon and the directory it lives in."""

    def __init__(
        self, directory, *, mode="completed", settings="", silence=30.0, env=None, program=()
    ):
        self.directory = directory
        self.socket = directory / "runtime/daydreamd/control.sock"
        self.database = directory / "state/daydreamd/history.db"
        self.lock = directory / "state/daydreamd/daemon.lock"
        self._silence = silence
        self._program = program
        self._env = env or {}
        self.process = None
        (directory / "runtime").mkdir(mode=0o700, exist_ok=True)
        (directory / "settings.toml").write_text(settings)
        self.mode(mode)

    def environment(self):
        here = str(self.directory)
        return {
            "PATH": os.environ["PATH"],
            "HOME": here,
            "XDG_STATE_HOME": f"{here}/state",
            "XDG_RUNTIME_DIR": f"{here}/runtime",
            "XDG_CACHE_HOME": f"{here}/cache",
            "XDG_CONFIG_HOME": f"{here}/config",
            **self._env,
        }

    def mode(self, mode):
        (self.directory / "mode").write_text(mode)

    def settings(self, text):
        (self.directory / "settings.toml").write_text(text)

    def start(self, *, wait=True):
        argv = [sys.executable, FAKES / "fake_daemon.py", self.directory, str(self._silence)]
        argv += self._program
        before = len(self.said("daemon ready"))
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, env=self.environment(), stderr=log)
        if wait:
            self.until(lambda: len(self.said("daemon ready")) > before, "ready")
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_SECONDS)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def until(self, true, what):
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not (found := true()):
            assert time.monotonic() < give_up, f"never {what}:\n{self.log()}"
            time.sleep(0.01)
        return found

    def log(self):
        path = self.directory / "log"
        return path.read_text() if path.exists() else ""

    def said(self, event, **facts):
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event and facts.items() <= line.items()]

    def starts(self):
        path = self.directory / "starts"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def sessions(self):
        """Outcomes by session id, oldest first, as the history has them."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT session_id, outcome FROM sessions ORDER BY start_time"
            ).fetchall()
        finally:
            connection.close()
        return dict(rows)

    def outcomes(self, count):
        """The outcomes, once there are so many."""

        def ended():
            found = list(self.sessions().values())
            return found if len(found) >= count and None not in found else None

        return self.until(ended, f"{count} ended sessions")

    def ask(self, do, **more):
        with self.client() as client:
            return client.ask(do, **more)

    @contextmanager
    def client(self):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(self.socket))
            with connection.makefile("rb") as file:
                yield RawClient(connection, file)
        finally:
            connection.close()


class RawClient:
    """A client that can misbehave."""

    def __init__(self, connection, file):
        self.connection = connection
        self.file = file

    def send(self, data):
        self.connection.sendall(data)

    def ask(self, do, **more):
        self.send(json.dumps({"do": do, **more}).encode() + b"\n")
        return self.answer()

    def answer(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def hung_up(self):
        """Wait for the other end to close, and say nothing more."""
        try:
            return self.file.read() == b""
        except ConnectionResetError:  # with something of ours still unread
            return True


@contextmanager
def running(directory, **how):
    """A daemon that is ready, and gone afterwards."""
    daemon = DaemonRun(directory, **how)
    try:
        yield daemon.start()
    finally:
        if daemon.stop() != 0 and daemon.process.returncode != -signal.SIGKILL:
            raise AssertionError(f"exit code {daemon.process.returncode}:\n{daemon.log()}")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
