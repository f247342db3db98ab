"""Whatever a model answers: what is kept stands in an excerpt, and all the rest is counted."""

import json
import unicodedata
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from daydreamd.insights.answer import read_answer
from daydreamd.insights.judgement import judge
from daydreamd.insights.report import Report, render
from daydreamd.insights.untrusted import markdown, one_line, visible
from daydreamd.insights.verification import says_something
from daydreamd.session import Excerpt

NAMES = ["order", "charge", "retry", "attempt", "gateway", "return", "except", "Exception", "price"]
MARKS = ["=", "(", "}", "[0]", "\x1b[31m", "\u202e", "\x0c", "\u2028", "`", "```", "|", "<b>", ""]
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
    """Proposals that quote what is there, what is elsewhere, what is nowhere; some torn off."""
    items = []
    for _ in range(draw(st.integers(0, 5))):
        page = draw(st.sampled_from(excerpts)) if excerpts else None
        lines = page.text.split("\n") if page else [""]
        first = draw(st.integers(0, len(lines) - 1))
        last = draw(st.integers(first, len(lines) - 1))
        true = "\n".join(lines[first : last + 1])
        line = (page.first_line if page else 1) + first + draw(st.integers(-3, 3))
        items.append(
            {
                "title": draw(LINE),
                "body": draw(st.one_of(LINE, st.just("the retry of charge hides a lost refund"))),
                "category": draw(st.one_of(st.just("bug"), LINE)),
                "path": draw(st.one_of(PATH, st.just(page.path if page else "a.py"))),
                "line": draw(st.one_of(st.just(line), st.integers(), st.none(), LINE)),
                "end_line": draw(st.one_of(st.just(line + last - first), st.integers(), st.none())),
                "quote": draw(st.one_of(st.just(true), TEXT, st.just(true.swapcase()))),
            }
        )
    answer = json.dumps({"insights": items})
    return draw(st.one_of(st.just(answer), st.integers(0, len(answer)).map(lambda n: answer[:n])))


@st.composite
def cases(draw):
    excerpts = draw(st.lists(EXCERPT, max_size=3))
    return excerpts, draw(answers(excerpts))


def folded(text):
    return " ".join(visible(text).split())


@given(cases(), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_nothing_is_kept_that_does_not_stand_in_an_excerpt(case, max_new):
    excerpts, answer = case
    verdict = judge(answer, excerpts=excerpts, max_new=max_new)
    assert len(verdict.new) <= max_new
    assert len(verdict.new) + len(verdict.dropped) == verdict.proposed
    assert len({new.id for new in verdict.new}) == len(verdict.new)
    for new in verdict.new:
        (evidence,) = new.evidence
        assert evidence.verified
        assert says_something(evidence.quote)
        assert any(
            page.workspace == new.workspace
            and page.path == evidence.path
            and page.first_line <= evidence.line <= evidence.end_line
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
            session_id="s", at=datetime.now(UTC), workspaces=("shop",), verdict=verdict, model="m"
        )
    )
    page.encode()
    assert page.count("\n### ") == len(verdict.new)
