"""Looking at a workspace in which nothing changed, against the `git status` that it needs."""

import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio

from daydreamd.context.gathering import gather_context
from daydreamd.context.workspaces import find_workspaces
from daydreamd.records.events import Emitter
from tests.bench.table import Row, best_seconds

SIZES = (100, 5_000, 20_000)
CODE = "if x:\n    y = 1\n" * 30


def measure():
    """The quickest of ten, per size of the repository."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as directory:
            repository = Path(directory, "app")
            _make(repository, size)
            yield f"{size} files", list(_rows(repository, Path(directory)))


def _rows(repository, directory):
    status = ("git", "status", "--porcelain")
    yield Row("git status", best_seconds(partial(_git, repository, *status[1:]), runs=10))
    first, *again = anyio.run(_gather, repository, directory, 11)
    yield Row("context, unchanged", min(again), note="promised: at most × 2 of git status")
    yield Row("context, for the first time", first)


async def _gather(repository, directory, times):
    """Seconds of each look; the first one fills the cache."""
    workspaces = find_workspaces([repository])
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        report = await gather_context(
            workspaces,
            scratch=directory / "scratch",
            cache=directory / "cache",
            emitter=Emitter("bench", lambda _: None),
        )
        taken.append(time.perf_counter() - began)
        assert report.workspaces["app"].cached == (len(taken) > 1)
    return taken


def _make(repository, size):
    for number in range(size):
        file = repository / f"d{number % 100}" / f"f{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CODE)
    _git(repository, "init", "-q", ".")
    _git(repository, "add", ".")
    _git(repository, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "all")
    old = time.time() - 60
    for file in repository.rglob("*.py"):
        os.utime(file, (old, old))
    _git(repository, "status")  # notes the times, as a repository at rest has them noted


def _git(repository, *arguments):
    subprocess.run(["git", *arguments], cwd=repository, check=True, stdout=subprocess.DEVNULL)
