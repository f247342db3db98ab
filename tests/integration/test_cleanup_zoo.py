"""Every animal of the zoo is decided about rightly, with a reason, and only the abandoned go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daydreamd.history.store import open_history
from daydreamd.host.processes import Identity, identify, is_alive
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Trigger
from tests.integration.zoo.animals import DEAD_SESSION, SESSION_ID, Animal, fill
from tests.integration.zoo.keeper import Zoo, open_zoo
from tests.integration.zoo.visit import Cleaned, clean, clean_and_weigh


@dataclass
class Inspection:
    """A zoo with what a dry run, and then a real one, said of it."""

    zoo: Zoo
    animals: list[Animal]
    identities: dict[int, Identity]
    dry: dict[str, Any]
    done: Cleaned

    def of(self, name: str) -> tuple[int, dict[str, Any] | None]:
        pid = next(animal.pid for animal in self.animals if animal.name == name)
        return pid, next((one for one in self.dry["candidates"] if one["pid"] == pid), None)


async def a_session_that_is_over(zoo: Zoo) -> None:
    session = DaydreamSession.begin(Trigger.ONCE)
    session.session_id = DEAD_SESSION
    state = zoo.home / ".local" / "state" / "daydreamd"
    state.mkdir(parents=True)
    async with open_history(state / "history.db") as history:
        await history.open_session(session)
        session.outcome = Outcome.INTERRUPTED
        await history.close_session(session)


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspection]:
    import anyio

    directory: Path = tmp_path_factory.mktemp("zoo")
    with open_zoo(directory / "zoo") as zoo:
        anyio.run(a_session_that_is_over, zoo)
        animals = fill(zoo)
        zoo.settle(3.0)
        identities = {animal.pid: identify(animal.pid) for animal in animals}
        dry = clean(zoo, "--dry-run")
        untouched = [animal.name for animal in animals if not is_alive(identities[animal.pid])]
        assert untouched == [], "a dry run has ended something"
        yield Inspection(zoo, animals, identities, dry, clean_and_weigh(zoo))


def test_every_decision_is_right_and_says_why(inspection: Inspection):
    ours = {animal.pid for animal in inspection.animals}
    wrong = []
    for animal in inspection.animals:
        _, said = inspection.of(animal.name)
        decision = said["decision"] if said else None
        reasons = "; ".join(said["reasons"]) if said else ""
        print(f"{animal.name:34} {decision or 'no agent':8} {reasons}")
        if decision != animal.decision or animal.reason not in reasons or (said and not reasons):
            wrong.append((animal.name, animal.decision, animal.reason, decision, reasons))
    assert wrong == []
    assert len(ours) == len(inspection.animals) >= 25


def test_the_abandoned_are_gone_and_nobody_else(inspection: Inspection):
    alive = {
        animal.name: is_alive(inspection.identities[animal.pid]) for animal in inspection.animals
    }
    assert alive == {animal.name: animal.decision != "kill" for animal in inspection.animals}


def test_what_was_ended_is_said_with_its_outcome(inspection: Inspection):
    kills = [one for one in inspection.done.said["candidates"] if one["decision"] == "kill"]
    assert {one["outcome"] for one in kills} == {"ended"}
    assert {one["outcome"] for one in inspection.dry["candidates"]} == {""}


def test_the_memory_that_it_says_came_back_is_what_the_gone_had(inspection: Inspection):
    assert inspection.done.says_the_memory_of(inspection.done.gone)


def test_a_conversation_can_be_brought_back(inspection: Inspection):
    _, said = inspection.of("detached")
    assert said is not None
    assert said["resume"] == f"cd {inspection.zoo.home} && claude --resume {SESSION_ID}"


def test_every_kill_is_in_the_history_with_the_way_back(inspection: Inspection):
    kills = clean(inspection.zoo, "--undo-info")
    expected = {animal.pid for animal in inspection.animals if animal.decision == "kill"}
    assert {kill["pid"] for kill in kills} == expected
    assert all(kill["reasons"] for kill in kills)
    assert any(kill["undo"].endswith(SESSION_ID) for kill in kills)
