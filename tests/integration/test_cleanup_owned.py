"""Who has an owner that no chain of parents shows stays; groups of orphans own nobody."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from daydreamd.host.processes import identify, is_alive
from tests.integration.zoo.keeper import open_zoo
from tests.integration.zoo.owned import Keeper, fill_owned
from tests.integration.zoo.visit import clean, clean_and_weigh


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory):
    directory: Path = tmp_path_factory.mktemp("owned")
    with open_zoo(directory / "zoo") as zoo, contextlib.ExitStack() as stack:
        animals = list(fill_owned(Keeper(zoo, stack)))
        zoo.settle(3.0)
        identities = {animal.pid: identify(animal.pid) for animal in animals}
        yield animals, identities, clean(zoo, "--dry-run"), clean_and_weigh(zoo)


def test_every_owner_is_seen_and_said(inspection):
    animals, _, dry, _ = inspection
    said = {one["pid"]: one for one in dry["candidates"]}
    wrong = []
    for animal in animals:
        one = said.get(animal.pid)
        decision = one["decision"] if one else None
        reasons = "; ".join(one["reasons"]) if one else ""
        print(f"{animal.name:40} {decision or 'no agent':8} {reasons}")
        if decision != animal.decision or animal.reason not in reasons:
            wrong.append((animal.name, animal.decision, animal.reason, decision, reasons))
    assert wrong == []


def test_only_those_without_any_owner_are_gone(inspection):
    animals, identities, *_ = inspection
    alive = {animal.name: is_alive(identities[animal.pid]) for animal in animals}
    assert alive == {animal.name: animal.decision != "kill" for animal in animals}


def test_the_memory_that_it_says_came_back_is_what_the_gone_had(inspection):
    *_, done = inspection
    assert done.says_the_memory_of(done.gone)
