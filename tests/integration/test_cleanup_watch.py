"""The watch remembers since when an agent has been quiet, and forgets what it cannot trust."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from daydreamd.cleanup.evidence import Known, gather_evidence
from daydreamd.cleanup.watch import FILE_NAME, Watch, read_watch, sample_agents
from daydreamd.host.processes import read_stat
from daydreamd.settings.model import Cleanup
from daydreamd.units import Duration
from tests.integration.zoo.animals import NATIVE
from tests.integration.zoo.keeper import Zoo, open_zoo, until

SETTINGS = Cleanup(observe=Duration(0.2))


@pytest.fixture
def zoo(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


def seen(watch: Watch, pid: int):
    stat = read_stat(pid)
    assert stat is not None
    found = watch.find(pid, stat.start_ticks)
    assert found is not None
    return found


async def test_a_quiet_process_stays_quiet_since_the_first_look(zoo: Zoo, tmp_path: Path):
    pid = zoo.release(zoo.put(NATIVE))
    first = seen(await sample_agents(tmp_path, SETTINGS), pid)
    await anyio.sleep(0.3)  # the time that passes is the matter
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.quiet_since == first.quiet_since
    assert again.active_at is None
    assert again.seen_at > first.seen_at


async def test_a_working_process_was_active_at_the_last_look(zoo: Zoo, tmp_path: Path):
    pid = zoo.release(zoo.put(NATIVE), do="burn")
    await sample_agents(tmp_path, SETTINGS)
    await anyio.sleep(0.5)  # it burns meanwhile
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.active_at == again.quiet_since == again.seen_at


async def test_hours_of_quiet_prove_that_a_process_is_idle(zoo: Zoo, tmp_path: Path):
    pid = zoo.release(zoo.put(NATIVE), do="burst")  # so that it has worked in its life
    await until(lambda: (stat := read_stat(pid)) is not None and stat.cpu_ticks >= 59)
    known = Known(watch=await sample_agents(tmp_path, SETTINGS))
    await anyio.sleep(1)  # quiet time, as the watch sees it
    (facts,) = [one for one in (await gather_evidence(SETTINGS, known)).facts if one.pid == pid]
    assert facts.idle_by == "no CPU, input or output seen"
    assert facts.idle_seconds is not None
    assert facts.idle_seconds > 1


async def test_a_watch_of_another_boot_counts_for_nothing(zoo: Zoo, tmp_path: Path):
    zoo.release(zoo.put(NATIVE))
    watch = await sample_agents(tmp_path, SETTINGS)
    watch.boot_id = "another"
    (tmp_path / FILE_NAME).write_bytes(msgspec.json.encode(watch))
    assert read_watch(tmp_path).agents == []


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_broken_watch_is_begun_anew(tmp_path: Path, text: bytes):
    (tmp_path / FILE_NAME).write_bytes(text)
    assert read_watch(tmp_path).agents == []


async def test_a_reused_pid_is_another_process(zoo: Zoo, tmp_path: Path):
    pid = zoo.release(zoo.put(NATIVE))
    watch = await sample_agents(tmp_path, SETTINGS)
    assert watch.find(pid, seen(watch, pid).start_ticks + 1) is None


async def test_agents_are_counted_by_kind(zoo: Zoo, tmp_path: Path):
    zoo.release(zoo.put(NATIVE))
    zoo.release(zoo.put("bin/mcp-server-y"))
    counts = (await sample_agents(tmp_path, SETTINGS)).counts()
    assert counts["claude"][0] >= 1
    assert counts["mcp"][0] >= 1
    assert counts["claude"][1] > 0


async def test_no_file_is_written_where_there_are_no_agents(tmp_path: Path):
    watch = await sample_agents(tmp_path, SETTINGS)
    assert (tmp_path / FILE_NAME).exists() == bool(watch.agents)
