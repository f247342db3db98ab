"""Tidying up on a full machine: one look for agents, and a whole dry run, per number of processes.

Every process is a Python one, the worst case: each has to be asked what it was given to run.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

from daydreamd.agents.sampling import look
from daydreamd.cleanup.tidy import tidy_up
from daydreamd.records.events import Emitter
from daydreamd.settings.cleanup import Cleanup, CleanupTemp
from tests.bench.bench_scan import FORKER, NAMESPACE, SIZES
from tests.bench.table import Row, best_seconds

SLEEPER = "import signal\nsignal.pause()\n"


def measure():
    """Seconds per size; the gap between the two looks (2 s) is part of a tidying."""
    for size in SIZES:
        argv = [*NAMESPACE, sys.executable, "-m", __spec__.name, str(size)]
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
        yield f"{size} processes", [Row(*row) for row in json.loads(done.stdout)]


def _measure_inside(size):
    argv = [sys.executable, "-I", "-S", "-c", FORKER, str(size)]
    with (
        tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as directory,
        subprocess.Popen(argv, stdout=subprocess.PIPE) as forker,
    ):
        script = Path(directory, "mcp-server-bench.py")  # so that there is one agent to look into
        script.write_text(SLEEPER)
        with subprocess.Popen([sys.executable, script]) as agent:
            forker.stdout.readline()
            print(json.dumps(list(_rows())))
            agent.send_signal(signal.SIGKILL)
        forker.send_signal(signal.SIGKILL)


def _rows():
    settings = Cleanup(temp=CleanupTemp(enabled=False))
    yield "one look for agents", best_seconds(lambda: look(settings), runs=3)
    began = time.perf_counter()
    anyio.run(_tidy, settings)
    yield "a whole tidying, dry", time.perf_counter() - began, "s"


async def _tidy(settings):
    emitter = Emitter("", lambda _: None)
    report = await tidy_up(settings, emitter=emitter, history=None, dry_run=True)
    assert report.candidates


if __name__ == "__main__":
    _measure_inside(int(sys.argv[1]))
