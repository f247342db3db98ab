"""Reading what a model wrote, whatever else it wrote around it."""

import json

import pytest

from daydreamd.insights.proposals import MAX_PROPOSALS, read_answer
from daydreamd.records.answer import BODY, TITLE, Proposal
from daydreamd.reflection.answer_schema import answer_schema

ITEM = {
    "title": "The retry loop hides time-outs",
    "body": "The caller gets None.",
    "category": "bug",
    "path": "client.py",
    "line": 88,
    "end_line": 97,
    "quote": "except Exception:",
}
WHOLE = json.dumps({"insights": [ITEM, {**ITEM, "title": "Second"}]})


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"Sure! Here is {{what}} I found [1]:\n{WHOLE}\nHope that helps.",
        f'<think>maybe {{"insights": [{json.dumps(ITEM)}]}}</think>{WHOLE}',
        json.dumps([ITEM, {**ITEM, "title": "Second"}]),
        json.dumps({"session_word": "x", "insights": [ITEM, {**ITEM, "title": "Second"}]}),
        f"{json.dumps(ITEM)}\n{json.dumps({**ITEM, 'title': 'Second'})}",
    ],
)
def test_items_are_found_whatever_stands_around_them(answer):
    assert [item.title for item in read_answer(answer)] == [ITEM["title"], "Second"]


def test_of_a_torn_answer_the_whole_items_are_kept():
    third = WHOLE.rindex("]")
    torn = WHOLE[:third] + ', {"title": "Third", "body": "its quote never ca'
    assert [item.title for item in read_answer(torn)] == [ITEM["title"], "Second"]


@pytest.mark.parametrize(
    ("line", "end_line", "read"),
    [
        (88, 97, (88, 97)),
        ("88", "97", (88, 97)),
        ("88-97", None, (88, 88)),
        ("L88", "L97", (88, 97)),
        (97, 88, (97, 97)),
        (88.0, None, (88, 88)),
        (-5, -5, (0, 0)),
        (10**30, None, (9_999_999, 9_999_999)),
        (True, None, (0, 0)),
        (float("inf"), float("nan"), (0, 0)),
        ([88], {"a": 97}, (0, 0)),
        (None, None, (0, 0)),
    ],
)
def test_line_numbers_are_read_leniently(line, end_line, read):
    (item,) = read_answer(json.dumps([{**ITEM, "line": line, "end_line": end_line}]))
    assert (item.line, item.end_line) == read


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Analysis timed out.",
        "{",
        '{"insights": "none"}',
        '{"insights": []}',
        "[[[[1]]]]",
        "null",
        '{"error": {"message": "model not found"}}',
    ],
)
def test_what_is_no_proposal_gives_none(answer):
    assert read_answer(answer) == ()


def test_an_item_that_is_no_object_still_counts_as_proposed():
    assert len(read_answer('{"insights": [1, "two", null]}')) == 3


def test_text_is_bounded_and_harmless():
    item = {
        **ITEM,
        "title": "\x1b[31m" + "t" * 500 + "\n# x",
        "body": "b" * 5_000,
        "quote": "\x9bq",
    }
    (read,) = read_answer(json.dumps([item]))
    assert len(read.title) == TITLE.kept
    assert len(read.body) == BODY.kept
    assert "\x1b" not in read.title
    assert read.quote == ""  # the escape took its final letter with it


@pytest.mark.parametrize(
    "answer",
    ["[" * 200_000, '{"a":' * 50_000, "{" * 200_000, '{"a":[' * 40_000, '{"b":"{' * 40_000],
)
def test_nesting_beyond_reason_is_not_fatal(answer):
    assert read_answer(answer) == ()


def test_a_flood_of_items_is_cut():
    assert len(read_answer(json.dumps([ITEM] * 5_000)[: 256 * 1024])) == MAX_PROPOSALS


def test_every_field_that_is_asked_for_is_read():
    schema = answer_schema(["a.py"], max_items=1)
    asked = schema["properties"]["insights"]["items"]["properties"]
    (read,) = read_answer(json.dumps({"insights": [ITEM]}))
    assert list(asked) == list(Proposal.__struct_fields__)
    assert {name: getattr(read, name) for name in asked} == ITEM
