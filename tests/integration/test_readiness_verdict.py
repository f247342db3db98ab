"""A verdict within three seconds, whatever hangs; and what hangs is never taken for ready."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from daydreamd.host.threads import in_spare_thread
from daydreamd.readiness.embedded import ModelFinding
from daydreamd.readiness.model_server import find_model
from daydreamd.readiness.verdict import ReadinessReport, check_readiness
from daydreamd.records.model_choice import ModelChoice
from daydreamd.settings.schema import Model, Queue, Readiness
from daydreamd.units import Duration, Size

FAKES = Path(__file__).parents[1] / "fakes"
NEVER_SECONDS = 60.0  # what would hang for ever is not waited for, however busy the machine
# What this machine happens to do just now must not matter here.
EASY = Readiness(
    max_load_per_cpu=1000, max_memory_pressure=100, user_idle=Duration(0),
    min_free_memory=Size(1), min_free_disk=Size(1), require_ac_power=False, wait_for_agents=False,
)  # fmt: skip
CHOICE = ModelChoice(provider="ollama", name="coder:7b", api_key="hunter2", latency_seconds=0.01)


async def a_model() -> ModelFinding:
    return ModelFinding(
        choice=CHOICE, provider="ollama", reason="ollama answers in 10 ms, coder:7b"
    )


async def no_model() -> ModelFinding:
    return ModelFinding(choice=None, provider="ollama", reason="cannot ask the model: refused")


async def a_model_that_hangs() -> ModelFinding:
    await anyio.sleep_forever()
    raise AssertionError


async def check(tmp_path: Path, **changes: Any) -> ReadinessReport:
    asked: dict[str, Any] = {
        "settings": EASY, "queue": Queue(), "disk_at": tmp_path, "idle_gates": True,
        "find_model": a_model,
    }  # fmt: skip
    asked |= changes
    settings = asked.pop("settings")
    with anyio.fail_after(NEVER_SECONDS):
        return await check_readiness(settings, **asked)


def a_queue(path: Path, pending: int) -> Queue:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE promises (status TEXT, created_at TEXT)")
        connection.executemany("INSERT INTO promises VALUES (?, '')", [("pending",)] * pending)
        connection.commit()
    return Queue(backend="sqlite", path=str(path))


@contextmanager
def serving(*argv: str) -> Iterator[str]:
    command = [sys.executable, "-S", str(FAKES / argv[0]), *argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def gate(report: ReadinessReport, name: str) -> Any:
    return next(gate for gate in report.gates if gate.name == name)


async def test_a_quiet_machine_with_a_model_is_ready(tmp_path: Path) -> None:
    report = await check(tmp_path, queue=a_queue(tmp_path / "q.db", 0))
    assert report.ready, report.reasons
    assert report.reasons == []
    assert report.summary().startswith("ready: ollama answers in 10 ms, coder:7b, ")
    assert report.summary().endswith("no tasks pending")
    assert report.metrics.pending_tasks == 0
    assert report.metrics.available_memory_bytes > 0


async def test_the_key_of_the_model_is_not_told(tmp_path: Path) -> None:
    assert "hunter2" not in str((await check(tmp_path)).health)


async def test_a_missing_model_does_not_make_the_machine_unready(tmp_path: Path) -> None:
    report = await check(tmp_path, find_model=no_model)
    assert report.ready
    assert report.model.choice is None
    assert report.reasons == ["cannot ask the model: refused"]
    assert report.summary().startswith("ready: no model, ")


async def test_a_model_probe_that_hangs_is_no_model(tmp_path: Path) -> None:
    report = await check(tmp_path, find_model=a_model_that_hangs)
    assert report.model.choice is None
    assert "in time" in report.model.reason
    assert report.ready


async def test_pending_tasks_come_first_unless_a_person_asks(tmp_path: Path) -> None:
    queue = a_queue(tmp_path / "q.db", 9)
    report = await check(tmp_path, queue=queue)
    assert not report.ready
    assert report.reasons == ["queue: 9 tasks pending, at most 5 (readiness.max_pending_tasks)"]
    assert report.summary() == "not ready: " + report.reasons[0]
    wished = await check(tmp_path, queue=queue, idle_gates=False)
    assert wished.ready
    assert gate(wished, "queue").state == "closed", "told all the same"


async def test_a_queue_that_cannot_be_read_is_never_idle_whatever_unknown_means(
    tmp_path: Path,
) -> None:
    lenient = msgspec.structs.replace(EASY, unknown_means="ready")
    for settings in (EASY, lenient):
        queue = Queue(backend="sqlite", path=str(tmp_path / "missing.db"))
        report = await check(tmp_path, settings=settings, queue=queue)
        assert not report.ready
        assert "no such file" in report.summary()


async def test_hard_gates_hold_even_for_a_person(tmp_path: Path) -> None:
    short = msgspec.structs.replace(EASY, min_free_memory=Size(1 << 60))
    report = await check(tmp_path, settings=short, idle_gates=False)
    assert not report.ready
    assert report.reasons[0].startswith("memory: ")


async def test_quiet_hours_close_for_the_timer_alone(tmp_path: Path) -> None:
    assert not (await check(tmp_path, quiet_hours=["00:00-24:00"])).ready
    assert (await check(tmp_path, quiet_hours=["00:00-24:00"], idle_gates=False)).ready


@pytest.mark.parametrize(
    ("kind", "state"),
    [("resident", "open"), ("used", "closed"), ("generating", "closed"), ("forever", "open"),
     ("empty", "open")],
)  # fmt: skip
async def test_ollama_is_left_to_whoever_uses_it(tmp_path: Path, kind: str, state: str) -> None:
    with serving("busy_ollama.py", kind) as url:
        report = await check(tmp_path, model=Model(base_url=url))
    assert gate(report, "ollama").state == state
    assert report.ready is (state == "open")


async def test_an_ollama_that_hangs_is_unknown(tmp_path: Path) -> None:
    with serving("misbehaving_server.py", "hangs_before_headers") as url:
        check_it = partial(check, tmp_path, model=Model(base_url=url))
        report = await check_it()
        assert gate(report, "ollama").state == "unknown"
        assert not report.ready
        assert (await check_it(settings=msgspec.structs.replace(EASY, unknown_means="ready"))).ready


async def test_an_ollama_that_is_not_there_is_in_nobodys_use(tmp_path: Path) -> None:
    report = await check(tmp_path, model=Model(base_url="http://127.0.0.1:1"))
    assert gate(report, "ollama").state == "open"
    assert report.ready


def test_a_probe_that_hangs_for_ever_holds_up_neither_the_verdict_nor_the_end(
    tmp_path: Path,
) -> None:
    """A thread that never comes back stands for a dead network disk."""
    script = """
import os, sys
import anyio
from daydreamd.host.threads import in_spare_thread

async def main():
    with anyio.move_on_after(0.2) as limit:
        await in_spare_thread(lambda: os.open(sys.argv[1], os.O_RDONLY))
    print(limit.cancelled_caught)

anyio.run(main)
"""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    done = subprocess.run(
        [sys.executable, "-c", script, fifo], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "True\n"


async def test_a_spare_thread_hands_back_results_and_errors() -> None:
    assert await in_spare_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_spare_thread(lambda: 1 / 0)


async def test_a_server_that_accepts_and_never_answers_is_named_in_the_verdict(
    tmp_path: Path,
) -> None:
    with serving("misbehaving_server.py", "hangs_before_headers") as url:
        settings = Model(provider="ollama", base_url=url)
        report = await check(tmp_path, find_model=partial(find_model, settings))
    assert report.model.choice is None
    assert f"{url} does not answer within" in report.model.reason
