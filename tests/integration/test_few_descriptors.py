"""Who may open few files works with what there is, or says in one line that it cannot."""

import json
import subprocess

import pytest

from tests.integration.world import PROGRAM, World, serving

TOO_FEW, FEW = 20, 40
UNTIDY = {"DAYDREAMD_CLEANUP__ENABLED": "false"}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def run_with(limit, world, *arguments, **settings):
    return subprocess.run(
        ["prlimit", f"--nofile={limit}", "--", *PROGRAM, *map(str, arguments)],
        env=world.environment(**UNTIDY, **settings),
        cwd=world.workspace,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", [("once",), ("clean",), ("run",)], ids=" ".join)
def test_with_too_few_it_does_not_begin(world, command):
    done = run_with(f"{TOO_FEW}:{TOO_FEW}", world, *command)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"daydreamd: cannot work with {TOO_FEW} open files at most")
    assert not world.state.exists()


@pytest.mark.parametrize("limit", [f"{FEW}:{FEW}", f"{TOO_FEW}:1000"], ids=["few", "more allowed"])
def test_with_few_a_session_completes(world, limit):
    with serving("ollama_server.py") as url:
        done = run_with(limit, world, "once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
    assert json.loads(done.stdout)["outcome"] == "completed", done.stdout + done.stderr
