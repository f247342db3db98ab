"""`check`, `sessions` and `why` as people type them, with nothing to say and with much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger


@pytest.fixture
def daydreamd(tmp_path: Path):
    """Runs the program with a HOME of its own."""

    def run(
        *arguments: str, words: Sequence[str] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        known = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "DAYDREAMD_MODEL__BASE_URL": "http://127.0.0.1:1",
        }
        return subprocess.run(
            words or [sys.executable, "-m", "daydreamd", *arguments],
            env=known | environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


async def remember(home: Path, *outcomes: Outcome | None) -> list[str]:
    state = home / ".local" / "state" / "daydreamd"
    state.mkdir(parents=True)
    names = []
    async with open_history(state / "history.db") as history:
        for number, outcome in enumerate(outcomes):
            session = DaydreamSession.begin(Trigger.TIMER)
            session.session_id = f"20261122-18460{number}-7f3{number}"
            session.start_time = session.start_time.replace(microsecond=number)
            session.phase_seconds = {Phase.READINESS_CHECK: 0.1}
            await history.open_session(session)
            names.append(session.session_id)
            if outcome:
                session.outcome = outcome
                session.reasons = ["user: typed 3 min ago \x1b[2J"]
                await history.close_session(session)
    return names


def test_check_without_faults_says_so(daydreamd) -> None:
    done = daydreamd("check")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "There is no settings file: the defaults are in force.\nNo faults.\n"
    )
    assert '  model.base_url = "http://127.0.0.1:1"\n' in done.stdout, "what differs is shown"
    assert '  schedule.interval = "6h"\n' not in done.stdout
    assert '  schedule.interval = "6h"\n' in daydreamd("check", "--all").stdout


def test_check_and_doctor_name_a_path_that_leads_nowhere(daydreamd, tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text(
        '[[workspaces]]\npath = "~/sorce"\n[[cleanup.logs]]\npath = "~/no/app.log"\n'
        '[queue]\nbackend = "sqlite"\npath = "/nowhere.db"\n'
    )
    done = daydreamd("--config", str(file), "check")
    assert done.returncode == 6
    key = f"daydreamd: settings: {file}: "
    assert f'{key}workspaces[1].path = "~/sorce": there is no such directory.' in done.stderr
    assert f'{key}cleanup.logs[1].path = "~/no/app.log": its directory: there is no' in done.stderr
    assert f'{key}queue.path = "/nowhere.db": there is no such file.' in done.stderr
    doctor = json.loads(daydreamd("--config", str(file), "doctor", "--json").stdout)
    (settings,) = [finding for finding in doctor if finding["name"] == "settings"]
    assert settings["state"] == "missing"
    (tmp_path / "sorce").mkdir()
    (tmp_path / "no").mkdir()
    file.write_text(file.read_text().replace('"sqlite"', '"none"'))
    assert daydreamd("--config", str(file), "check").returncode == 0


def test_fragments_are_read_without_a_main_file(daydreamd, tmp_path: Path) -> None:
    fragments = tmp_path / ".config/daydreamd/conf.d"
    fragments.mkdir(parents=True)
    (fragments / "mine.toml").write_text('[schedule]\ninterval = "2h"\n')
    assert '  schedule.interval = "2h"\n' in daydreamd("check").stdout


def test_a_misspelt_command_is_told_the_one_that_is_near(daydreamd) -> None:
    done = daydreamd("insigths")
    assert done.returncode == 2
    assert "did you mean insights?" in done.stderr
    assert daydreamd("--version").stdout == daydreamd("version").stdout


def test_check_exits_6_and_names_every_fault(daydreamd, tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text('[schedule]\ninterval = "6hours"\n[model]\napi_key = "hunter2"')
    done = daydreamd("--config", str(file), "check")
    assert done.returncode == 6
    assert done.stderr == (
        f'daydreamd: settings: {file}: schedule.interval = "6hours": '
        'not a duration; write "6h", "90m" or "1d". Using 6h.\n'
    )
    assert f"  {file}\n1 fault.\n" in done.stdout
    as_json = daydreamd("check", "--json", DAYDREAMD_CONFIG=str(file))
    assert as_json.returncode == 6
    told = json.loads(as_json.stdout)
    assert told["ok"] is False
    assert told["files"] == [str(file)]
    assert told["faults"][0]["key"] == "schedule.interval"
    assert told["settings"]["schedule"]["interval"] == "6h"
    assert "hunter2" not in as_json.stdout


def test_check_of_a_missing_file_is_one_line(daydreamd) -> None:
    done = daydreamd("--config", "/missing.toml", "check")
    assert done.returncode == 6
    assert done.stderr == "daydreamd: cannot read /missing.toml: no such file or directory\n"


def test_sessions_of_an_empty_history(daydreamd, tmp_path: Path) -> None:
    assert "No session has run yet. `daydreamd once`" in daydreamd("sessions").stdout
    assert daydreamd("sessions", "list", "--json").stdout == "[]\n"
    done = daydreamd("sessions", "show", "2026", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("daydreamd: cannot find session '2026': ")
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


async def test_sessions_are_listed_and_shown(daydreamd, tmp_path: Path) -> None:
    first, second, third = await remember(tmp_path, Outcome.COMPLETED, Outcome.SKIPPED, None)
    listed = json.loads(daydreamd("sessions", "--json").stdout)
    assert [row["session_id"] for row in listed] == [third, second, first]
    assert set(listed[0]) == {
        "session_id", "trigger", "start_time", "end_time", "outcome", "reasons", "phase_seconds",
    }  # fmt: skip
    assert len(json.loads(daydreamd("sessions", "list", "--limit", "1", "--json").stdout)) == 1

    screen = daydreamd("sessions").stdout
    assert max(map(len, screen.splitlines())) <= 80
    assert "running" in screen
    assert "\x1b" not in screen, "what was recorded cannot move the cursor"

    shown = json.loads(daydreamd("sessions", "show", first[:17], "--json").stdout)
    assert shown["session_id"] == first
    assert shown["analysis"]["engine"] is None
    assert f"{first} · completed in " in daydreamd("sessions", "show", first).stdout
    ambiguous = daydreamd("sessions", "show", "2026")
    assert ambiguous.returncode == 1
    assert "write more of it" in ambiguous.stderr


def test_why_tells_every_gate(daydreamd) -> None:
    done = daydreamd("why", "--json", DAYDREAMD_SCHEDULE__QUIET_HOURS="00:00-24:00")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["ready"] is False
    names = {gate["name"] for gate in told["gates"]}
    assert names >= {"memory", "disk", "queue", "load", "pressure", "user", "power", "hours"}
    assert all(
        set(gate) >= {"name", "state", "value", "limit", "setting"} for gate in told["gates"]
    )
    screen = daydreamd("why", DAYDREAMD_SCHEDULE__QUIET_HOURS="00:00-24:00").stdout
    assert screen.startswith("If it were time now: no, ")
    assert "✗ hours     quiet hours 00:00-24:00" in screen
    assert screen.endswith("`daydreamd once` runs one anyway.\n")


@pytest.mark.parametrize("command", ["check", "sessions", "why"])
def test_help_has_an_example(daydreamd, command: str) -> None:
    assert f"Example: daydreamd {'--config' if command == 'check' else command}" in (
        daydreamd(command, "--help").stdout
    )


@pytest.mark.parametrize(
    "words",
    ["sessions show", "insights show", "insights accept", "insights dismiss", "insights search"],
)
def test_what_is_no_utf_8_is_no_id_and_is_told_in_one_line(daydreamd, words: str) -> None:
    done = daydreamd(*words.split(), os.fsdecode(b"a\xff"))
    assert done.returncode == 2
    assert done.stderr.endswith(" is not UTF-8.\n")


@pytest.mark.parametrize("command", ["once", "context", "prompt"])
def test_a_current_directory_that_was_removed_is_told_in_one_line(
    daydreamd, tmp_path: Path, command: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    run = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -m daydreamd {command}"
    done = daydreamd(command, words=["/bin/sh", "-c", run])
    assert done.returncode == 1
    assert done.stderr == "daydreamd: cannot look at the current directory: it was removed\n"


def test_a_full_output_is_told_in_one_line(daydreamd) -> None:
    run = f"exec {sys.executable} -m daydreamd check >/dev/full"
    done = daydreamd(words=["/bin/sh", "-c", run])
    assert done.returncode == 1
    assert done.stderr == "daydreamd: cannot print: no space left on device\n"


@pytest.mark.parametrize("scope", [["--system"], ["--instance", "alice"]])
def test_two_daemons_at_once_are_refused(daydreamd, scope: list[str]) -> None:
    done = daydreamd("--user", *scope, "status")
    assert done.returncode == 2
    assert done.stderr.startswith("daydreamd: cannot look at two daemons: ")


def test_a_unit_that_does_not_run_is_started_by_its_name(daydreamd) -> None:
    done = daydreamd("--instance", "nobody-has-it", "status")
    assert done.returncode == 7
    assert "Start it with `systemctl start daydreamd@nobody-has-it`, " in done.stderr


def test_a_session_without_a_trigger_is_a_wrong_command_line(daydreamd) -> None:
    done = daydreamd("session")
    assert done.returncode == 2
    assert "Missing option '--trigger'" in done.stderr


def test_doctor_says_apart_which_model_it_is_and_why_no_other(daydreamd) -> None:
    [model] = [found for found in json.loads(daydreamd("doctor", "--json").stdout)
               if found["name"] == "model"]  # fmt: skip
    assert model["value"].endswith(" tokens)")
    assert "refuses connections" not in model["value"]
    assert "refuses connections" in model["advice"]
