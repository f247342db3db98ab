"""Which paths the owner's globs keep out, in our own engine and as scc is handed them."""

import re

import pytest

from daydreamd.context.exclusion import exclusion_pattern, is_worth_reading, make_exclusion


@pytest.mark.parametrize(
    ("glob", "out", "kept"),
    [
        ("private", ["private", "private/a.py", "x/private/a.py"], ["privateer/a.py"]),
        ("private/", ["private/a.py"], ["not_private/a.py"]),
        ("src/gen/**", ["src/gen/a.py", "src/gen/b/c.py"], ["src/general.py"]),
        ("*.pb.go", ["a.pb.go", "x/a.pb.go"], ["a.go", "a.pb.go.txt"]),
        ("**/fixtures/*.json", ["fixtures/a.json", "x/y/fixtures/a.json"], ["fixtures/a.py"]),
        ("data?.csv", ["data1.csv"], ["data12.csv", "data/.csv"]),
        ("[ab].py", ["a.py", "x/b.py"], ["c.py"]),
        ("[!ab].py", ["c.py"], ["a.py"]),
        ("we[ird.py", ["we[ird.py"], ["weird.py"]),
        ("a+b (1).py", ["a+b (1).py"], ["aab 1.py"]),
    ],
)
def test_a_glob_means_what_people_expect(glob, out, kept):
    excluded = make_exclusion([glob])
    assert [path for path in [*out, *kept] if excluded(path)] == out


def test_no_glob_and_empty_ones_keep_nothing_out():
    assert exclusion_pattern([]) is None
    assert exclusion_pattern(["", "/", "**"]) is None
    assert not make_exclusion([" "])("a.py")


def test_the_pattern_stays_below_the_root_it_is_given():
    pattern = exclusion_pattern(["x"], root="/srv/a+b/")
    assert re.match(pattern, "/srv/a+b/x/y.py")
    assert not re.match(pattern, "/srv/x/y.py")


def test_a_directory_of_libraries_is_not_worth_reading():
    assert is_worth_reading("src/app.py")
    assert is_worth_reading("src/keyboard.py")
    assert not is_worth_reading("web/node_modules/x/index.js")
    assert not is_worth_reading("")
