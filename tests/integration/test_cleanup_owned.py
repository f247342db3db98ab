"""Who has an owner that no chain of parents shows stays; groups of orphans own nobody."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.cleanup.adoption import Surroundings
from daydreamd.cleanup.owners import Owner
from daydreamd.cleanup.ownership import belonging_of
from daydreamd.host.processes import identify, is_alive, scan
from daydreamd.host.processes.connections import see_connections
from daydreamd.host.processes.namespaces import find_home
from tests.integration.zoo.held_open import Keeper
from tests.integration.zoo.keeper import open_zoo
from tests.integration.zoo.odd import fill_odd
from tests.integration.zoo.owned import fill_owned
from tests.integration.zoo.visit import clean, clean_and_weigh


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory):
    directory: Path = tmp_path_factory.mktemp("owned")
    with open_zoo(directory / "zoo") as zoo, contextlib.ExitStack() as stack:
        keeper = Keeper(zoo, stack)
        animals = [*fill_owned(keeper), *fill_odd(keeper)]
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


@contextlib.contextmanager
def running(argv: list[str], **streams: int):
    with subprocess.Popen(argv, **streams) as child:
        try:
            yield child
        finally:
            child.kill()


def test_a_watcher_that_came_after_the_look_is_somebody():
    watch = "import os, sys; os.pidfd_open(int(sys.argv[1])); print(flush=True); sys.stdin.read()"
    with running(["sleep", "1000"]) as watched:
        table = scan()
        argv = [sys.executable, "-c", watch, str(watched.pid)]
        with running(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
            watcher.stdout.readline()
            around = Surroundings(
                table, see_connections([watched.pid]), home=find_home(table, in_unit=False)
            )
            family = frozenset({watched.pid})
            found = belonging_of(table[watched.pid], family, around, serves=False)
    assert found.owner == Owner("tracer", f"pid {watcher.pid} watches it")


@pytest.mark.root
def test_children_of_a_containers_first_process_are_its_own(tmp_path: Path):
    module = [sys.executable, "-m", "tests.integration.zoo.container", str(tmp_path / "zoo")]
    argv = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", *module]
    root = Path(__file__).parents[2]
    said = subprocess.run(argv, cwd=root, stdout=subprocess.PIPE, check=True, text=True).stdout
    for animal, one in json.loads(said):
        assert one["decision"] == animal["decision"], animal["name"]
        assert animal["reason"] in one["reasons"][0]
