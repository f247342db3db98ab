"""What the leash costs around a child, and how long it takes to end the unwilling."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio

from daydreamd.host.children.commands import clean_environment, leashed, run
from daydreamd.host.children.confinement import confined
from daydreamd.host.processes import become_subreaper
from tests.bench.table import Row, best_seconds

MISBEHAVING = [sys.executable, "-S", Path(__file__).parent.parent / "fakes" / "misbehaving.py"]
GRACE_SECONDS = 0.2


def measure():
    """A child that does nothing, one that prints a lot, and trees that will not end."""
    become_subreaper()
    place = {"cwd": Path("/"), "env": clean_environment()}
    yield "a child that does nothing", anyio.run(_nothing, place)
    yield "1 GiB of output", anyio.run(_flood, place)
    yield f"after TERM, {GRACE_SECONDS} s of grace and KILL", anyio.run(_ends, place)


async def _nothing(place):
    return [
        Row("run(true)", await _best(lambda: run(["true"], deadline=60, **place))),
        Row("anyio.run_process(true)", await _best(lambda: anyio.run_process(["true"]))),
        Row(
            "subprocess.run(true)",
            best_seconds(lambda: subprocess.run(["true"], check=True), runs=9),
        ),
        Row(
            "run(confined(true))",
            await _best(lambda: run(confined(["true"]), deadline=60, **place)),
        ),
    ]


async def _flood(place):
    began = time.perf_counter()
    await run([*MISBEHAVING, "floods", str(1 << 30)], deadline=300, too_much="drop", **place)
    return [Row("run(), keeping 1 MiB", time.perf_counter() - began, "s")]


async def _ends(place):
    return [
        Row("one that ignores TERM", await _end(place, "stubborn", count=1)),
        Row("three escaped grandchildren", await _end(place, "escapes", count=3)),
        Row("a fork bomb of 500", await _end(place, "fork_bomb", "500", count=500)),
    ]


async def _end(place, *deed, count):
    with tempfile.TemporaryDirectory() as directory:
        notes = Path(directory, "pids")
        async with leashed([*MISBEHAVING, *deed, notes], grace=GRACE_SECONDS, **place) as child:
            while not notes.exists() or notes.read_text().count("\n") < count:  # noqa: ASYNC110 - a child writes it
                await anyio.sleep(0.02)
            began = time.perf_counter()
        assert child.survivors == ()
        return time.perf_counter() - began


async def _best(action):
    times = []
    for _ in range(10):
        began = time.perf_counter()
        await action()
        times.append(time.perf_counter() - began)
    return min(times)
