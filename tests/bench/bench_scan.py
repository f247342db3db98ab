"""Looking at every process: ours against psutil, `ps` and the PyPI package cleanup-orphans.

Each size has a pid namespace of its own, filled with sleeping processes, so that the figures are
those of exactly so many, and nobody else on the machine has to look at them.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import anyio
import psutil

from daydreamd.host.processes import become_subreaper, end_tree, marked, scan
from tests.bench.table import Row, best_seconds

SIZES = (150, 2_000, 10_000)
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
FORKER = """
import gc, os, signal, sys
gc.freeze()
reading, writing = os.pipe()
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.write(writing, b"!")
        signal.pause()
    os.read(reading, 1)  # it sleeps from now on, and disturbs nobody
print("there", flush=True)
signal.pause()
"""


def measure():
    """The quickest of five looks, per size."""
    if os.geteuid() != 0:
        NAMESPACE.extend(["--user", "--map-root-user"])
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as directory:
        rival = _install_cleanup_orphans(Path(directory))
        for size in SIZES:
            argv = [*NAMESPACE, sys.executable, "-m", __spec__.name, str(size), rival]
            done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
            yield f"{size} processes", [Row(*row) for row in json.loads(done.stdout)]


def _install_cleanup_orphans(directory):
    """The program's path, or "" where it cannot be installed."""
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    install = ["-m", "pip", "install", "--quiet", "--ignore-requires-python", "cleanup-orphans"]
    done = subprocess.run(
        [directory / "bin" / "python", *install], capture_output=True, check=False
    )
    program = directory / "bin" / "cleanup-orphans"
    return str(program) if done.returncode == 0 and program.exists() else ""


def _measure_inside(size, rival):
    argv = [sys.executable, "-I", "-S", "-c", FORKER, str(size)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as forker:
        forker.stdout.readline()
        print(json.dumps(list(_rows(rival))))
        forker.send_signal(signal.SIGKILL)


def _rows(rival):
    yield "daydreamd: scan()", best_seconds(scan)
    yield "psutil.process_iter, four attributes", best_seconds(_psutil)
    yield "ps -eo pid,ppid,comm,etimes", best_seconds(_runs("ps", "-eo", "pid,ppid,comm,etimes"))
    if rival:
        yield "cleanup-orphans --list", best_seconds(_runs(rival, "--list"), runs=3)
    else:
        yield "cleanup-orphans --list", None, "ms", "not installable here"
    yield "daydreamd: marked(), every environment", best_seconds(lambda: marked("NO_SUCH_MARK"))
    become_subreaper()
    yield "daydreamd: end_tree() of nothing", best_seconds(_end_nothing)


def _psutil():
    for process in psutil.process_iter(["pid", "ppid", "name", "create_time"]):
        assert process.info


def _runs(*argv):
    return lambda: subprocess.run(argv, capture_output=True, check=False)


def _end_nothing():
    anyio.run(lambda: end_tree([], grace=10))


if __name__ == "__main__":
    _measure_inside(int(sys.argv[1]), sys.argv[2])
