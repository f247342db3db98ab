"""What is called safe of 100 made repositories, whose truth is known without daydreamd."""

import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import anyio

from daydreamd.context.gathering import gather_context
from daydreamd.context.workspaces import find_workspaces
from daydreamd.records.events import Emitter
from tests.bench.table import Row
from tests.fakes.large_repository import make_large
from tests.fakes.merged_branches import lines_elsewhere, make_world

REPOSITORIES = 100


def measure():
    """Lost work that was called safe, and safe work that was called so."""
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as directory:
        yield f"work in {REPOSITORIES} repositories", list(_rows(Path(directory)))
    with tempfile.TemporaryDirectory(prefix="daydreamd-bench-") as directory:
        title = "100,000 commits, 2,000 branches, 121 work trees"
        yield title, list(_large_rows(Path(directory)))


def _rows(directory):
    counts, wrong, seconds = Counter(), [], 0.0
    for seed in range(REPOSITORIES):
        world = make_world(directory / str(seed), seed)
        began = time.perf_counter()
        verdicts = anyio.run(ask_about, world.clone, directory)
        seconds += time.perf_counter() - began
        for name, fate in world.fates.items():
            verdict = verdicts[name].verdict
            counts[fate, verdict] += 1
            if verdict == "safe" and (fate == "lost" or not lines_elsewhere(world, name)):
                wrong.append(f"{seed}: {name}")
            if fate == "merged" and verdict != "safe":
                counts[f"not seen: {world.ways[name]}"] += 1
        shutil.rmtree(world.root)
    merged = sum(number for key, number in counts.items() if key[0] == "merged")
    yield Row("lost works called safe", len(wrong), "", ", ".join(wrong) or "promised: none")
    told = counts["merged", "safe"] / merged
    others = [f"{key} {n}" for key, n in counts.items() if isinstance(key, str)]
    yield Row("safe works called safe, %", told * 100, "", "promised: 90; " + ", ".join(others))
    yield Row("branches", sum(n for key, n in counts.items() if isinstance(key, tuple)), "")
    yield Row("a repository's context", seconds / REPOSITORIES)


def _large_rows(directory):
    clone = make_large(directory, commits=100_000, branches=2_000, worktrees=121)
    for what in ("context, for the first time", "context, unchanged"):
        began = time.perf_counter()
        verdicts = anyio.run(ask_about, clone, directory)
        undecided = sum(one.verdict == "unknown" for one in verdicts.values())
        note = f"promised: at most 28 s; {undecided} of {len(verdicts)} not decided"
        yield Row(what, time.perf_counter() - began, "s", note)


async def ask_about(clone, directory):
    """What is said of each branch."""
    report = await gather_context(
        find_workspaces([clone]),
        scratch=directory / "scratch",
        cache=directory / "cache",
        emitter=Emitter("bench", lambda _: None),
    )
    (facts,) = report.workspaces.values()
    assert facts.failures == ()
    return {one.name: one for one in facts.only_here if one.kind == "branch"}
