"""Only what the code really says gets through."""

import pytest

from daydreamd.insights.verification import Checked, Reason, says_something, verify
from daydreamd.records.answer import Proposal
from daydreamd.records.workspace import Excerpt

CLIENT = """\
def charge(order):
    attempt = 0
    while attempt < 3:
        try:
            return gateway.send(order)
        except Exception:
            continue
    return None


def refund(order):
    return gateway.send(order, negative=True)
"""
EXCERPTS = (
    Excerpt(workspace="shop", path="payments/client.py", text=CLIENT, first_line=80, commit="4be1"),
    Excerpt(workspace="api", path="README.md", text="# The order service\n\nSends orders.\n"),
)
GOOD = Proposal(
    title="The retry loop hides time-outs",
    body="After the third attempt the caller gets `None`; let the last one raise.",
    category="bug",
    path="payments/client.py",
    line=85,
    end_line=86,
    quote="except Exception:\n    continue",
)


def changed(**fields):
    return Proposal(**({name: getattr(GOOD, name) for name in Proposal.__struct_fields__} | fields))


def test_a_true_citation_holds():
    checked = verify(GOOD, EXCERPTS)
    assert isinstance(checked, Checked)
    assert checked.workspace == "shop"
    assert (checked.evidence.line, checked.evidence.end_line) == (85, 86)
    assert checked.evidence.quote == "        except Exception:\n            continue"
    assert checked.evidence.commit == "4be1"
    assert checked.evidence.verified


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": ""}, Reason.EMPTY),
        ({"body": ""}, Reason.EMPTY),
        ({"path": ""}, Reason.EMPTY),
        ({"path": "payments/server.py"}, Reason.UNKNOWN_FILE),
        ({"path": "/etc/passwd"}, Reason.UNKNOWN_FILE),
        ({"path": "../payments/client.py"}, Reason.UNKNOWN_FILE),
        ({"quote": "except TimeoutError:\n    continue"}, Reason.MISQUOTED),
        ({"quote": "except Exception: pass"}, Reason.MISQUOTED),
        ({"quote": "EXCEPT EXCEPTION:"}, Reason.MISQUOTED),
        ({"quote": "# The order service"}, Reason.MISQUOTED),
        ({"quote": ""}, Reason.TRIVIAL_QUOTE),
        ({"quote": "}"}, Reason.TRIVIAL_QUOTE),
        ({"quote": "return None", "line": 80, "end_line": 80}, Reason.TRIVIAL_QUOTE),
        ({"quote": "continue\n\n\n"}, Reason.TRIVIAL_QUOTE),
        ({"line": 4_000, "quote": "nothing of the kind stands here"}, Reason.NO_SUCH_LINES),
    ],
)
def test_what_cannot_be_kept_says_why(fields, reason):
    assert verify(changed(**fields), EXCERPTS) is reason


@pytest.mark.parametrize(
    "quote",
    [
        "except Exception:",
        "  except   Exception:\n\n\tcontinue  ",
        "85|         except Exception:\n86|             continue",
        "85         except Exception:",
        "```python\nexcept Exception:\n    continue\n```",
        "\x1b[31mexcept Exception:",
    ],
)
def test_blanks_gutters_and_fences_do_not_count(quote):
    checked = verify(changed(quote=quote), EXCERPTS)
    assert isinstance(checked, Checked)
    assert checked.evidence.line == 85


def test_a_line_number_that_is_off_by_a_little_is_put_right():
    checked = verify(changed(line=81, end_line=81), EXCERPTS)
    assert isinstance(checked, Checked)
    assert (checked.evidence.line, checked.evidence.end_line) == (85, 86)


def test_a_quote_that_stands_once_is_found_wherever_the_line_number_says():
    text = "\n".join(f"value_{n} = compute(order, {n})" for n in range(1, 600))
    page = Excerpt(workspace="shop", path="payments/client.py", text=text)
    for line in (0, 10, 4_000):
        far = changed(line=line, end_line=line, quote="value_590 = compute(order, 590)")
        checked = verify(far, (page,))
        assert isinstance(checked, Checked)
        assert checked.evidence.line == 590


def test_a_quote_that_stands_twice_far_from_the_cited_line_is_none():
    page = Excerpt(workspace="shop", path="payments/client.py", text=CLIENT + "\n" * 40 + CLIENT)
    far = changed(line=33, end_line=34, title="Time-outs are hidden")
    assert verify(far, (page,)) is Reason.NO_SUCH_LINES


def test_the_lines_that_are_meant_are_kept_and_cut_at_the_ends_of_what_was_shown():
    for lines, kept in {(82, 87): (82, 87), (79, 86): (80, 86), (85, 500): (85, 87)}.items():
        checked = verify(changed(line=lines[0], end_line=lines[1]), EXCERPTS)
        assert isinstance(checked, Checked)
        assert (checked.evidence.line, checked.evidence.end_line) == kept
        assert checked.quoted == (85, 86)
        assert checked.function == "charge"


@pytest.mark.parametrize(
    "quote",
    [
        "attempt < 3",
        "return None",
        "+        except Exception:\n+            continue",
        "try:\n … \nexcept Exception:\n    continue",
        "while attempt < 3: ... continue",
        "`except Exception:`",
        "except Exception:\\n            continue",
        "“except Exception:”",
    ],
)
def test_a_quote_may_be_written_down_in_many_ways(quote):
    line = 87 if "None" in quote else 85
    checked = verify(changed(quote=quote, line=line, end_line=line), EXCERPTS)
    assert isinstance(checked, Checked)


def test_typographic_quotes_are_those_of_a_keyboard():
    page = Excerpt(workspace="shop", path="a.py", text='name = "Ada"\nother = name\n')
    checked = verify(changed(path="a.py", line=1, end_line=1, quote="name = “Ada”"), (page,))
    assert isinstance(checked, Checked)


def test_of_two_places_the_cited_one_is_meant():
    page = Excerpt(workspace="shop", path="payments/client.py", text=(CLIENT * 2))
    second = changed(line=18, end_line=19)
    checked = verify(second, (page,))
    assert isinstance(checked, Checked)
    assert checked.evidence.line == 18


@pytest.mark.parametrize(
    "path",
    [
        "shop/payments/client.py",
        "shop:payments/client.py",
        "./payments/client.py",
        "client.py",
        "/home/ada/shop/payments/client.py",
        "b/payments/client.py",
        "payments/client.py:85-86",
        "payments/client.py#L85",
        "`payments/client.py` (lines 85-86)",
        "payments\\client.py",
    ],
)
def test_a_path_may_name_its_workspace(path):
    checked = verify(changed(path=path), EXCERPTS)
    assert isinstance(checked, Checked)
    assert checked.evidence.path == "payments/client.py"


def test_the_quote_tells_two_workspaces_with_the_same_path_apart():
    other = Excerpt(
        workspace="api", path="payments/client.py", text=CLIENT.replace("Exc", "Acc"), first_line=80
    )
    checked = verify(GOOD, (other, *EXCERPTS))
    assert isinstance(checked, Checked)
    assert checked.workspace == "shop"


def test_lines_are_counted_as_editors_count_them():
    page = Excerpt(
        workspace="shop", path="payments/client.py", text="form\ffeed\u2028 = 1\r\n" + CLIENT
    )
    checked = verify(changed(line=7, end_line=8), (page,))
    assert isinstance(checked, Checked)
    assert checked.evidence.line == 7


@pytest.mark.parametrize(
    "quote",
    [
        "}",
        ");",
        "return",
        "else:",
        "return None",
        "if not self:",
        "1234567890",
        "x = 1",
        "----------",
    ],
)
def test_a_brace_or_bare_syntax_is_no_evidence(quote):
    assert not says_something(quote)


@pytest.mark.parametrize("quote", ["except Exception:", "retries = 3", "import logging"])
def test_a_name_is_evidence(quote):
    assert says_something(quote)
