"""The answer, picked out of all that comes with it."""

import json

import pytest

from daydreamd.reflection.answer_stream import AnswerReader, tokens_told, without_aiders_words

ANSWER = json.dumps({"session_word": "flint-12", "insights": [{"title": 'a "}{" b \\'}]})


def read(text, *, size=None):
    """What a reader takes from text that comes in chunks of one size."""
    passed = []
    reader = AnswerReader(passed.append)
    for start in range(0, len(text), size or len(text)):
        reader.feed(text[start : start + (size or len(text))])
    assert "".join(passed) == reader.text
    return reader


@pytest.mark.parametrize("size", [1, 2, 7, None])
@pytest.mark.parametrize(
    "around",
    [
        ("", ""),
        ("Aider v0.86.2\nModel: openai/{x} with ask\n\n", "\n\nTokens: 5.2k sent, 188 received.\n"),
        ("Sure, here it is:\n```json\n", "\n```\nHope {this} helps!"),
        ('<think>{"insights": []} maybe? {</think>\n', ""),
        ("<thinking>a</thinking><think>b</think>", '{"insights": []}'),
        ('litellm.APIError: {"error": {"code": 500}}\nRetrying in 0.2 seconds...\n', ""),
    ],
)
def test_an_answer_is_found_whole_however_it_is_torn(around, size):
    reader = read(around[0] + ANSWER + around[1], size=size)
    assert reader.text == ANSWER
    assert reader.is_whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The code is fine.",
        'litellm.APIError: {"error": {"message": "insights"}}',
        "<think>" + ANSWER,
        "Tokens: 5.2k sent, 188 received.",
    ],
)
def test_what_is_no_answer_never_becomes_one(text):
    assert read(text, size=5).text == ""


def test_an_answer_that_breaks_off_is_not_whole():
    reader = read(ANSWER[:-3])
    assert reader.text == ANSWER[:-3]
    assert not reader.is_whole


def test_aiders_last_words_are_no_part_of_an_answer_that_broke_off():
    torn = ANSWER[:-5]
    for words in (
        "\n\n\nModel openai/tiny has hit a token limit!\nToken counts",
        "\nlitellm.APIConnectionError: gone\nRetrying in 0.2 seconds...\n",
    ):
        assert without_aiders_words(read(torn + words).text) == torn


@pytest.mark.parametrize(
    ("text", "back"),
    [
        (ANSWER, True),
        (ANSWER[:-9], True),
        (ANSWER.replace("flint-12", " flint-12 "), True),
        (ANSWER.replace("flint-12", "flint"), False),
        ('{"insights": [{"title": "flint-12"}]}', False),
        ('{"insights": []}', False),
    ],
)
def test_the_word_must_come_back_in_its_field(text, back):
    assert read(text).gave_back("flint-12") is back


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Tokens: 812 sent, 1 received.", (812, 1)),
        ("Tokens: 5.2k sent, 0 received.", (5200, 0)),
        ("Tokens: 7k sent, 1.1k received. Cost: $0.00 message, $0.00 session.", (7000, 1100)),
        ("Tokens: 9 sent, 9 received.\nx\nTokens: 1,204 sent, 2 received.", (1204, 2)),
        ("I counted Tokens: 9 sent, 9 received", None),
        ("", None),
    ],
)
def test_aiders_count_is_read_off_its_last_line(line, told):
    assert tokens_told(line) == told


def test_an_answer_cut_at_its_limit_is_counted_too():
    said = """Model openai/x has hit a token limit!
Token counts below are approximate.

Input tokens: ~2,001 of 3,072
Output tokens: ~390 of 400 -- possibly exceeded output limit!
"""
    assert tokens_told(said) == (2001, 390)
