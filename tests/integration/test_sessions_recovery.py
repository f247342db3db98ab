"""What dead sessions leave is found by mark or by place, ended, removed and recorded once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daydreamd.history.store import History, open_history
from daydreamd.host.processes import identify, is_alive
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.events import AnyEvent, Emitter, Notice
from daydreamd.sessions.recovery import leave_nothing, recover
from daydreamd.settings.places import Places
from tests.integration.zoo.animals import PYTHON, PYTHON_SCRIPT
from tests.integration.zoo.keeper import Zoo, open_zoo

DEAD = "20261120-010203-dead"


@pytest.fixture
def zoo(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(
        state=tmp_path / "state",
        insights=tmp_path / "insights",
        runtime=tmp_path / "run",
        cache=tmp_path / "cache",
    )
    places.create()
    return places


@asynccontextmanager
async def history_of(places: Places, *sessions: str) -> AsyncIterator[History]:
    async with open_history(places.history_db) as history:
        for session_id in sessions:
            session = DaydreamSession.begin(Trigger.TIMER)
            session.session_id = session_id
            await history.open_session(session)
        yield history


def scratch(places: Places, session_id: str) -> Path:
    directory = places.session_dir(session_id)
    (directory / "home" / "deep").mkdir(parents=True)
    (directory / "home" / "deep" / "prompt.md").write_text("prompt")
    return directory


def listen() -> tuple[Emitter, list[AnyEvent]]:
    heard: list[AnyEvent] = []
    return Emitter("", heard.append), heard


async def test_a_dead_session_is_put_in_order_and_recorded_once(zoo: Zoo, places: Places):
    directory = scratch(places, DEAD)
    marked = zoo.release(zoo.put("bin/x"), DAYDREAMD_SESSION_ID=DEAD, do="ignore-term")
    wiped = zoo.release(zoo.put("bin/x"), detach="wreck", cwd=directory / "home")
    living = zoo.release(zoo.put("bin/x"), DAYDREAMD_SESSION_ID="20261122-000000-live")
    victims = [identify(marked), identify(wiped)]
    bystander = identify(living)
    half_written = places.state / ".history.0123abcd.tmp"
    half_written.touch()
    emitter, heard = listen()
    async with history_of(places, DEAD) as history:
        first = await recover(history, places, emitter=emitter)
        second = await recover(history, places, emitter=emitter)
        assert await history.unfinished() == []
        assert (await history.session(DEAD)).outcome == "interrupted"
    assert [(cleared.session_id, cleared.processes) for cleared in first] == [(DEAD, 2)]
    assert second == []
    assert not half_written.exists()
    assert not any(map(is_alive, victims))
    assert is_alive(bystander)
    assert not directory.exists()
    assert [event.what for event in heard if isinstance(event, Notice)] == ["session recovered"]


async def test_scratch_without_a_record_goes_too(places: Places):
    directory = scratch(places, DEAD)
    emitter, _ = listen()
    async with history_of(places) as history:
        (cleared,) = await recover(history, places, emitter=emitter)
    assert not directory.exists()
    assert cleared.files == 4


async def test_somebody_who_looks_around_in_the_scratch_is_left_alone(zoo: Zoo, places: Places):
    directory = scratch(places, DEAD)
    shell = identify(zoo.release(zoo.put("bin/x"), tty=zoo.terminal(), cwd=directory))
    emitter, _ = listen()
    await leave_nothing(DEAD, runtime_dir=directory, emitter=emitter)
    assert is_alive(shell)
    assert not directory.exists()


async def test_the_end_of_a_session_counts_its_aider(zoo: Zoo, places: Places):
    directory = scratch(places, DEAD)
    script = zoo.write(".venv-aider/bin/aider", PYTHON_SCRIPT)
    aider = zoo.release(PYTHON, str(script), DAYDREAMD_SESSION_ID=DEAD)
    victim = identify(aider)
    emitter, _ = listen()
    summary = await leave_nothing(DEAD, runtime_dir=directory, emitter=emitter)
    assert not is_alive(victim)
    assert summary.current_aider_killed == 1
    assert summary.temp_files_cleaned == 4
    assert summary.left == ()


async def test_a_clean_end_has_nothing_to_do(places: Places):
    emitter, heard = listen()
    summary = await leave_nothing(DEAD, runtime_dir=places.session_dir(DEAD), emitter=emitter)
    assert (summary.processes_killed, summary.temp_files_cleaned) == (0, 0)
    assert heard == []
