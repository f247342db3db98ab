"""The page people read, held to the letter; and what hostile text cannot make of it."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from markdown_it import MarkdownIt

from daydreamd.insights.judgement import Judgement
from daydreamd.insights.observations import Observation
from daydreamd.insights.report import Report, headline, render
from daydreamd.insights.sieve import Dropped
from daydreamd.insights.verification import Reason
from daydreamd.records.insight import Evidence, InsightItem, KnownInsight

AT = datetime(2026, 11, 22, 22, 43, tzinfo=UTC)
QUOTE = "        except Exception:\n            continue"


def new(**fields):
    evidence = Evidence(path="payments/client.py", line=94, end_line=95, quote=QUOTE, verified=True)
    return InsightItem(
        **{
            "id": "a3f", "workspace": "shop", "title": "The retry loop hides time-outs",
            "body": "After the third attempt the caller gets `None`, not an error.",
            "category": "quality", "evidence": (evidence,), "grounded": True,
        } | fields
    )  # fmt: skip


def known(**fields):
    evidence = Evidence(path="cart/price.py", line=12, end_line=12, quote="x", commit="4be1f02aa1")
    return KnownInsight(
        **{
            "id": "b07", "workspace": "shop", "workspace_path": "/src/shop",
            "title": "Two price formats are parsed in four places", "body": "b", "category": "risk",
            "evidence": (evidence,), "grounded": True, "status": "open", "times_seen": 4,
            "first_seen": AT - timedelta(days=19), "last_seen": AT, "first_session": "s",
            "last_session": "t",
        } | fields
    )  # fmt: skip


def test_open_insights_of_other_workspaces_and_what_was_not_seen_are_told():
    report = msgspec.structs.replace(
        WHOLE,
        elsewhere=(known(id="c12", workspace="api", workspace_path="/src/api"),),
        not_looked_at=("cannot look at /mnt/infra: no such directory",),
    )
    page = render(report)
    assert "## Open in other workspaces\n\n- `c12` Two price formats" in page
    assert "api · `cart/price.py:12`" in page
    assert "## Not looked at\n\n- cannot look at /mnt/infra: no such directory\n" in page
    assert "Not looked at" not in render(WHOLE), "a section without content is left out"


FACT = Observation(
    workspace="shop", kind="commits", label="commits", now="12", before="7.5 a week", spark="▂▃▂▄▇",
    text="12 commits this week", evidence="git log --since=7.days",
)  # fmt: skip
WHOLE = Report(
    session_id="20261122-224300-7f3a",
    at=AT,
    workspaces=("shop",),
    judgement=Judgement(
        proposed=4,
        new=(new(),),
        still_open=(known(),),
        addressed=(known(id="77d", title="The lock file was not committed"),),
        dropped=(Dropped(reason=Reason.NO_SUCH_LINES, title="", path="", line=9),) * 3,
    ),
    observations=[FACT],
    model="qwen2.5-coder:7b",
    analysis_seconds=112,
    tidied="2 processes ended (1.9 GiB), 4 temp files.",
)


def changed(**fields):
    return Report(**({name: getattr(WHOLE, name) for name in Report.__struct_fields__} | fields))


@pytest.fixture
def in_utc(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_a_report_reads_as_sketched(in_utc):
    assert render(WHOLE) == EXPECTED


def test_a_report_of_ended_processes_says_how_to_bring_them_back():
    assert "`daydreamd clean --undo-info`" in render(changed(can_undo=True))
    assert "--undo-info" not in render(changed(can_undo=False))


def test_several_workspaces_are_told_apart():
    page = render(changed(workspaces=("shop", "api")))
    assert "\nshop · `payments/client.py:94-95` · quality" in page
    assert "\n### shop\n" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"failure": "http://127.0.0.1:1 refuses connections."},
            "**1 new**, 1 still open, 1 addressed. No reflection this time: http://127.0.0.1:1 \
refuses connections. The facts need no model.",
        ),
        (
            {"judgement": Judgement()},
            "**Nothing new**. Made by qwen2.5-coder:7b in 1 min 52 s; the answer proposed nothing.",
        ),
        (
            {"judgement": Judgement(), "partial": True},
            "**Nothing new**. Made by qwen2.5-coder:7b in 1 min 52 s; the answer proposed nothing. \
The answer was cut at the deadline: this is what had come.",
        ),
        (
            {"judgement": Judgement(), "model": None},
            "**Nothing new**. No model was asked; the facts need none.",
        ),
    ],
)
def test_the_headline_says_what_happened(fields, said):
    assert headline(changed(**fields)) == said


def test_a_failure_is_the_reason_and_never_an_insight():
    page = render(changed(judgement=Judgement(), failure="the answer timed out"))
    assert "## New" not in page
    assert "## Still open" not in page
    assert "No reflection this time: the answer timed out." in page
    assert "## The week in facts" in page


HOSTILE = [
    "# heading\n## New\n### fff · planted",
    "<script>alert(1)</script><img src=x onerror=y>",
    "[click](javascript:alert(1)) ![i](http://evil/x.png)",
    "```\nout of the fence",
    "| a | b |\n|---|---|",
    "> quoted\n\n- list\n1. one",
    "<!-- comment --> -->",
    "\x1b[31mred\x1b[0m \u202e",
    "`` ` ``` `",
    "\\",
    "~~~",
    "***",
    "[ref]: http://evil 'x'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_nothing_to_the_page(text):
    item = new(
        title=text,
        body=text,
        category=text,
        evidence=(Evidence(path=text, line=1, end_line=3, quote=text),),
    )
    seen = known(title=text, workspace=text)
    hostile = changed(
        workspaces=(text, "api"),
        judgement=Judgement(new=(item,), still_open=(seen,), addressed=(seen,), proposed=1),
        observations=[
            Observation(workspace=text, kind="k", text=text, evidence=text, label="l", now=text)
        ],
        model=text,
        tidied=text,
    )
    plain = changed(
        workspaces=("shop", "api"),
        judgement=Judgement(new=(new(),), still_open=(known(),), addressed=(known(),), proposed=1),
    )
    page = render(hostile)
    assert outline(page) == outline(render(plain))
    assert "\x1b" not in page
    assert "\u202e" not in page


def outline(page):
    """The blocks of a page, and whatever in its lines is more than words and code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    blocks = [(token.type, token.tag) for token in tokens]
    inner = {child.type for token in tokens for child in token.children or ()}
    return blocks, inner - {"text", "code_inline", "softbreak", "strong_open", "strong_close"}


EXPECTED = """\
# What your machine noticed · shop · Sunday 22 November, 22:43 UTC

**1 new**, 1 still open, 1 addressed. Made by qwen2.5-coder:7b in 1 min 52 s; 4 proposed, 1 kept: \
3 cited lines that do not exist.

## New

### a3f · The retry loop hides time-outs

`payments/client.py:94-95` · quality · seen for the first time

> ```py
> 94         except Exception:
> 95             continue
> ```

After the third attempt the caller gets `None`, not an error.

`daydreamd insights accept a3f` · `daydreamd insights dismiss a3f`

## Still open

- `b07` Two price formats are parsed in four places · `cart/price.py:12` · seen 4 times since \
3 November

## Changed since

- `77d` The lock file was not committed · changed since `4be1f02`, perhaps addressed

## The week in facts

| | this week | the four before | |
|---|---|---|---|
| commits | 12 | 7.5 a week | ▂▃▂▄▇ `git log --since=7.days` |

## Tidied up

2 processes ended (1.9 GiB), 4 temp files.

<!-- session 20261122-224300-7f3a -->
"""
