"""Sessions that are stopped or killed: in every phase, and nothing is left of them."""

import contextlib
import json
import os
import subprocess

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
    assert only["reasons"] == ["stopped during analysis"]
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


def test_a_timed_session_makes_way_when_its_owner_types(world):
    idle_enough = {
        "DAYDREAMD_READINESS__USER_IDLE": "0s",
        "DAYDREAMD_READINESS__MAX_LOAD_PER_CPU": "1000",
        "DAYDREAMD_READINESS__MAX_MEMORY_PRESSURE": "100",
        "DAYDREAMD_READINESS__REQUIRE_AC_POWER": "false",
        "DAYDREAMD_READINESS__UNKNOWN_MEANS": "ready",
    }
    with (
        serving("misbehaving_server.py", "hangs_before_headers", "chat") as url,
        a_terminal() as keyboard,
        world.start(
            *world.watched(), "session", "--trigger", "timer",
            DAYDREAMD_MODEL__BASE_URL=url, **idle_enough,
        ) as session,
    ):  # fmt: skip
        await_event(session, b"ai_analysis")
        while session.poll() is None:
            os.write(keyboard, b"\n")  # the kernel notes input with a grain of eight seconds
            with contextlib.suppress(subprocess.TimeoutExpired):
                session.wait(timeout=1)
    (only,) = world.sessions()
    assert only["outcome"] == "preempted"
    assert "somebody came back on pts/" in " ".join(only["reasons"])
    assert world.marked_processes() == []


@contextlib.contextmanager
def a_terminal():
    """A terminal with somebody's program in it; the end that types."""
    keyboard, screen = os.openpty()
    with subprocess.Popen(["cat"], stdin=screen, stdout=subprocess.DEVNULL) as reader:
        try:
            yield keyboard
        finally:
            reader.kill()
            os.close(keyboard)
            os.close(screen)


def test_a_machine_without_room_to_reflect_is_tidied_all_the_same(world):
    """What leaks memory closes the memory's gate: then tidying is what is wanted most."""
    environment = {"DAYDREAMD_READINESS__MIN_FREE_MEMORY": "900GiB"}
    with world.start(*world.watched(), "session", "--trigger", "timer", **environment) as session:
        session.communicate(timeout=60)
    (only,) = world.sessions()
    assert only["outcome"] == "skipped"
    assert "memory" in only["reasons"][0]
    assert {"readiness_check", "pre_cleanup", "post_cleanup"} == set(only["phase_seconds"])
    shown = json.loads(world.run("sessions", "show", only["session_id"], "--json").stdout)
    assert shown["cleanup_summary"]["pre_analysis"]["seconds"] > 0


def test_quiet_hours_put_off_the_tidying_too(world):
    environment = {
        "DAYDREAMD_READINESS__MIN_FREE_MEMORY": "900GiB",
        "DAYDREAMD_SCHEDULE__QUIET_HOURS": '["00:00-12:00", "12:00-00:00"]',
    }
    with world.start(*world.watched(), "session", "--trigger", "timer", **environment) as session:
        session.communicate(timeout=60)
    (only,) = world.sessions()
    assert "pre_cleanup" not in only["phase_seconds"]


def test_a_session_that_is_held_back_tidies_and_says_why_it_asks_no_model(world):
    held = ("--held-back", "the model is asked again in 4 h, after 3 failed sessions")
    idle = {
        "DAYDREAMD_READINESS__USER_IDLE": "0s",
        "DAYDREAMD_READINESS__MAX_LOAD_PER_CPU": "1000",
        "DAYDREAMD_READINESS__UNKNOWN_MEANS": "ready",
        "DAYDREAMD_READINESS__REQUIRE_AC_POWER": "false",
    }
    with (
        serving("ollama_server.py") as url,
        world.start(
            *world.watched(), "session", "--trigger", "timer", *held,
            DAYDREAMD_MODEL__BASE_URL=url, **idle,
        ) as session,
    ):  # fmt: skip
        session.communicate(timeout=60)
    (only,) = world.sessions()
    assert only["outcome"] == "cleanup_only"
    assert held[1] in only["reasons"]
    assert "pre_cleanup" in only["phase_seconds"]
    assert "ai_analysis" not in only["phase_seconds"]
