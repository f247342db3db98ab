"""Whatever a model prints, four times as much of it takes about four times as long to read.

Times are compared with each other within one run, never with a clock's figure: what backtracks
takes sixteen times as long, and far more where two repetitions meet.
"""

import time

import pytest

from daydreamd.context.git_config import parse_config
from daydreamd.context.patches import parse_patch
from daydreamd.insights.proposals import read_answer
from daydreamd.insights.quoting import without_fence
from daydreamd.reflection.answer_stream import AnswerReader, tokens_told, without_aiders_words
from daydreamd.screens.answer_tail import AnswerTail
from daydreamd.text.display import markdown, visible
from daydreamd.text.prompting import harmless

ONCE = 1 << 14
MOST = 9.0
PUMPED = [
    "<think>", "<think></think>", "</think>", "<", "{", "[", "[1,", '{"a":', '{"insights":[', "\n",
    " ", "{ ", "1", "1 sent,", "Tokens: 1 sent, ", "Tokens: 1 sent,\n", "has hit a token limit!\n",
    "Input tokens: ~1\n", "has hit a token limit!\nInput tokens: ~1\n", "\nModel x", "`", "``a",
    "```\n", "\n```", "\x1b[", "\x1b]", "\x9d", '"title": "', "\\", '"', "a", "@@ -1 +1 @@\n",
]  # fmt: skip


def whole(text):
    reader = AnswerReader(lambda _: None)
    reader.feed(text)
    return reader.text


def by_bytes(text):
    reader = AnswerReader(lambda _: None)
    for char in text:
        reader.feed(char)
    return reader.text


def tail(text):
    shown = AnswerTail()
    shown.add(text)
    return shown.line(width=80)


def configuration(text):
    try:
        return parse_config(f"[a]\n{text}")
    except ValueError:
        return {}


READERS = {
    "the answer as it comes": whole,
    "the answer letter by letter": by_bytes,
    "the tokens that aider counted": tokens_told,
    "the words that aider adds": without_aiders_words,
    "the proposals": read_answer,
    "text for a screen": visible,
    "text for Markdown": markdown,
    "text for a prompt": harmless,
    "a quote in a fence": without_fence,
    "the end of an answer": tail,
    "a configuration": configuration,
    "a patch": lambda text: list(parse_patch(text.encode())),
}


def seconds(read, text, runs):
    def once():
        began = time.process_time()
        read(text)
        return time.process_time() - began

    return min(once() for _ in range(runs))


def is_in_proportion(read, once, fourfold, runs):
    grown = seconds(read, fourfold, runs)
    # Below a hundredth of a second there is nothing to compare, and nothing to fear.
    return grown < 0.01 or grown < MOST * seconds(read, once, 3)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("start", ["", "Tokens: ", '{"insights": ', "```\n"])
def test_no_text_takes_out_of_proportion_long_to_read(reader, start):
    read = READERS[reader]
    for piece in PUMPED:
        once, fourfold = (start + piece * (n // len(piece)) for n in (ONCE, 4 * ONCE))
        # Once will do where it is in proportion already: more runs could only show it quicker.
        good = any(is_in_proportion(read, once, fourfold, runs) for runs in (1, 3))
        assert good, (start, piece)


def test_an_answer_behind_a_quarter_of_a_megabyte_of_unclosed_thoughts_is_read():
    thoughts = "<think>" * 36_000
    answer = '{"insights": [{"title": "t", "body": "b", "path": "p"}]}'
    assert [one.title for one in read_answer(thoughts + answer)] == ["t"]


def test_a_whole_proposal_in_a_torn_list_is_read():
    answer = '{"insights": [{"title": "t", "body": "b", "path": "p"}, {"title": "to'
    assert [one.title for one in read_answer(answer)] == ["t"]
