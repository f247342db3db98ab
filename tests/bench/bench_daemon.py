"""The daemon: what it costs idle, how quick it answers, and what two thousand sessions leave.

Beside it, in a throw-away environment, two programs that people run for such work today.
`DAYDREAMD_BENCH_SESSIONS` and `DAYDREAMD_BENCH_SECONDS` make it shorter.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tests.bench.table import Row, best_seconds
from tests.integration.daemons import FAKES, DaemonRun, running
from tests.integration.test_daemon_footprint import figures
from tests.integration.test_daemon_signals import managed

SESSIONS = int(os.environ.get("DAYDREAMD_BENCH_SESSIONS", "2000"))
IDLE_SECONDS = float(os.environ.get("DAYDREAMD_BENCH_SECONDS", "60"))
TICKS = os.sysconf("SC_CLK_TCK")
ASYNCIO = "import asyncio; asyncio.run(asyncio.sleep(3600))"
HUEY = "from huey import SqliteHuey\nhuey = SqliteHuey(filename='queue.db')\n"


def measure():
    """Idle, then in action, then after much action."""
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as scratch:
        here = Path(scratch)
        yield "idle, after 10 s", _idle(here)
        yield "how quick it answers", _answers(here)
        yield f"what {SESSIONS} sessions leave in the daemon", _soak(here)


def _idle(here):
    with _neighbours(here) as pids:
        time.sleep(10)
        before = {name: _counts(pid) for name, pid in pids.items()}
        time.sleep(IDLE_SECONDS)
        after = {name: _counts(pid) for name, pid in pids.items()}
        resident = {name: figures(pid)["rss"] << 10 for name, pid in pids.items()}
    minutes = IDLE_SECONDS / 60
    for what, kind, unit in (("wake-ups a minute", 0, ""), ("CPU a minute", 1, "ms")):
        for name in pids:
            count = (after[name][kind] - before[name][kind]) / minutes
            yield Row(f"{name}: {what}", count, unit)
    for name in pids:
        yield Row(f"{name}: RSS", resident[name], "MiB")


@contextmanager
def _neighbours(here):
    """Everything side by side, so that a busy machine is as busy for all of them."""
    programs = _install(here)
    directory = here / "idle"
    directory.mkdir()
    started = []
    environment = {"WATCHDOG_USEC": "60000000"}
    with managed(directory, env=environment) as (daemon, manager):
        daemon.start(wait=False)
        manager.hear("READY=1")
        try:
            for words in programs.values():
                started.append(
                    subprocess.Popen(words, cwd=here, stdout=-3, stderr=-3)  # DEVNULL
                )
            pids = [daemon.process.pid, *(program.pid for program in started)]
            yield dict(zip(["daydreamd run", *programs], pids, strict=True))
        finally:
            for program in started:
                program.terminate()
                program.wait()


def _install(here):
    venv = here / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "supervisor", "huey", "setuptools<80"], check=True)
    (here / "supervisord.conf").write_text(
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\n"
        "logfile_maxbytes=0\npidfile=%(here)s/s.pid\n"
    )
    (here / "queue_of_huey.py").write_text(HUEY)
    return {
        "bare asyncio": [sys.executable, "-c", ASYNCIO],
        "supervisord": [venv / "bin/supervisord", "-c", here / "supervisord.conf"],
        "huey consumer": [venv / "bin/huey_consumer", "queue_of_huey.huey"],
    }


def _counts(pid):
    """Voluntary context switches of all threads, and seconds of CPU."""
    switches = sum(
        int(line.split()[1])
        for status in Path(f"/proc/{pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return switches, (int(stat[11]) + int(stat[12])) / TICKS


def _answers(here):
    directory = here / "answers"
    directory.mkdir()
    with managed(directory) as (daemon, manager):
        began = time.perf_counter()
        daemon.start(wait=False)
        manager.hear("READY=1")
        yield Row("start to READY", time.perf_counter() - began)
        words = [sys.executable, "-P", "-m", "daydreamd", "--user", "status"]
        status = lambda: subprocess.run(  # noqa: E731 - it is timed, nothing more
            words, env=daemon.environment(), check=True, capture_output=True
        )
        yield Row("daydreamd status", best_seconds(status))
    # Without a manager: one that reads nothing, as above, keeps the daemon waiting.
    with running(directory) as daemon:
        yield from _latency(daemon, "SIGUSR1 to the first event of a session", 100)
    with _real(here / "real") as daemon:
        yield from _latency(daemon, "SIGUSR1 to `session started`, real session", 20)


@contextmanager
def _real(directory):
    """The program itself, with sessions of its own."""
    directory.mkdir()
    daemon = DaemonRun(directory)
    words = [sys.executable, "-P", "-m", "daydreamd", "--user", "run"]
    with (directory / "log").open("ab") as log:
        daemon.process = subprocess.Popen(words, env=daemon.environment(), stderr=log)
    try:
        daemon.until(lambda: daemon.said("daemon ready"), "ready")
        yield daemon
    finally:
        daemon.stop()


def _latency(daemon, what, count):
    taken = []
    with daemon.client() as client:
        client.ask("watch")
        for _ in range(count):
            began = time.perf_counter()
            daemon.signal(signal.SIGUSR1)
            while client.answer()["event"] != "session_started":
                pass
            taken.append(time.perf_counter() - began)
            while client.answer()["event"] != "session_ended":
                pass
            daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
    yield Row(f"{what}, p50", statistics.median(taken))
    yield Row(f"{what}, p99", statistics.quantiles(taken, n=100)[98], note=f"{count} times")


def _soak(here):
    directory = here / "soak"
    directory.mkdir()
    quick = [str(FAKES / "quick_session.sh")]
    with running(directory, program=quick) as daemon, daemon.client() as client:
        points = []
        began = time.perf_counter()
        for number in range(SESSIONS):
            client.ask("trigger", wait=True)
            assert client.answer()["session"]["outcome"] == "completed"
            if number % max(1, SESSIONS // 50) == 0:
                points.append((number, figures(daemon.process.pid)))
        seconds = time.perf_counter() - began
    settled = points[len(points) // 5 :]  # what is filled once is no growth
    numbers = [number for number, _ in settled]
    for what in ("rss", "descriptors", "threads"):
        values = [one[what] for _, one in settled]
        slope = statistics.linear_regression(numbers, values).slope
        unit = {"rss": "bytes a session"}.get(what, "per 1,000 sessions")
        factor = 1024 if what == "rss" else 1000
        note = f"{unit}; {values[0]} to {values[-1]}" + (" KiB" if what == "rss" else "")
        yield Row(f"slope of {what}", slope * factor, "", note)
    yield Row("a session, all told", seconds / SESSIONS, "ms")
