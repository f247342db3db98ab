"""What an agent that waits for somebody does all the same is quiet; what a turn takes is work."""

from __future__ import annotations

import os

import pytest

from daydreamd.agents.sampling import Sample, has_moved
from daydreamd.host.processes import TICKS_PER_SECOND, identify, read_stat

# Measured on real programs that waited: seconds, seconds of CPU, bytes read and written.
WAITING = [
    ("claude", 20.0, 0.18, 50 << 10),
    ("opencode", 60.0, 0.81, 7_715),  # at its prompt in a terminal
    ("opencode", 60.0, 0.77, 4_957),  # without one, for its client
    ("opencode", 300.0, 4.05, 38_575),  # as the watch looks
    ("gemini", 300.0, 0.46, 133_683),
    ("codex", 60.0, 0.01, 4_292),
    ("aider", 300.0, 0.0, 0),
]
AT_WORK = [
    ("claude", 20.0, 1.0, 0),
    ("opencode", 60.0, 2.0, 0),
    ("opencode", 2.0, 0.2, 0),
    ("opencode", 60.0, 0.1, 1 << 20),
    ("codex", 60.0, 0.5, 0),
    ("mcp", 60.0, 0.5, 0),
]


def moved(kind: str, seconds: float, cpu_seconds: float, io_bytes: int) -> str:
    stat = read_stat(os.getpid())
    assert stat is not None
    members = frozenset({stat.pid})
    now = Sample(
        identity=identify(stat.pid),
        kind=kind,
        argv=(),
        cwd="/",
        stat=stat,
        members=members,
        cpu_ticks=1000 + round(cpu_seconds * TICKS_PER_SECOND),
        io_bytes=1000 + io_bytes,
        rss_bytes=0,
    )
    return has_moved((1000, 1000, members), now, seconds)


@pytest.mark.parametrize(("kind", "seconds", "cpu_seconds", "io_bytes"), WAITING)
def test_who_waits_is_quiet(kind: str, seconds: float, cpu_seconds: float, io_bytes: int):
    assert moved(kind, seconds, cpu_seconds, io_bytes) == ""


@pytest.mark.parametrize(("kind", "seconds", "cpu_seconds", "io_bytes"), AT_WORK)
def test_who_works_is_not_quiet(kind: str, seconds: float, cpu_seconds: float, io_bytes: int):
    assert moved(kind, seconds, cpu_seconds, io_bytes) != ""
