"""What every test on a real systemd starts from. As root, or they fail: a skip would hide it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.household import UNIT, Household
from tests.e2e.machine import Machine
from tests.e2e.stage import make_stage, make_wheels


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A bare machine, with nothing of ours installed."""
    with Machine() as booted:
        yield booted


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def staged(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stage(tmp_path_factory.mktemp("stage"), wheels)


@pytest.fixture(scope="module")
def house(staged: Path) -> Iterator[Household]:
    """A household whose daemon runs; its Aider leaves strays that ignore SIGTERM."""
    with Household(staged, aider="escapes") as booted:
        booted.systemctl("start", UNIT)
        yield booted
