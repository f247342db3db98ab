"""The watch remembers since when an agent has been quiet, and forgets what it cannot trust."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from daydreamd.agents.idle_watch import FILE_NAME, Watch, read_watch, sample_agents
from daydreamd.cleanup.evidence import gather_evidence
from daydreamd.cleanup.inspection import PriorKnowledge
from daydreamd.host.processes import Signals, identify, read_stat, send
from daydreamd.settings.cleanup import Cleanup
from daydreamd.units import Duration
from tests.integration.zoo.animals import NATIVE
from tests.integration.zoo.keeper import Zoo, open_zoo, until
from tests.integration.zoo.on_demand import aider_on_demand

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
    known = PriorKnowledge(watch=await sample_agents(tmp_path, SETTINGS))
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


async def looked_at_hours_ago(state: Path, hours: float) -> Watch:
    """A watch whose only look lies so long back: nobody has looked since."""
    watch = await sample_agents(state, SETTINGS)
    for one in watch.agents:
        one.seen_at -= hours * 3600
        one.quiet_since -= hours * 3600
    (state / FILE_NAME).write_bytes(msgspec.json.encode(watch))
    return watch


async def idle_seconds(pid: int, watch: Watch) -> float:
    evidence = await gather_evidence(SETTINGS, PriorKnowledge(watch=watch))
    (idle,) = [one.idle_seconds for one in evidence.facts if one.pid == pid]
    assert idle is not None
    return idle


@pytest.mark.parametrize("how", ["itself", "child"])
async def test_work_done_while_nobody_looked_makes_the_gap_unknown(
    zoo: Zoo, tmp_path: Path, how: str
):
    pid, done = await aider_on_demand(zoo, how)
    await looked_at_hours_ago(tmp_path, 30)
    send(identify(pid), Signals.SIGUSR1)
    await until(done.exists)
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.quiet_since == again.seen_at


async def test_equal_counters_prove_quiet_even_where_nobody_looked(zoo: Zoo, tmp_path: Path):
    pid, _ = await aider_on_demand(zoo)
    before = seen(await looked_at_hours_ago(tmp_path, 30), pid)
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.quiet_since == before.quiet_since


async def test_the_last_look_of_the_watch_is_compared_with_today(zoo: Zoo, tmp_path: Path):
    pid, done = await aider_on_demand(zoo)
    watch = await looked_at_hours_ago(tmp_path, 30)
    await anyio.sleep(2)  # the age that is to be told from the time since it worked
    quiet = await idle_seconds(pid, watch)
    told = anyio.current_time()
    send(identify(pid), Signals.SIGUSR1)
    await until(done.exists)
    assert quiet > 2
    assert await idle_seconds(pid, watch) < anyio.current_time() - told


async def test_a_child_that_came_and_stayed_makes_the_gap_unknown(zoo: Zoo, tmp_path: Path):
    pid = zoo.release(zoo.put(NATIVE), child=(zoo.put("bin/child"),))
    await until(lambda: len(zoo.animals()) == 2)
    watch = await looked_at_hours_ago(tmp_path, 30)
    (one,) = [one for one in watch.agents if one.pid == pid]
    one.members = (pid,)
    (tmp_path / FILE_NAME).write_bytes(msgspec.json.encode(watch))
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.active_at == again.seen_at


async def test_a_look_of_a_clock_that_is_ahead_proves_nothing_by_itself(zoo: Zoo, tmp_path: Path):
    pid, done = await aider_on_demand(zoo)
    await looked_at_hours_ago(tmp_path, -30)
    send(identify(pid), Signals.SIGUSR1)
    await until(done.exists)
    again = seen(await sample_agents(tmp_path, SETTINGS), pid)
    assert again.quiet_since == again.seen_at


def test_a_watch_that_is_nested_too_deep_is_begun_anew(tmp_path: Path):
    (tmp_path / FILE_NAME).write_text('{"boot_id": ' + "[" * 100_000)
    assert read_watch(tmp_path).agents == []
