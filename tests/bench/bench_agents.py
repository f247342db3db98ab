"""What it costs to read what agents wrote down: 2 GB at once, and 500 transcripts in a session."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daydreamd.agents.work.reading import read_transcripts
from daydreamd.agents.work.transcript_cache import Memory, keep, remember
from daydreamd.agents.work.transcript_places import find_transcripts
from daydreamd.sessions.agent_work import summarize_lately
from daydreamd.settings.agent_sources import Agents
from tests.bench.table import Row
from tests.unit import agent_transcripts as made

_TWO_GB = 2_000_000_000
_TURNS = 10
_TURN_BYTES = 20_000


def measure():
    """The first look at 2 GB, the next one, and what a session takes for 500 transcripts."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        size = _fill(home, files=200, each=_TWO_GB // 200)
        yield f"{size / 1e9:.2f} GB of transcripts in 200 files", list(_reading(home))
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        size = _fill(home, files=500, each=_TURNS * _TURN_BYTES)
        yield f"500 transcripts, {size / 1e6:.0f} MB, in a session", list(_in_a_session(home))


def _reading(home):
    cache = home / "cache"
    spent = time.process_time()
    seconds, memory = _look(home, Memory())
    yield Row("first look", seconds, "s", f"{time.process_time() - spent:.1f} s of CPU")
    keep(cache, memory)
    began, spent = time.perf_counter(), time.process_time()
    again, _ = _look(home, remember(cache))
    spent = time.process_time() - spent
    seconds = time.perf_counter() - began
    yield Row("next look, with what is remembered", seconds, "ms", f"{spent * 1e3:.0f} ms of CPU")
    yield Row("of it without loading that", again, "ms")
    newest = next(home.rglob("*.jsonl"))
    with newest.open("a") as file:
        file.write(json.dumps(made.claude_records("More.")[8]) + "\n")
    began = time.perf_counter()
    _look(home, remember(cache))
    yield Row("next look, one of them has grown", time.perf_counter() - began, "ms")


def _look(home, memory):
    places = find_transcripts({"HOME": str(home)}, Agents())
    began = time.perf_counter()
    asyncio.run(read_transcripts(places, memory))
    return time.perf_counter() - began, memory


def _in_a_session(home):
    """In a process of its own, whose memory is looked at before and after."""
    for what in ("first session", "next session"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_agents", str(home)],
            env=os.environ | {"HOME": str(home)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds, spent, grown = json.loads(done.stdout)
        yield Row(f"{what}, beside its other sources", seconds, "s", f"{spent:.2f} s of CPU")
        yield Row(f"{what}: memory added", grown, "MiB")


def _session(home):
    import daydreamd.context.gathering
    import daydreamd.insights.report  # noqa: F401 - as above

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _peak_bytes()
    began, spent = time.perf_counter(), time.process_time()
    asyncio.run(summarize_lately(Agents(), cache=Path(home, "cache"), workspaces=(), last=None))
    seconds = time.perf_counter() - began
    spent = time.process_time() - spent
    print(json.dumps([seconds, spent, _peak_bytes() - before]))


def _peak_bytes():
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in one)
    return int(line.split()[1]) * 1024


def _fill(home, *, files, each):
    """Half of them Claude's, half Codex's: prompts, outputs and contents as long as they are."""
    size = 0
    for number in range(files):
        if number % 2:
            path, records = made.claude(home, name=f"0a1b{number}"), made.claude_records()
            records[5]["message"]["content"][0]["content"] = "Exit code 1\n" + "x" * _TURN_BYTES
        else:
            path, records = made.codex(home, name=f"01a2{number}"), made.codex_records()
            records[6]["payload"]["output"] = "Process exited with code 1\n" + "x" * _TURN_BYTES
        turn = "".join(json.dumps(record) + "\n" for record in records[1:-1])
        last = path.read_text().splitlines()[-2:]
        with path.open("a") as file:
            for _ in range(each // len(turn)):
                file.write(turn)
            file.write("\n".join(last) + "\n")
        size += path.stat().st_size
    return size


if __name__ == "__main__":
    _session(sys.argv[1])
