"""The end of an answer that is still being written, in one line."""

import pytest

from daydreamd.screens.answer_tail import AnswerTail


@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        (['{"insights": [{"tit'], 'insights": [{"tit'),
        (['{"insights":[{"title":"One"},{"title":"Tw', "o w"], "Two w"),
        (['{"title":"T","body":"It says \\"no\\" \\u00', "e9"], 'It says "no"'),
        (["Plain prose,\nline two"], "Plain prose, line two"),
        (["x" * 100], "…" + "x" * 39),
        ([""], ""),
        (["x" * 100_000, '"body": "end"'], "end"),
    ],
)
def test_the_end_of_an_answer_is_something_to_read(pieces, line):
    tail = AnswerTail()
    for piece in pieces:
        tail.add(piece)
    assert tail.line(width=40).strip() == line
