"""What Claude Code's own files say of work that goes on without a terminal."""

import json

import pytest

from daydreamd.agents.claude_remote import remote_session, scheduled_work
from daydreamd.errors import FileError

PID, START = 4711, 99


def in_a_lock(cwd, text):
    place = cwd / ".claude/scheduled_tasks.lock"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)


def on_a_roster(home, text):
    place = home / "daemon/roster.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)


def asks_the_lock(directory):
    return scheduled_work(str(directory), PID)


def asks_the_roster(directory):
    return remote_session(("claude",), directory, PID, START)


BOTH = pytest.mark.parametrize(
    ("write", "ask"), [(in_a_lock, asks_the_lock), (on_a_roster, asks_the_roster)]
)


@BOTH
def test_where_there_is_no_file_nothing_is_meant_to_go_on(tmp_path, write, ask):
    assert ask(tmp_path) == ""
    assert ask(tmp_path / "nothing") == ""


@BOTH
def test_a_file_that_names_it_is_believed(tmp_path, write, ask):
    write(tmp_path, json.dumps({"pid": PID}))
    assert ask(tmp_path)
    write(tmp_path, json.dumps({"pid": PID + 1}))
    assert ask(tmp_path) == ""


@BOTH
@pytest.mark.parametrize(("text", "why"), [("[" * 5000, "nested too deep"), ("{", "truncated")])
def test_a_file_that_cannot_be_understood_is_no_word_against_it(tmp_path, write, ask, text, why):
    write(tmp_path, text)
    with pytest.raises(FileError, match=f"cannot read {tmp_path}/.*: .*{why}"):
        ask(tmp_path)


def test_what_is_scheduled_in_an_unknown_place_is_not_known():
    with pytest.raises(FileError, match="working directory"):
        scheduled_work("", PID)
