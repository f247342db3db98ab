"""Our readers of git's files and output, against git itself and against nonsense."""

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daydreamd.context.activity import parse_log
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.git_config import harmless, parse_config
from daydreamd.context.markers import parse_grep
from daydreamd.context.patches import parse_patch
from daydreamd.context.uncommitted import parse_status
from daydreamd.errors import WorkspaceError

PIECES = st.sampled_from(
    ["[core]", '[remote "o\\"x"]', "[a.B]", "key", "Key-2", " = ", "=", '"', "\\", "\\n", "\\\n",
     "#", ";", " ", "\t", "\n", "value", "true", "é", "[", "]", "\r\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map(lambda pieces: "[s]\n" + "".join(pieces)))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_configuration_reads_as_git_reads_it(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("config") / "config"
    file.write_bytes(text.encode())
    listed = subprocess.run(
        ["git", "config", "--file", str(file), "--null", "--list"], capture_output=True, check=False
    )
    if listed.returncode != 0:
        return  # what git refuses we may refuse or read; git never gets to see it
    pairs = [entry.partition("\n") for entry in listed.stdout.decode().split("\0")[:-1]]
    wanted: dict[str, tuple[str, ...]] = {}
    for key, newline, value in pairs:
        wanted[key] = (*wanted.get(key, ()), value if newline else "true")
    parsed = parse_config(text)
    assert _spaced(parsed) == _spaced(wanted)


def _spaced(config):
    """Former gits made a space of any blank inside a value."""
    return {key: [value.replace("\t", " ") for value in config[key]] for key in config}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        parsed = parse_config(text)
    except ValueError:
        return
    assert all(value.isprintable() for value in harmless(parsed).values())


@given(st.dictionaries(st.just("core.autocrlf") | st.text(), st.tuples(st.text()), max_size=5))
def test_only_values_that_git_knows_pass(config):
    assert harmless(config).get("core.autocrlf", "input").lower() in (
        "true", "false", "yes", "no", "on", "off", "1", "0", "input",
    )  # fmt: skip


@given(st.binary(max_size=400))
def test_no_output_of_git_is_beyond_reading(printed):
    list(parse_patch(printed))
    list(parse_grep(printed))
    for parse in (parse_status, parse_log):
        try:
            list(parse(printed))
        except (WorkspaceError, ValueError):
            continue  # refused, with a reason


@pytest.mark.parametrize("parse", [make_exclusion])
@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=30))
def test_any_glob_makes_a_pattern(parse, globs, path):
    parse(globs)(path)


@given(
    st.lists(st.sampled_from(["+++ b/fake.py", "--- a/x", "@@ -1 +1 @@", "diff --git", "", "\x02"]))
)
def test_contents_that_look_like_headers_stay_contents(contents):
    added = "\n".join(f"+{line}" for line in contents)
    patch = f"--- a/real.py\n+++ b/real.py\n@@ -0,0 +1,{len(contents)} @@\n{added}\n"
    patch += "--- a/next.py\n+++ b/next.py\n@@ -1 +1 @@\n-a\n+b\n"
    hunks = list(parse_patch(patch.encode()))
    assert [hunk.path for hunk in hunks][-1] == "next.py"
    assert {hunk.path for hunk in hunks} == {"real.py", "next.py"}
    assert hunks[0].added == [line.encode() for line in contents]
