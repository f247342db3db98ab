"""One session from end to end, against real servers that behave and that do not."""

import json
import re
import signal
import socket
import time

import pytest

from tests.integration.world import World, photograph, serving

SESSION_KEYS = {
    "session_id", "trigger", "start_time", "end_time", "phase", "outcome", "reasons",
    "phase_seconds", "system_health", "workspace_analysis", "development_trends", "system_metrics",
    "recent_activity", "analysis", "analysis_duration", "insights", "insight_items",
    "refused_claims", "cleanup_summary",
}  # fmt: skip


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_session_leaves_a_checked_insight_and_an_untouched_workspace(world):
    before = photograph(world.workspace)
    with serving("ollama_server.py") as url:
        done = world.run("once", "--json", world.workspace, DAYDREAMD_MODEL__BASE_URL=url)
    assert done.returncode == 0, done.stderr
    session = json.loads(done.stdout)
    assert session.keys() == SESSION_KEYS
    assert session["outcome"] == "completed"
    assert len(session["phase_seconds"]) == 6
    (insight,) = session["insight_items"]
    (evidence,) = insight["evidence"]
    lines = (world.workspace / evidence["path"]).read_text().splitlines()
    assert evidence["verified"]
    assert evidence["quote"].strip() in lines[evidence["line"] - 1]
    assert f"### {insight['id']}" in world.report.read_text()
    assert photograph(world.workspace) == before
    assert world.scratch() == []
    assert world.marked_processes() == []


def test_the_history_gives_a_session_back_as_it_was_printed(world):
    with serving("ollama_server.py") as url:
        printed = json.loads(world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url).stdout)
    shown = world.run("sessions", "show", printed["session_id"], "--json")
    assert json.loads(shown.stdout) == printed


def test_prompt_prints_what_a_session_asks(world, tmp_path):
    """With an insight that is known already, and whatever is drawn anew each time left out."""
    with serving("ollama_server.py") as url:
        world.run("once", DAYDREAMD_MODEL__BASE_URL=url)
    asked = tmp_path / "asked.jsonl"
    with serving("ollama_server.py", "--log", asked) as url:
        shown = world.run("prompt", DAYDREAMD_MODEL__BASE_URL=url)
        world.run("once", "--again", DAYDREAMD_MODEL__BASE_URL=url)
    lines = [json.loads(line) for line in asked.read_text().splitlines()]
    (question,) = [line["body"] for line in lines if line["path"] == "/api/chat"]
    (message,) = question["messages"]
    assert "client.py" in message["content"]
    assert without_chance(shown.stdout) == without_chance(message["content"])


def without_chance(prompt):
    word = re.search(r"session word is (\S+)\.", prompt)[1]
    fence = re.search(r"^<<<([0-9a-f]{6})$", prompt, re.MULTILINE)[1]
    return prompt.replace(word, "WORD").replace(fence, "FENCE")


def test_without_a_terminal_a_phase_is_a_line_and_stdout_is_all_there_is(world):
    with serving("ollama_server.py") as url:
        done = world.run("once", DAYDREAMD_MODEL__BASE_URL=url)
    phases = ["1 readiness", "2 cleanup", "3 context", "4 analysis", "5 output", "6 cleanup"]
    for phase, line in zip(phases, done.stdout.splitlines(), strict=False):
        assert line.strip().startswith(phase)
    assert done.stderr == ""
    assert "1 new insight" in done.stdout
    last = done.stdout.splitlines()[-1]
    command = last.split("`")[1].split()
    shown = world.run(*command[1:])
    assert shown.returncode == 0, "the command that it names finds the insight"
    assert "client.py" in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_session_that_is_stopped_says_so_calmly(world, number):
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        once = world.start("once", DAYDREAMD_MODEL__BASE_URL=url)
        for line in once.stdout:
            if b"3 context" in line:
                break
        once.send_signal(number)
        rest, errors = once.communicate(timeout=60)
    assert once.returncode == 128 + number
    assert errors == b""
    assert "interrupted in" in rest.decode().splitlines()[-1]
    assert "emergency" not in rest.decode()
    assert "failed" not in rest.decode()
    (only,) = world.sessions()
    assert only["outcome"] == "interrupted"


_PYTHON_STARTS = b"Could not import runpy module"


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.3])
def test_ctrl_c_leaves_no_traceback_however_early_it_comes(world, seconds):
    with serving("ollama_server.py") as url:
        errors = _PYTHON_STARTS
        while _PYTHON_STARTS in errors:  # that early it is not ours yet, on a busy machine
            once = world.start("once", DAYDREAMD_MODEL__BASE_URL=url)
            time.sleep(seconds)  # any moment of the start is as good as another
            once.send_signal(signal.SIGINT)
            _, errors = once.communicate(timeout=60)
            seconds += 0.05
    assert b"Traceback" not in errors
    assert b"Aborted" not in errors
    assert once.returncode in (130, -signal.SIGINT)


def test_what_has_not_changed_is_not_reflected_on_again(world):
    with serving("ollama_server.py") as url:
        world.run("once", DAYDREAMD_MODEL__BASE_URL=url)
        second = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
        again = world.run("once", "--json", "--again", DAYDREAMD_MODEL__BASE_URL=url)
    assert second.returncode == 0
    assert json.loads(second.stdout)["outcome"] == "unchanged"
    assert "ai_analysis" not in json.loads(second.stdout)["phase_seconds"]
    repeated = json.loads(again.stdout)
    assert repeated["outcome"] == "completed"
    assert repeated["insight_items"] == []  # said before


def test_without_any_model_the_facts_are_reported(world):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
    assert done.returncode == 4
    session = json.loads(done.stdout)
    assert session["outcome"] == "cleanup_only"
    assert "refuses connections" in " ".join(session["reasons"])
    assert session["insights"] == ""
    assert "The rules held the lines changed this week to account." in world.report.read_text()


def test_a_model_that_never_answers_ends_at_the_deadline(world):
    settings = {"DAYDREAMD_ANALYSIS__TIMEOUT": "3s"}
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        done = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url, **settings)
    assert done.returncode == 5
    session = json.loads(done.stdout)
    assert session["outcome"] == "timed_out"
    assert session["insights"] == ""
    assert session["reasons"]
    assert session["phase_seconds"]["ai_analysis"] < 8
    assert world.marked_processes() == []


def test_a_failed_analysis_is_no_success_and_no_insight(world):
    with serving("misbehaving_server.py", "garbage_body", "chat") as url:
        done = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url)
    assert done.returncode == 4
    session = json.loads(done.stdout)
    assert session["outcome"] == "cleanup_only"
    assert any(reason.startswith("analysis: cannot") for reason in session["reasons"])
    assert session["insight_items"] == []
    assert "No reflection this time" in world.report.read_text()


def test_a_busy_machine_is_left_alone_if_one_asks_for_idleness(world):
    settings = {
        "DAYDREAMD_QUEUE__BACKEND": "sqlite",
        "DAYDREAMD_QUEUE__PATH": str(world.home / "not-there.db"),
    }
    with serving("ollama_server.py") as url:
        done = world.run("once", "--if-idle", "--json", DAYDREAMD_MODEL__BASE_URL=url, **settings)
    assert done.returncode == 3
    session = json.loads(done.stdout)
    assert session["outcome"] == "skipped"
    assert "not-there.db" in " ".join(session["reasons"])
    assert not world.report.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("once", "/no/such/place"), 1, "cannot look at /no/such/place: no such directory"),
        (("once", "client.py"), 1, "not a directory"),
        (("--config", "/no/such.toml", "once"), 6, "/no/such.toml"),
        (("once", "--nonsense"), 2, "--nonsense"),
        (("sessions", "show", "nothing"), 1, "nothing"),
        (("insights", "show", "zzz"), 1, "zzz"),
    ],
)
def test_wrong_input_gets_one_line_that_names_it(world, arguments, code, said):
    done = world.run(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_directory_is_reported_without_a_model_run(world):
    empty = world.home / "empty"
    empty.mkdir()
    with serving("ollama_server.py") as url:
        done = world.run("once", "--json", empty, DAYDREAMD_MODEL__BASE_URL=url)
    session = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "ai_analysis" not in session["phase_seconds"]


def test_two_sessions_never_run_at_once(world):
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        settings = {"DAYDREAMD_MODEL__BASE_URL": url}
        with world.start(*world.watched(), "session", "--trigger", "control", **settings) as first:
            await_event(first, b"session_started")
            second = world.run("once", **settings)
            first.send_signal(signal.SIGTERM)
            first.communicate(timeout=60)
    assert second.returncode == 1
    assert f"held by pid {first.pid}" in second.stderr
    assert len(world.sessions()) == 1


def await_event(process, name):
    """Read a session's lines up to the first with this event in it; the line."""
    for line in process.stdout:
        if name in line:
            return line
    raise AssertionError(f"{name!r} never came: {process.stderr.read()!r}")
