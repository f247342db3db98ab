"""What it costs to start: the program, and Python itself before it has done anything."""

import os
import subprocess
import sys

from tests.bench.table import Row, best_seconds

DAYDREAMD = [sys.executable, "-m", "daydreamd"]
PYTHON = [sys.executable, "-c", "pass"]


def measure():
    """Time and memory, the bare interpreter beside it."""
    yield (
        "to the end of a command",
        [
            Row("daydreamd version", _seconds([*DAYDREAMD, "version"])),
            Row("daydreamd --help", _seconds([*DAYDREAMD, "--help"])),
            Row("python -c pass", _seconds(PYTHON)),
            Row("daydreamd version", _peak_bytes([*DAYDREAMD, "version"]), "MiB"),
            Row("python -c pass", _peak_bytes(PYTHON), "MiB"),
        ],
    )


def _seconds(argv):
    return best_seconds(lambda: subprocess.run(argv, capture_output=True, check=True), runs=9)


def _peak_bytes(argv):
    # Through a small shell: a child's peak begins with that of whoever forked it.
    code = "import os, resource, sys; os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:]);"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    wrapper = [sys.executable, "-I", "-S", "-c", code, *argv]
    done = subprocess.run(wrapper, capture_output=True, check=True, env=dict(os.environ))
    return int(done.stderr.split()[-1]) * 1024
