"""Whatever a model answers: what is kept stands in an excerpt, and all the rest is counted."""

import json
import unicodedata
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from daydreamd.insights.proposals import read_answer
from daydreamd.insights.report import Report, render
from daydreamd.insights.workspace_search import TextSearch
from daydreamd.records.workspace import Excerpt
from daydreamd.text import markdown, one_line, visible
from tests.unit.judging import judge

NAMES = ["order", "charge", "retry", "attempt", "gateway", "return", "except", "Exception", "price"]
MARKS = ["=", "(", "}", "[0]", "\x1b[31m", "\u202e", "\x0c", "\u2028", "`", "```", "|", "<b>", ""]
NUMBERS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh"]
WORDS = st.sampled_from(NAMES + MARKS)
LINE = st.lists(WORDS, max_size=6).map(" ".join)
TEXT = st.lists(LINE, min_size=1, max_size=12).map("\n".join)
PATH = st.sampled_from(["a.py", "lib/b.py", "../a.py", "shop/a.py", "", "a.py\n", "c d.py"])
EXCERPT = st.builds(
    Excerpt,
    workspace=st.sampled_from(["shop", "api"]),
    path=st.sampled_from(["a.py", "lib/b.py", "shop/a.py"]),
    text=TEXT,
    first_line=st.integers(1, 50),
)


@st.composite
def answers(draw, excerpts):
    """Proposals that quote what is there, nearly what is there, or anything; some torn off."""
    items = [draw(proposals(number, excerpts)) for number in range(draw(st.integers(0, 6)))]
    answer = json.dumps({"insights": items})
    return draw(st.one_of(st.just(answer), st.integers(0, len(answer)).map(lambda n: answer[:n])))


@st.composite
def proposals(draw, number, excerpts):
    """Mostly right in all but one thing. Its title tells whose it is."""
    page = draw(st.sampled_from(excerpts))
    lines = page.text.split("\n")
    first = draw(st.integers(0, len(lines) - 1))
    last = draw(st.integers(first, min(first + 2, len(lines) - 1)))
    true = "\n".join(lines[first : last + 1])
    right = {
        "title": f"{NUMBERS[number]} retry of a charge",
        "body": f"{NUMBERS[-number]} customers see the gateway lose their order twice",
        "category": "bug",
        "path": page.path,
        "line": page.first_line + first,
        "end_line": page.first_line + last,
        "quote": true,
    }
    wrong = {
        "body": LINE,
        "category": LINE,
        "path": PATH,
        "line": st.one_of(st.integers(), st.none(), LINE),
        "end_line": st.one_of(st.integers(), st.none(), LINE),
        "quote": st.one_of(TEXT, st.just(true.swapcase()), st.just(true + draw(WORDS) + "s")),
    }
    field = draw(st.sampled_from(["none", *wrong]))
    return right | ({field: draw(wrong[field])} if field in wrong else {})


@st.composite
def cases(draw):
    excerpts = draw(st.lists(EXCERPT, min_size=1, max_size=3))
    return excerpts, draw(answers(excerpts))


def folded(text):
    """Words in their order; the marks of a fence may be left out by whoever quotes."""
    return " ".join(visible(text).replace("```", " ").split())


@given(cases(), st.integers(0, 2))
@settings(max_examples=250, deadline=None)
def test_nothing_is_kept_that_does_not_stand_in_an_excerpt(case, max_new):
    excerpts, answer = case
    verdict = judge(answer, excerpts=excerpts, max_new=max_new)
    assert len(verdict.new) <= max_new
    assert len(verdict.new) + len(verdict.dropped) == verdict.proposed
    assert len({new.id for new in verdict.new}) == len(verdict.new)
    quotes = {item.title: item.quote for item in read_answer(answer)}
    for new in verdict.new:
        (evidence,) = new.evidence
        assert evidence.verified
        assert any(char.isalnum() for char in evidence.quote)
        assert any(
            page.workspace == new.workspace
            and page.path == evidence.path
            and page.first_line <= evidence.line <= evidence.end_line
            and folded(quotes[new.title]) in folded(evidence.quote)
            and folded(evidence.quote)
            == folded("\n".join(lines_of(page, evidence.line, evidence.end_line)))
            for page in excerpts
        )


def lines_of(page, line, end_line):
    return page.text.split("\n")[line - page.first_line : end_line - page.first_line + 1]


@given(cases())
@settings(max_examples=60, deadline=None)
def test_judging_twice_brings_nothing_new(case):
    excerpts, answer = case
    first = judge(answer, excerpts=excerpts, max_new=9)
    again = judge(answer, excerpts=excerpts, max_new=9, known=first.new)
    assert again.new == ()
    assert {item.id for item in again.recurring} == {item.id for item in first.new}


@given(st.text(alphabet=st.characters(), max_size=300))
@example('{"insights": [{"title": "\ud800"}]}')
def test_any_text_is_read_without_raising(answer):
    for item in read_answer(answer):
        item.title.encode()
        item.quote.encode()


@given(st.text(max_size=200))
def test_a_line_is_a_line_and_survives_markdown(text):
    line = one_line(text, limit=80)
    assert len(line) <= 80
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert "\n" not in markdown(line)
    assert one_line(line, limit=80) == line


@given(cases())
@settings(max_examples=30, deadline=None)
def test_any_verdict_makes_a_report(case):
    excerpts, answer = case
    verdict = judge(answer, excerpts=excerpts, max_new=9)
    page = render(
        Report(
            session_id="s", at=datetime.now(UTC), workspaces=("shop",), judgement=verdict, model="m"
        )
    )
    page.encode()
    assert page.count("\n### ") == len(verdict.new)


CLAIM = st.lists(
    st.sampled_from(
        [
            "never",
            "called",
            "unused",
            "no",
            "tests",
            "not",
            "handled",
            "missing",
            "None",
            "check",
            "for",
            "`order`",
            "`charge`",
            "is",
            "always",
            "returns",
            "None",
            "when",
            "raises",
            "Exception",
            "without",
            "timeout",
            "closed",
            "leak",
            "empty",
            "should",
            "be",
            "`if",
            "x`",
            "(",
            ")",
            ".",
            "division",
            "by",
            "zero",
            "lock",
            "`a.b`",
            "inverted",
            "CVE-2024-1234",
            "CVE",
            "version",
            "3.1",
            "`",
            "(",
        ]
    ),
    max_size=14,
).map(" ".join)


@given(st.lists(EXCERPT, min_size=1, max_size=2), CLAIM, CLAIM, st.data())
@settings(max_examples=150, deadline=None)
def test_no_claim_whatever_it_says_stops_the_judge(excerpts, title, body, data):
    page = data.draw(st.sampled_from(excerpts))
    quote = data.draw(st.sampled_from(page.text.split("\n")))
    item = {"title": title, "body": body, "path": page.path, "line": 1, "quote": quote}
    search = TextSearch({(page.workspace, page.path): page.text for page in excerpts})
    answer = json.dumps({"insights": [item]})
    verdict = judge(answer, excerpts=excerpts, search=search, max_new=3)
    assert len(verdict.new) + len(verdict.dropped) == 1
    again = judge(answer, excerpts=excerpts, search=search, known=verdict.new, max_new=3)
    assert again.new == ()
