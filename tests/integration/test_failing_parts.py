"""A workspace that is missing, a model that is dead, an answer that is bad: the rest goes on."""

import json
import shutil
import socket
import subprocess
import sys

import pytest

from tests.integration.daemons import running
from tests.integration.world import World, make_repository, serving

IDLE = {
    "DAYDREAMD_READINESS__USER_IDLE": "0s",
    "DAYDREAMD_READINESS__MAX_LOAD_PER_CPU": "1000",
    "DAYDREAMD_READINESS__MAX_MEMORY_PRESSURE": "100",
    "DAYDREAMD_READINESS__UNKNOWN_MEANS": "ready",
    "DAYDREAMD_READINESS__REQUIRE_AC_POWER": "false",
}
TIMED_OUT = {"DAYDREAMD_ANALYSIS__TIMEOUT": "2s"}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def timed_session(world, *workspaces, url="", held_back="", **settings):
    """One session as the daemon runs it: its events and its record."""
    argv = [*world.watched(*workspaces), "session", "--trigger", "timer"]
    argv += ["--held-back", held_back] if held_back else []
    settings = IDLE | {"DAYDREAMD_MODEL__BASE_URL": url} | settings
    with world.start(*argv, **settings) as session:
        events, errors = session.communicate(timeout=120)
    assert b"Traceback" not in errors, errors.decode()
    events = [json.loads(line) for line in events.splitlines()]
    newest = world.sessions()[0]["session_id"]
    return events, json.loads(world.run("sessions", "show", newest, "--json").stdout)


def warned(events):
    """What was warned of as failing, by part."""
    notices = [event for event in events if event["event"] == "notice"]
    return {
        event["facts"]["part"]: event["facts"]
        for event in notices
        if event["what"] == "part fails" and event["level"] == "warning"
    }


def works_again(events):
    notices = [event for event in events if event["event"] == "notice"]
    return [event["facts"]["part"] for event in notices if event["what"] == "part works again"]


def nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def tidied_and_told(world, session):
    """Whether it tidied up and left a report with the facts of the workspace."""
    phases = session["phase_seconds"].keys()
    assert {"pre_cleanup", "context_gathering", "output_processing", "post_cleanup"} <= phases
    assert session["cleanup_summary"]["pre_analysis"]["seconds"] >= 0
    return "uncommitted" in world.report.read_text()


def said_by(daemon, command):
    """What a command prints to a person who asks this daemon."""
    argv = [sys.executable, "-m", "daydreamd", command]
    done = subprocess.run(
        argv, env=daemon.environment(), capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.mark.parametrize(
    "deed",
    [
        "garbage_body", "other_json", "deep_json", "http_500", "http_401", "resets",
        "resets_in_mid_body", "closes_at_once", "ollama_breaks_off", "ollama_complains",
    ],
)  # fmt: skip
def test_a_bad_answer_fails_the_answer_and_not_the_session(world, deed):
    with serving("misbehaving_server.py", deed, "chat") as url:
        events, session = timed_session(world, url=url)
    assert session["outcome"] == "cleanup_only", "no success, and no failed session"
    assert session["insights"] == ""
    assert tidied_and_told(world, session)
    facts = warned(events)["answer of the model"]
    assert facts["reason"] in " ".join(session["reasons"])
    assert "daydreamd once --again" in facts["do"]
    (part,) = session["system_health"]["failing"]
    assert (part["key"], part["reason"]) == ("answer", facts["reason"])
    (analysis,) = (e for e in events if e["event"] == "phase_ended" and e["phase"] == "ai_analysis")
    assert analysis["state"] == "failed"


def test_a_dead_model_fails_the_model_and_not_the_session(world):
    events, session = timed_session(world, url=nobody_listens())
    assert session["outcome"] == "cleanup_only"
    assert tidied_and_told(world, session)
    facts = warned(events)["model"]
    assert "refuses connections" in facts["reason"]
    assert "daydreamd doctor" in facts["do"]


def test_an_answer_that_never_comes_fails_the_answer_and_is_said_to_have_timed_out(world):
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        events, session = timed_session(world, url=url, **TIMED_OUT)
    assert session["outcome"] == "timed_out"
    assert tidied_and_told(world, session)
    assert "answer of the model" in warned(events)


def test_what_fails_keeps_its_moment_until_it_works_again(world):
    def failing(session):
        return {part["key"]: part["since"] for part in session["system_health"]["failing"]}

    _, dead = timed_session(world, url=nobody_listens())
    _, still = timed_session(world, url=nobody_listens())
    assert failing(still) == failing(dead)
    with serving("misbehaving_server.py", "garbage_body", "chat") as url:
        events, bad = timed_session(world, url=url)
    assert failing(dead).keys() == {"model"}
    assert failing(bad).keys() == {"answer"}
    assert works_again(events) == ["model"]
    _, again = timed_session(world, url=nobody_listens())
    assert failing(again)["answer"] == failing(bad)["answer"], "not asked: nothing new is known"
    assert failing(again)["model"] > failing(dead)["model"]
    with serving("ollama_server.py") as url:
        events, good = timed_session(world, url=url)
    assert good["outcome"] == "completed", "it asks by itself, as soon as there is a model again"
    assert failing(good) == {}
    assert sorted(works_again(events)) == ["answer of the model", "model"]


def test_a_missing_workspace_fails_that_workspace_alone(world, tmp_path):
    gone = tmp_path / "gone"
    with serving("ollama_server.py") as url:
        events, session = timed_session(world, gone, world.workspace, url=url)
        assert session["outcome"] == "completed"
        assert len(session["insight_items"]) == 1
        assert f"cannot look at {gone}: no such directory" in session["reasons"]
        assert "[[workspaces]]" in warned(events)["workspace gone"]["do"]
        assert "gone: no such directory" in world.report.read_text().split("## Not looked at")[1]
        events, second = timed_session(world, gone, world.workspace, url=url)
        assert second["outcome"] == "unchanged", "what is there has not changed"
        assert "workspace gone" in warned(events)
        make_repository(gone)
        events, third = timed_session(world, gone, world.workspace, url=url)
    assert third["outcome"] == "completed"
    assert works_again(events) == ["workspace gone"]
    assert third["system_health"]["failing"] == []


def test_where_all_workspaces_are_missing_it_tidies_up_and_says_so(world, tmp_path):
    with serving("ollama_server.py") as url:
        timed_session(world, url=url)
        shutil.move(world.workspace, tmp_path / "elsewhere")
        world.workspace.parent.mkdir(exist_ok=True)
        world.workspace = tmp_path / "elsewhere"  # commands are run there
        events, session = timed_session(world, tmp_path / "shop", tmp_path / "other", url=url)
    assert session["outcome"] == "cleanup_only"
    assert "ai_analysis" not in session["phase_seconds"]
    assert warned(events).keys() == {"workspace shop", "workspace other"}
    assert session["cleanup_summary"]["pre_analysis"]["seconds"] >= 0
    report = world.report.read_text()
    assert "no workspace could be looked at" in report
    assert "shop" in report.splitlines()[0]
    assert "Still open" in report, "what was said of it stays, as nobody could look"


@pytest.mark.parametrize("path", ["loop", "~nobody-of-that-name/src", "file/below"])
def test_a_configured_path_that_leads_nowhere_is_a_missing_workspace(world, tmp_path, path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    wanted = path if path.startswith("~") else tmp_path / path
    with serving("ollama_server.py") as url:
        events, session = timed_session(world, wanted, world.workspace, url=url)
    assert session["outcome"] == "completed"
    (name,) = warned(events)
    assert name.startswith("workspace")


def test_missing_workspaces_do_not_keep_the_others_out(world, tmp_path):
    gone = [tmp_path / f"gone{number}" for number in range(3)]
    with serving("ollama_server.py") as url:
        seen = [
            set(timed_session(world, *gone, world.workspace, url=url)[1]["workspace_analysis"])
            for _ in range(2)
        ]
    assert {"shop"} in seen


def test_a_session_that_is_held_back_asks_no_model_and_reports_the_facts(world):
    why = "the model is asked again in 4 h, after 3 failed sessions"
    with serving("ollama_server.py") as url:
        _, session = timed_session(world, url=url, held_back=why)
    assert session["outcome"] == "cleanup_only"
    assert why in session["reasons"]
    assert "ai_analysis" not in session["phase_seconds"]
    assert tidied_and_told(world, session)


def test_a_workspace_that_is_no_longer_set_is_forgotten(world, tmp_path):
    with serving("ollama_server.py") as url:
        timed_session(world, tmp_path / "gone", world.workspace, url=url)
        events, session = timed_session(world, url=url)
    assert session["system_health"]["failing"] == []
    assert warned(events) == {}


def test_the_daemon_says_what_fails_since_when_and_what_to_do(tmp_path):
    with running(tmp_path, mode="bad answer") as daemon:
        with daemon.client() as client:
            client.ask("trigger", wait=True)
            assert client.answer()["session"]["outcome"] == "cleanup_only"
        for _ in range(2):
            status = daemon.ask("status")["status"]
            (part,) = status["failing"]
            assert part["key"] == "answer"
            assert "answer of the model fails since" in status["status"]
            said = said_by(daemon, "status")
            (line,) = (line for line in said.splitlines() if line.startswith("failing"))
            assert part["reason"] in line
            assert part["advice"] in line
            assert status["next"]["failures"] == 0, "no session failed"
            daemon.stop()
            daemon.start()
        daemon.mode("completed")
        with daemon.client() as client:
            client.ask("trigger", wait=True)
            client.answer()
        assert daemon.ask("status")["status"]["failing"] == []
