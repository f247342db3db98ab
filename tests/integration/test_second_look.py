"""A whole session whose model is asked twice: once to propose, and again to refute."""

import json

import pytest

from tests.integration.world import World, git, make_repository, serving

TRUE = "A failed charge ends in silence"
FALSE = "The price is charged five times in a row"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def insight(title, line, quote, body):
    return {
        "title": title, "path": "client.py", "line": line, "end_line": line, "quote": quote,
        "body": body, "category": "bug",
    }  # fmt: skip


PROPOSED = [
    insight(
        FALSE, 5, "return client.charge(price, timeout=attempt + 1)",
        "`charge` does not return behind the first success, so that the client pays repeatedly.",
    ),
    insight(
        TRUE, 8, "return None  # TODO: tell the caller",
        "`charge` gives back None where all attempts have failed, and a caller takes it for paid.",
    ),
]  # fmt: skip


def session(world, tmp_path, deed, *options, truths=None, **settings):
    """One session against such a judge, as its JSON."""
    answer, known = tmp_path / "answer.json", tmp_path / "truths.json"
    answer.write_text(json.dumps(PROPOSED))
    known.write_text(json.dumps(truths or {TRUE: True, FALSE: False}))
    files = ("--answer", answer, "--truths", known)
    with serving("scripted_judge.py", deed, *files, *options) as url:
        ran = world.run("once", "--json", DAYDREAMD_MODEL__BASE_URL=url, **settings)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_what_is_refuted_is_no_insight_and_stands_in_the_record_with_its_line(world, tmp_path):
    told = session(world, tmp_path, "truthfully")
    assert [item["title"] for item in told["insight_items"]] == [TRUE]
    survived = told["insight_items"][0]["survived"]
    assert survived["looks"] == survived["holds"] >= 3
    listed = json.loads(world.run("insights", "list", "--json").stdout)
    assert listed[0]["survived"] == survived
    claims = {claim["title"]: claim for claim in told["analysis"]["claims"]}
    refuted = claims[FALSE]
    assert refuted["says"] == "refuted"
    assert refuted["reason"].startswith("refuted by ")
    assert (refuted["decided_by"]["path"], refuted["decided_by"]["line"]) == ("client.py", 5)
    assert "client.charge" in refuted["decided_by"]["text"]
    assert [one["name"] for one in told["analysis"]["passes"]] == ["propose", "known", "refute"]
    assert told["analysis"]["judges"][0]["has_vote"] is True


def test_a_judge_without_a_vote_refutes_nothing_and_the_report_says_so(world, tmp_path):
    told = session(world, tmp_path, "refutes_all")
    assert {item["title"] for item in told["insight_items"]} == {TRUE, FALSE}
    assert told["insight_items"][0]["survived"]["looks"] == 0
    assert "has no vote" in told["analysis"]["judges"][0]["said"]
    assert "has no vote" in world.report.read_text()


def test_the_judge_is_shown_the_function_and_the_places_that_name_it(world, tmp_path):
    (world.workspace / "shop.py").write_text("from client import charge\n\npaid = charge(c, 3)\n")
    (world.workspace / "test_client.py").write_text("def test_it():\n    assert charge(c, 1)\n")
    log = tmp_path / "log"
    session(world, tmp_path, "truthfully", "--log", log)
    asked = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    looks = [one["messages"][0]["content"] for one in asked if "messages" in one]
    look = next(text for text in looks if "## The claim" in text and TRUE in text)
    assert "client.py: the code in question" in look
    assert "def charge(client, price):" in look
    assert "shop.py: names the same" in look
    assert "test_client.py: a test" in look


def test_one_model_proposes_and_another_refutes(world, tmp_path):
    log = tmp_path / "log"
    models = {"DAYDREAMD_ANALYSIS__MODELS": '["tiny", "other"]'}
    told = session(world, tmp_path, "truthfully", "--log", log, **models)
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    chats = [one["body"] for one in asked if one["path"] == "/api/chat"]
    proposing = {one["model"] for one in chats if "session_word" in one["messages"][0]["content"]}
    judging = {one["model"] for one in chats if "## The claim" in one["messages"][0]["content"]}
    assert (proposing, judging) == ({"tiny:latest"}, {"other"})
    assert told["analysis"]["judges"][0]["model"] == "other"


def test_a_model_that_was_brought_into_memory_leaves_it_and_one_that_was_there_stays(
    world, tmp_path
):
    log = tmp_path / "log"
    session(world, tmp_path, "truthfully", "--log", log)
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    chats = [one["body"] for one in asked if one["path"] == "/api/chat"]
    assert {one["keep_alive"] for one in chats} == {"60s"}
    assert asked[-1]["path"] == "/api/generate"
    assert asked[-1]["body"] == {"model": "tiny:latest", "keep_alive": 0}
    log.unlink()
    git(world.workspace, "commit", "--quiet", "--all", "-m", "Try five times")
    session(world, tmp_path, "truthfully", "--log", log, "--loaded", "tiny:latest")
    asked = [json.loads(line) for line in log.read_text().splitlines()]
    assert "/api/generate" not in {one["path"] for one in asked}
    assert all("keep_alive" not in one["body"] for one in asked)


def test_each_workspace_has_a_prompt_of_its_own(world, tmp_path):
    other = tmp_path / "other"
    make_repository(other)
    log = tmp_path / "log"
    with serving("scripted_judge.py", "holds_all", "--log", log) as url:
        ran = world.run("once", "--json", world.workspace, other, DAYDREAMD_MODEL__BASE_URL=url)
    told = json.loads(ran.stdout)
    asked = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    texts = [one["messages"][0]["content"] for one in asked if "messages" in one]
    prompts = [text for text in texts if "session word is" in text]
    assert len(prompts) == 2
    assert {item["workspace"] for item in told["insight_items"]} == {"shop", "other"}
    assert [one["name"] for one in told["analysis"]["passes"]].count("propose") == 2


@pytest.mark.parametrize(("deed", "looks"), [("hangs", 0), ("hangs", 9)])
def test_the_deadline_holds_with_the_second_pass_in_flight(world, tmp_path, deed, looks):
    timeout = {"DAYDREAMD_ANALYSIS__TIMEOUT": "4s"}
    told = session(world, tmp_path, deed, "--looks", looks, **timeout)
    assert told["outcome"] == "completed"
    assert {claim["says"] for claim in told["analysis"]["claims"]} == {"cannot tell"}
    assert world.marked_processes() == []
    assert world.scratch() == []
