"""The daemon as systemd's service, when nothing goes wrong: what its people see of it."""

from __future__ import annotations

import hashlib

import pytest

from tests.e2e.household import PHASES, REPORT, UNIT, WORKSPACE

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def session(house):
    """A session that was asked for with SIGUSR1, over the model server without Aider."""
    house.set({"analysis": {"engine": "direct"}})
    house.systemctl("reload", UNIT)
    return house.hold_session()


def test_start_blocks_until_the_daemon_answers(house):
    house.systemctl("restart", UNIT)
    assert house.status()["state"] == "waiting"
    shown = house.show(UNIT, "ActiveState", "StatusText")
    assert shown["ActiveState"] == "active"
    assert shown["StatusText"].startswith("Waiting; next session at ")


def test_one_field_shows_one_session_whole(house, session):
    entries = house.journal(f"DAYDREAM_SESSION_ID={session['session_id']}")
    events = [entry["DAYDREAM_EVENT"] for entry in entries]
    assert events[0] == "session started"
    assert events[-1] == "session completed"
    assert "readiness passed" in events
    assert {entry["PRIORITY"] for entry in entries} == {"6"}
    assert {entry["_TRANSPORT"] for entry in entries} == {"journal"}
    assert {entry.get("DAYDREAM_PHASE") for entry in entries} <= {None, *PHASES}


def test_the_insight_is_told_in_the_journal_and_written_for_its_owner_alone(house, session):
    [written] = house.messages(
        f"DAYDREAM_SESSION_ID={session['session_id']}", "DAYDREAM_EVENT=insights written"
    )
    assert "new=1" in written
    assert house.run(["stat", "-c%U %a", REPORT]).stdout == "alice 600\n"
    assert "reading.py" in house.path(REPORT).read_text()


def test_a_session_leaves_the_workspace_as_it_was(house, session):
    before = tree_of(house)
    assert house.trigger()["outcome"] == "completed"
    house.path(f"{WORKSPACE}/reading.py").write_bytes(before["reading.py"][1])
    after = tree_of(house)
    assert {name: hash_of(of) for name, of in after.items()} == {
        name: hash_of(of) for name, of in before.items()
    }


def tree_of(house):
    root = house.path(WORKSPACE)
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def hash_of(mode_and_content):
    mode, content = mode_and_content
    return mode, hashlib.sha256(content).hexdigest()


def test_its_owner_asks_it_without_a_word_of_where_it_is(house, session):
    assert "waiting" in house.daydreamd("status").splitlines()[0]
    assert session["session_id"] in house.daydreamd("sessions", "list", "--json")


def test_it_runs_caged_as_its_owner(house):
    status = house.path(f"/proc/{house.main_pid(UNIT)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["CapBnd"] == "0000000000000000"
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert fields["Uid"].split() == [house.run(["id", "-u", "alice"]).stdout.strip()] * 4
    mounts = house.path(f"/proc/{house.main_pid(UNIT)}/mounts").read_text().splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options.get("/home", options["/"])


def test_after_all_that_systemd_never_had_to_start_it_again(house, session):
    assert house.show(UNIT, "NRestarts", "Result") == {"NRestarts": "0", "Result": "success"}
    assert house.leftovers() == []
