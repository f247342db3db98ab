"""Under the shipped rules, a day later, the zoo is decided about as by rules of seconds at once."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from daydreamd.host.processes import identify, is_alive
from tests.integration.test_cleanup_zoo import a_session_that_is_over
from tests.integration.zoo.animals import Animal, fill
from tests.integration.zoo.held_open import Keeper
from tests.integration.zoo.keeper import open_zoo
from tests.integration.zoo.owned import fill_owned
from tests.integration.zoo.visit import clean

CLOCK = Path(__file__).parent / "zoo" / "later.c"
SHIPPED = """
[cleanup]
[cleanup.claude]
protect = ["*--keep-me*"]
[cleanup.temp]
enabled = false
"""
# A registry's word for them counts for a day at most, in which nothing at all was done.
OUTWEIGHED = {"says it is busy", "waits for an answer", "with a status that nobody knows"}
# Nobody has to wait for these: whose session it was is known, and that it is over.
AT_ONCE = {"of a dead session of ours"}


@dataclass
class Day:
    """Who was there, what was said of them a day later without and with ending, who lives."""

    animals: list[Animal]
    at_first: set[str]
    dry: dict[int, dict[str, Any]]
    done: dict[int, dict[str, Any]]
    living: set[str]

    def wrong(self, said: dict[int, dict[str, Any]]) -> list[tuple[str, str | None, str]]:
        """Whoever is decided about otherwise than it should be, or for another reason."""
        found = []
        for animal in self.animals:
            if animal.name in AT_ONCE:
                continue
            one = said.get(animal.pid, {"decision": None, "reasons": []})
            reasons = "; ".join(one["reasons"])
            right = right_after_a_day(animal)
            if one["decision"] != right or (
                right == animal.decision and animal.reason not in reasons
            ):
                found.append((animal.name, one["decision"], reasons))
        return found


def right_after_a_day(animal: Animal) -> str | None:
    return "kill" if animal.name in OUTWEIGHED else animal.decision


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    directory = tmp_path_factory.mktemp("day")
    library = directory / "later.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, CLOCK], check=True)
    with open_zoo(directory / "zoo") as zoo, contextlib.ExitStack() as stack:
        anyio.run(a_session_that_is_over, zoo)
        animals = [*fill(zoo), *fill_owned(Keeper(zoo, stack))]
        identities = {animal.name: identify(animal.pid) for animal in animals}
        zoo.settle(3.0)

        def living() -> set[str]:
            return {name for name, identity in identities.items() if is_alive(identity)}

        def visit(hours: int, *options: str) -> dict[int, dict[str, Any]]:
            env = {"LD_PRELOAD": str(library), "LATER_SECONDS": str(hours * 3600)}
            said = clean(zoo, *options, settings=SHIPPED, env=env)
            return {one["pid"]: one for one in said["candidates"]}

        visit(0)
        at_first = living()
        yield Day(animals, at_first, visit(26, "--dry-run"), visit(26), living())


def test_on_the_first_look_only_what_a_dead_session_left_goes(day: Day):
    assert {animal.name for animal in day.animals} - day.at_first == AT_ONCE


def test_a_day_later_every_decision_is_right_and_says_why(day: Day):
    assert day.wrong(day.dry) == []
    assert day.wrong(day.done) == []


def test_a_day_later_the_abandoned_are_gone_and_nobody_else(day: Day):
    stays = {animal.name for animal in day.animals if right_after_a_day(animal) != "kill"}
    assert day.living == stays
