"""`daydreamd prompt --whole` against what the real Aider really sends to a server."""

import json

import pytest

from tests.aider import AIDER
from tests.integration.world import World, serving

pytestmark = pytest.mark.model
CONTRADICTIONS = (
    "not sharing the full contents",
    "Reply in English",
    "reply to the user in English",
    "without asking me to add",
)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_it_shows_every_word_that_aider_adds_and_none_contradicts_ours(world, tmp_path):
    through_aider = {
        "DAYDREAMD_ANALYSIS__ENGINE": "aider",
        "DAYDREAMD_ANALYSIS__AIDER": str(AIDER),
        "LANG": "de_DE.UTF-8",
    }
    log = tmp_path / "log"
    with serving("ollama_server.py", "--log", log) as url:
        settings = through_aider | {"DAYDREAMD_MODEL__BASE_URL": url}
        shown = json.loads(world.run("prompt", "--whole", "--json", **settings).stdout)
        assert "/api/chat" not in log.read_text()
        ran = world.run("once", "--json", **settings)
    assert json.loads(ran.stdout)["analysis"]["engine"] == "aider"
    chats = [json.loads(line)["body"] for line in log.read_text().splitlines()]
    sent = next(one["messages"] for one in chats if one and "messages" in one)
    (messages,) = shown["messages"]
    assert [without_chance(one) for one in messages] == [without_chance(one) for one in sent]
    whole = "\n".join(message["content"] for message in messages)
    assert [words for words in CONTRADICTIONS if words in whole] == []
    assert whole.count("in JSON, in the form that is asked for") == 3
    assert whole.count("A code review by daydreamd") == 1


def without_chance(message):
    """A message without the words that are drawn anew each time."""
    import re

    text = re.sub(r"session word is \S+", "session word is W.", message["content"])
    return message["role"], re.sub(r"\b[0-9a-f]{6}(?=>>>|\b)", "FENCE", text)


def test_where_there_is_no_aider_it_shows_the_one_message_that_is_sent(world):
    with serving("ollama_server.py") as url:
        shown = world.run("prompt", "--whole", DAYDREAMD_MODEL__BASE_URL=url).stdout
    assert shown.startswith("[user]\n# A code review by daydreamd\n")
    assert shown.count("\n[") == 0
