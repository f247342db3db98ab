"""Text of others, made harmless for terminals and for Markdown."""

import pytest

from daydreamd.text import code, markdown, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bPsixel\x1b\\x", "x"),
        ("a\x00b\x08c\x7f", "abc"),
        ("left\u202eright\u2066", "leftright"),
        ("\ud800half", "half"),
        ("tab\tand\nline\r\nand\rmore", "tab\tand\nline\nand\nmore"),
        ("form\ffeed\u2028line", "form feed line"),
        ("日本語 ümläut", "日本語 ümläut"),
    ],
)
def test_what_a_terminal_would_obey_is_gone(text, shown):
    assert visible(text) == shown


def test_a_line_is_folded_and_cut_with_a_sign_of_it():
    assert one_line("a\n\n  b\tc", limit=10) == "a b c"
    assert one_line("x" * 50, limit=10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[here](http://evil) ![x](y)", r"\[here\](http://evil) !\[x\](y)"),
        ("# not a heading", r"\# not a heading"),
        ("- not a list", r"\- not a list"),
        ("1. not a list", r"1\. not a list"),
        ("7.5 a week", "7.5 a week"),
        ("a | b", r"a \| b"),
        ("snake_case *bold* ~~gone~~", r"snake\_case \*bold\* \~\~gone\~\~"),
        ("the caller gets `None`", "the caller gets `None`"),
        ("an open ` backtick", r"an open \` backtick"),
        ("&amp; $x$", r"&amp;amp; \$x\$"),
    ],
)
def test_markdown_shows_the_text_and_does_nothing_else(text, escaped):
    assert markdown(text) == escaped


def test_code_outlasts_any_backticks_in_it():
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert code("a|b") == r"`a\|b`"
    assert code("") == ""
