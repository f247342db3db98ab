"""`daydreamd eval` on a history with a fault that was mended soon."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.world import World, photograph, serving

DAY = 86_400
START = 1_780_000_000
BEFORE = '"""Prices."""\n\n\ndef total(prices):\n    return sum(prices)\n'
FAULTY = BEFORE + "\n\ndef mean(prices):\n    return total(prices) / (len(prices) - 1)\n"
MENDED = FAULTY.replace("(len(prices) - 1)", "len(prices)")


def commit(path: Path, subject: str, at: int, **files: str) -> None:
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    when = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{at} +0000")
    identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    for words in (["add", "-A"], ["commit", "-q", "-m", subject]):
        subprocess.run(
            ["git", *identity, *words], cwd=path, env={**os.environ, **when}, check=True,
            capture_output=True,
        )  # fmt: skip


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    path = tmp_path / "prices"
    path.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=path, check=True)
    commit(path, "Sum", START, price=BEFORE)
    commit(path, "Add a mean", START + 60 * DAY, price=FAULTY)
    commit(path, "Describe it", START + 61 * DAY, other="x = 1\n")
    commit(path, "Fix the mean of prices", START + 63 * DAY, price=MENDED)
    commit(path, "Fix typo", START + 64 * DAY, other="x = 2\n")
    made.workspace = path
    return made


def evaluated(world, *options, code=0):
    done = world.run("eval", world.workspace, "--json", *options)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_fault_that_was_mended_soon_is_shown_the_night_after_and_nothing_is_written(world):
    before = photograph(world.workspace)
    found = evaluated(world)
    assert (found["faults"], found["shown"], found["named"]) == (1, 1, None)
    (outcome,) = found["outcomes"]
    assert outcome["fault"]["subject"] == "Fix the mean of prices"
    assert outcome["fault"]["path"] == "price.py"
    assert outcome["fault"]["lines"] == [9]
    assert START + 60 * DAY < outcome["fault"]["at"] <= START + 61 * DAY
    assert photograph(world.workspace) == before


def test_a_second_run_goes_on_from_what_is_known(world):
    first = evaluated(world)
    (kept,) = (world.home / ".cache/daydreamd").glob("eval-*.json")
    known = json.loads(kept.read_text())
    known[0]["prompt_tokens"] = 77_777
    kept.write_text(json.dumps(known))
    assert evaluated(world)["outcomes"][0]["prompt_tokens"] == 77_777
    assert first["outcomes"][0]["prompt_tokens"] < 77_777


def test_a_model_that_is_not_there_is_told_and_ends_with_its_own_code(world):
    done = world.run(
        "eval", world.workspace, "--model", "x", DAYDREAMD_MODEL__BASE_URL="http://127.0.0.1:9"
    )
    assert done.returncode == 4
    assert "cannot ask the model" in done.stderr


def test_a_model_is_asked_about_each_night(world):
    with serving("ollama_server.py") as url:
        settings = {"DAYDREAMD_MODEL__BASE_URL": url}
        name = "tiny:latest"
        done = world.run("eval", world.workspace, "--model", name, "--json", **settings)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["model"] is not None
    assert found["named"] in (0, 1)
    assert found["failed"] == 0


def test_without_a_history_one_line_says_why_not(world, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = world.run("eval", empty)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"daydreamd: cannot try a model on {empty}: it has no history"
    ]
