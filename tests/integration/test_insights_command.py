"""`daydreamd insights` on a real history."""

import json
import os
import subprocess
import sys

import anyio
import pytest
from click.testing import CliRunner

from daydreamd.cli.main import cli
from daydreamd.history.store import open_history
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.insight import Evidence, InsightItem


def insight(name, title, path):
    evidence = Evidence(
        path=path, line=94, end_line=95, quote="    except E:\n        pass", commit="4be1f02"
    )
    return InsightItem(
        id=name, workspace="shop", title=title, body="It returns `None`.", category="bug",
        evidence=(evidence,), grounded=True,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        return CliRunner().invoke(cli, ["--user", "insights", *arguments])

    return run


@pytest.fixture
def history(tmp_path):
    directory = tmp_path / "state/daydreamd"
    directory.mkdir(parents=True)

    async def fill():
        async with open_history(directory / "history.db") as history:
            session = DaydreamSession.begin(Trigger.ONCE)
            await history.open_session(session)
            items = [
                insight("a3f", "The retry loop [red]hides\x1b[31m time-outs", "payments/client.py"),
                insight("b07", "Two price formats", "cart/price.py"),
            ]
            await history.record_insights(session.session_id, items, paths={"shop": "/src/shop"})

    anyio.run(fill)
    return directory


def test_before_the_first_session_the_list_says_how_to_begin(run, tmp_path):
    assert run().output == "No open insights. `daydreamd once` looks for some now.\n"
    assert run("--json").output == "[]\n"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["show", "accept", "dismiss"])
def test_an_unknown_id_is_one_helpful_line(run, history, command):
    result = run(command, "zzz")
    assert result.exit_code == 1
    assert result.stderr == (
        "daydreamd: cannot find insight 'zzz': `daydreamd insights list` shows those there are\n"
    )


def test_an_unknown_id_begins_no_history(run, tmp_path):
    assert run("dismiss", "zzz").exit_code == 1
    assert not (tmp_path / "state").exists()


def test_the_list_in_a_pipe_is_a_line_each_and_shows_no_markup(run, history):
    lines = [line.rstrip() for line in run().output.splitlines()]
    assert lines == [
        " a3f  The retry loop [red]hides time-outs payments/client.py:94-95",
        " b07  Two price formats                   cart/price.py:94-95",
    ]


def test_show_gives_the_lines_it_cites(run, history):
    shown = run("show", "a").output
    assert "/src/shop: payments/client.py:94-95 at 4be1f02" in shown
    assert "    94      except E:\n    95          pass\n" in shown
    assert "`daydreamd insights accept a3f` · `daydreamd insights dismiss a3f`" in shown
    assert json.loads(run("show", "a3f", "--json").output)["id"] == "a3f"


def test_what_is_accepted_or_dismissed_leaves_the_list(run, history):
    assert run("accept", "a3f").output == "accepted a3f: The retry loop [red]hides time-outs\n"
    assert json.loads(run("dismiss", "b07", "--json").output)["status"] == "dismissed"
    assert run("list").output.startswith("No open insights.")
    listed = json.loads(run("list", "--status", "all", "--json").output)
    assert {item["id"]: item["status"] for item in listed} == {
        "a3f": "accepted",
        "b07": "dismissed",
    }
    assert "accepted" in run("list", "--status", "all").output


def test_search_wants_all_words_wherever_they_stand(run, history):
    assert [item["id"] for item in json.loads(run("search", "PRICE", "none", "--json").output)] == [
        "b07"
    ]
    assert run("search", "retry", "cart").output == "No insight holds retry and cart.\n"


def test_several_are_accepted_at_once_or_none(run, history):
    refused = run("accept", "a3f", "zzz")
    assert refused.exit_code != 0
    assert run("list").output.count("\n") == 2, "nothing was accepted"
    assert run("accept", "a3f", "b07").output.count("accepted ") == 2
    assert run("list").output.startswith("No open insights.")


def test_the_tab_key_completes_ids_of_open_insights(run, history):
    environ = {
        "_DAYDREAMD_COMPLETE": "bash_complete",
        "COMP_WORDS": "daydreamd insights show a",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(
        [sys.executable, "-m", "daydreamd"],
        env=os.environ | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "plain,a3f\n"
