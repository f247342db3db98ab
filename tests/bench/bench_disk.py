"""The disk of agents counted, and how soon short memory begins a tidying.

`DAYDREAMD_BENCH_FILES` makes the tree smaller. Pressure is real where a control group's memory can
be limited; else its row says why not.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daydreamd.agents.disk_places import HeldPlace
from daydreamd.cleanup.disk_steward import BUDGET_SECONDS, Steward
from tests.bench.table import Row, best_seconds
from tests.integration.daemons import DaemonRun
from tests.integration.pressed import pressed_group, why_not

FILES = int(os.environ.get("DAYDREAMD_BENCH_FILES", "1000000"))
A_DIRECTORY = 100


def measure():
    """Counting, then pressure."""
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-", dir="/var/tmp") as scratch:
        yield f"counting {FILES:,} files, every second one with two names", _counting(Path(scratch))
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as scratch:
        yield "memory pressure", _pressure(Path(scratch))


def _counting(here):
    tree = here / "tree"
    tree.mkdir()
    for number in range(FILES // A_DIRECTORY):
        below = tree / f"{number // 100}" / f"{number}"
        below.mkdir(parents=True)
        for name in range(0, A_DIRECTORY, 2):
            (below / f"{name}").touch()
            os.link(below / f"{name}", below / f"{name + 1}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sessions, slowest, use = 0, 0.0, None
    began = time.perf_counter()
    while use is None or not use.complete:
        started = time.perf_counter()
        steward = Steward(here, os.geteuid())
        use = steward.count([HeldPlace("all", tree)], {}, seconds=BUDGET_SECONDS)
        slowest, sessions = max(slowest, time.perf_counter() - started), sessions + 1
    yield Row("all of it", time.perf_counter() - began, "s", f"{sessions} sessions")
    yield Row("in the slowest session", slowest, "s", f"{BUDGET_SECONDS} s are given")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield Row("memory more at the peak", (after - before) << 10, "MiB")
    assert use.kinds[0].files == FILES // 2
    yield Row("du of it", best_seconds(lambda: _du(tree), runs=1), "s")
    shutil.rmtree(tree)


def _du(tree):
    subprocess.run(["du", "-s", tree], check=True, stdout=subprocess.DEVNULL)


def _pressure(here):
    if reason := why_not():
        yield Row("from short memory to the tidying", None, "s", reason)
        return
    with pressed_group() as group:
        told, began = zip(*(_one_pressure(here / f"{n}", group) for n in range(5)), strict=True)
    yield Row("from its first page to the kernel's word", max(told), "s", "the slowest of 5")
    yield Row("from the kernel's word to the phase of tidying", max(began), "s", "the slowest of 5")


def _one_pressure(directory, group):
    """Seconds from the beginning of work to `memory is short`, and from there to the phase."""
    directory.mkdir()
    daemon = DaemonRun(directory)
    (directory / "config/daydreamd").mkdir(parents=True)
    (directory / "config/daydreamd/daydreamd.toml").write_text(
        f'observe.level = "debug"\ncleanup.dry_run = true\n'
        f'cleanup.pressure.file = "{group.pressure}"\n'
    )
    words = [sys.executable, "-P", "-m", "daydreamd", "--user", "run"]
    with (directory / "log").open("ab") as log:
        daemon.process = subprocess.Popen(words, env=daemon.environment(), stderr=log)
    try:
        daemon.until(lambda: daemon.said("daemon ready"), "ready")
        with group.at_work():
            began = time.time()
            daemon.until(lambda: daemon.said("memory is short"), "told")
            told = time.time()
            daemon.until(lambda: daemon.said("phase started"), "tidying")
            return told - began, time.time() - told
    finally:
        daemon.stop()
