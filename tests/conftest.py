"""What every test is held to: whoever leaves a child, a thread or a descriptor behind fails.

Also `run_in_virtual_time`, for code that waits: an hour passes at once. Real children do not know
of it, so a test has either them or virtual time.
"""

import asyncio
import ctypes
import gc
import os
import resource
import threading
import time
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest

from daydreamd.host.processes.orphans import OWN_CHILDREN
from daydreamd.host.processes.procfs import read_argv, read_children, read_stat
from tests.needs import reason_to_skip

ROOT = Path(__file__).parents[1]
_SETTLE_SECONDS = 3.0  # what is on its way out (a worker thread, a killed child) may take so long
_PR_SET_CHILD_SUBREAPER = 36


def pytest_collection_modifyitems(items):
    """Where tests run side by side, those of a file follow each other, and so do the machines'."""
    for item in items:
        is_of_machines = ROOT / "tests/e2e" in item.path.parents
        item.add_marker(pytest.mark.xdist_group("machines" if is_of_machines else str(item.path)))


def pytest_runtest_setup(item):
    """Do not begin what this machine cannot run; the reason names the packages that are missing."""
    if reason := _reason_to_skip(item.path):
        _give_up(reason)


@lru_cache
def _reason_to_skip(path):
    return reason_to_skip(path, ROOT)


def _give_up(reason):
    """Skip the test; under CI, where nothing may be left out unseen, fail it."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture
def need_here():
    """A function that gives up the test where this machine lacks something."""

    def need(has, what):
        if not has:
            _give_up(f"this machine has no {what}")

    return need


@pytest.fixture
def no_descriptor_left():
    """A context in which nothing more can be opened."""

    @contextmanager
    def used_up():
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return used_up


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """Compare what this process has before and after; also be no subreaper for the next test."""
    before = _belongings()
    yield
    if OWN_CHILDREN.adopts:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        OWN_CHILDREN.adopts = False
    give_up = time.monotonic() + _SETTLE_SECONDS
    while (left := _belongings() - before) and time.monotonic() < give_up:
        gc.collect()  # a socket in a reference cycle is closed here, with its ResourceWarning
        time.sleep(0.02)
    if left:
        pytest.fail("left behind: " + "; ".join(sorted(map(_describe, left))))


@pytest.fixture
def run_in_virtual_time():
    """A function that runs an async function on a clock that jumps to the next timer."""

    def run(scenario, *args):
        with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
            return runner.run(scenario(*args))

    return run


class _JumpingLoop(asyncio.SelectorEventLoop):
    _now = 0.0

    def time(self):
        return self._now

    def _run_once(self):
        due = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not self._ready and due:
            self._now = max(self._now, min(due))
        super()._run_once()


def _belongings():
    children = {("child", pid) for pid in read_children(os.getpid())}
    threads = {("thread", thread) for thread in threading.enumerate()}
    return children | threads | set(_descriptors())


def _descriptors():
    for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers are wanted
        try:
            yield "descriptor", fd, str(Path("/proc/self/fd", fd).readlink())
        except FileNotFoundError:  # the one that the listing itself used
            continue


def _describe(thing):
    if thing[0] == "child":
        stat = read_stat(thing[1])
        return f"child {thing[1]} {stat.state if stat else 'gone'} {read_argv(thing[1])}"
    return " ".join(map(str, thing))
