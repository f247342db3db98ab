"""Sessions that are stopped or killed: in every phase, and nothing is left of them."""

import pytest

from tests.integration.test_once import await_event
from tests.integration.world import World, git, make_repository, serving

PHASES = [
    "readiness_check", "pre_cleanup", "context_gathering",
    "ai_analysis", "output_processing", "post_cleanup",
]  # fmt: skip


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("phase", PHASES)
def test_a_session_killed_in_any_phase_is_recovered_once(world, phase):
    with serving("ollama_server.py") as url:
        environment = {"DAYDREAMD_MODEL__BASE_URL": url}
        with world.start(
            *world.watched(), "session", "--trigger", "control", **environment
        ) as session:
            await_event(session, phase.encode())
            session.kill()
        done = world.run("once", **environment)
    assert done.returncode == 0, done.stderr
    assert world.scratch() == []
    assert world.marked_processes() == []
    ended = [one["outcome"] for one in world.sessions()]
    assert len(ended) == 2
    assert ended[1] == "interrupted"


def test_a_session_told_to_stop_says_so_itself_and_leaves_nothing(world):
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        environment = {"DAYDREAMD_MODEL__BASE_URL": url}
        with world.start(
            *world.watched(), "session", "--trigger", "control", **environment
        ) as session:
            await_event(session, b"ai_analysis")
            session.terminate()
            last = session.communicate(timeout=60)[0].splitlines()[-1]
        assert session.returncode == 1
        assert b'"session_ended"' in last
        assert b'"interrupted"' in last
    (only,) = world.sessions()
    assert only["outcome"] == "interrupted"
    assert only["reasons"] == ["stopped in ai_analysis"]
    assert world.scratch() == []
    assert world.marked_processes() == []


def test_more_workspaces_than_a_session_looks_at_take_turns(world):
    names = ["shop", "one", "two"]
    for name in names[1:]:
        make_repository(world.home / name)
    settings = world.watched(world.workspace, world.home / "one", world.home / "two")
    seen = []
    with serving("ollama_server.py") as url:
        for _ in names:
            environment = {
                "DAYDREAMD_MODEL__BASE_URL": url,
                "DAYDREAMD_ANALYSIS__MAX_WORKSPACES": "1",
            }
            with world.start(
                *settings, "session", "--trigger", "control", **environment
            ) as session:
                seen.append(await_event(session, b"session_started"))
                session.communicate(timeout=60)
    assert sorted(
        name for line in seen for name in names if f'"{name}"'.encode() in line
    ) == sorted(names)


def test_a_workspace_that_went_away_does_not_take_the_others_along(world):
    gone = world.home / "gone"
    settings = world.watched(gone, world.workspace)
    git(world.workspace, "commit", "-q", "-a", "-m", "More")
    with serving("ollama_server.py") as url:
        environment = {"DAYDREAMD_MODEL__BASE_URL": url}
        with world.start(*settings, "session", "--trigger", "control", **environment) as session:
            session.communicate(timeout=60)
    (only,) = world.sessions()
    assert only["outcome"] == "completed"
    assert str(gone) in " ".join(only["reasons"])
