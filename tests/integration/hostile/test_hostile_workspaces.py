"""Half a hundred workspaces that want something: none gets it, in time, in memory, or in a byte.

Each is looked at by the real commands, with the workspace as current directory and everything that
it could bring first on PATH.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.integration.hostile import in_files, in_git  # noqa: F401 - they register themselves
from tests.integration.hostile.ground import MAKERS, Ground
from tests.integration.hostile.watched import photograph, run_watched
from tests.integration.world import READY, serving

PROGRAM = (sys.executable, "-P", "-m", "daydreamd")
MOST_BYTES = 200 * 1000 * 1000
CONTEXT_SECONDS = 25
ONCE_CONTEXT_SECONDS = 60
SLOW_MACHINE_SECONDS = 30  # start, other phases, and whoever else uses the processors


@pytest.fixture
def ground(tmp_path):
    made = Ground(tmp_path / "ws", tmp_path / "markers")
    made.begin()
    yield made
    # Too deep for rmtree, which pytest would use.
    subprocess.run(["rm", "-rf", str(made.path)], check=False)


def environment(ground, **settings):
    home = ground.path.parent / "home"
    home.mkdir(exist_ok=True)
    own = [ground.path, ground.path / "bin", ground.path / "node_modules/.bin", ".", ""]
    path = os.pathsep.join([*map(str, own), os.environ["PATH"]])
    return {"HOME": str(home), "PATH": path, **READY, **settings}


def test_there_are_forty_kinds_at_least():
    assert len(MAKERS) >= 40


@pytest.mark.parametrize("kind", MAKERS)
def test_it_gets_nothing(kind, ground):
    MAKERS[kind](ground)
    for marker in ground.markers.iterdir():
        marker.unlink()  # git itself sprang it while it was laid
    before = photograph(ground.path)
    look = run_watched(
        [*PROGRAM, "context", "--json"],
        cwd=ground.path,
        env=environment(ground),
        seconds=CONTEXT_SECONDS + SLOW_MACHINE_SECONDS,
    )
    with serving("ollama_server.py") as url:
        session = run_watched(
            [*PROGRAM, "once", "--json"],
            cwd=ground.path,
            env=environment(ground, DAYDREAMD_MODEL__BASE_URL=url),
            seconds=ONCE_CONTEXT_SECONDS + SLOW_MACHINE_SECONDS,
        )
    print(kind, look.exit_code, f"{look.seconds:.1f}s", look.peak_bytes // 10**6, "MB;",
          session.exit_code, f"{session.seconds:.1f}s", session.peak_bytes // 10**6, "MB",
          look.stderr[:600])  # fmt: skip
    assert [marker.name for marker in ground.markers.iterdir()] == []
    assert photograph(ground.path) == before
    assert look.peak_bytes <= MOST_BYTES
    assert session.peak_bytes <= MOST_BYTES
    if look.exit_code == 0:
        assert json.loads(look.stdout)["seconds"] <= CONTEXT_SECONDS + 3
    outcome = json.loads(session.stdout)
    assert outcome["phase_seconds"]["context_gathering"] <= ONCE_CONTEXT_SECONDS
    assert "Traceback" not in look.stderr + session.stderr


@pytest.mark.parametrize("kind", ["ignore_files_that_hide_everything"])
def test_what_it_hides_from_tools_is_counted_all_the_same(kind, ground):
    MAKERS[kind](ground)
    look = run_watched(
        [*PROGRAM, "context", "--json"], cwd=ground.path, env=environment(ground), seconds=60
    )
    entry = json.loads(look.stdout)
    assert entry["languages"]["Python"]["files"] == 1
    assert entry["markers"]["todo"] == 1


def test_programs_are_there_to_be_found(ground):
    MAKERS["programs_by_every_name"](ground)
    found = shutil.which("git", path=environment(ground)["PATH"])
    assert found == str(ground.path / "git")
