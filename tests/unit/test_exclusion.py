"""Which paths the owner's globs keep out."""

import pytest

from daydreamd.context.exclusion import is_worth_reading, make_exclusion


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
    for globs in ([], ["", "/", "**"], [" "]):
        assert not make_exclusion(globs)("a.py")


def test_a_directory_of_libraries_is_not_worth_reading():
    assert is_worth_reading("src/app.py")
    assert is_worth_reading("src/keyboard.py")
    assert not is_worth_reading("web/node_modules/x/index.js")
    assert not is_worth_reading("")
