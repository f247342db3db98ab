"""A whole session on this repository: seconds of each phase, and memory at its highest."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.table import Row

ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.2


def measure():
    """One session with the real Aider and the embedded engine, with nothing of before."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        session, peaks = _watched(home)
        seconds = time.perf_counter() - began
    rows = [Row(phase, took, "s") for phase, took in session["phase_seconds"].items()]
    about = f"{session['outcome']}, {session['analysis']['prompt_tokens']} tokens read"
    yield "seconds of a session", [Row("the whole", seconds, "s", about), *rows]
    yield "memory at its highest", [Row(who, peak, "MiB") for who, peak in peaks.items()]


def _watched(home):
    path = os.pathsep.join((str(ROOT / ".venv-aider" / "bin"), os.environ["PATH"]))
    environment = {"HOME": home, "PATH": path, "DAYDREAMD_MODEL__PROVIDER": "embedded"}
    command = [sys.executable, "-m", "daydreamd", "once", "--json", str(ROOT)]
    peaks = {"session and Aider": 0, "session": 0, "Aider": 0, "embedded engine": 0}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            for who, size in _look(psutil.Process(process.pid)).items():
                peaks[who] = max(peaks[who], size)
            time.sleep(_LOOK_SECONDS)
        return json.load(process.stdout), peaks


def _look(session):
    seen = {"session": 0, "Aider": 0, "embedded engine": 0}
    with contextlib.suppress(psutil.NoSuchProcess):
        seen["session"] = session.memory_info().rss
        for child in session.children(recursive=True):
            words = " ".join(child.cmdline())
            who = "embedded engine" if "embedded_server" in words else "Aider"
            if who == "embedded engine" or "aider" in words:
                seen[who] += child.memory_info().rss
    return seen | {"session and Aider": seen["session"] + seen["Aider"]}
