"""What a shell line was for: tests, commits, files written by itself."""

from __future__ import annotations

import pytest

from daydreamd.agents.work.shell_lines import files_written, git_words
from daydreamd.agents.work.shell_lines import test_part as last_test_in

TESTS = {
    "pytest -q": True,
    "cd api && python -m pytest": True,
    "FOO=1 timeout 60 uv run pytest -x": True,
    "bash -lc 'npm test'": True,
    "pytest || true": False,
    "pytest | tail -3": False,
    "pytest; echo done": False,
    "pytest > out.log 2>&1 &": False,
    "npm run build && npm test": False,
}


@pytest.mark.parametrize("line", TESTS)
def test_a_test_run_is_known_and_whether_a_failure_is_its_own(line: str) -> None:
    part = last_test_in(line)
    assert part is not None
    assert part.fails is TESTS[line]


@pytest.mark.parametrize(
    "line",
    ["echo 'pytest passes'", "pytest --collect-only", "make lint", "ls tests", "git commit -m test",
     "cat test_shop.py", "pip install pytest"],
)  # fmt: skip
def test_what_only_names_tests_is_no_run(line: str) -> None:
    assert last_test_in(line) is None


def test_the_words_of_git_are_found_in_a_line() -> None:
    line = "git -C /w add -A && git commit -m 'fix; git push' && git push"
    assert [word for word, _ in git_words(line)] == ["add", "commit", "push"]
    assert git_words('git commit -m "$(cat <<EOF\ngit push\nEOF\n)"')[0][0] == "commit"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("cat > shop.py <<'EOF'\nx > y\nEOF\npytest", ("shop.py",)),
        ("cat <<EOF >> a/b.py\nhi\nEOF", ("a/b.py",)),
        ("tee -a x.py <<E\n1\nE", ("x.py",)),
        ("sed -i 's/a/b/' shop.py api.py", ("shop.py", "api.py")),
        ("sed -i -e 's/a/b/' -e 's/c/d/' shop.py", ("shop.py",)),
        ("pytest > out.log 2>&1", ()),
        ("sed 's/a/b/' shop.py", ()),
        ("sed -i 's/a/b/' *.py", ()),
        ("cat > /dev/null <<EOF\nEOF", ()),
    ],
)
def test_the_files_that_a_line_writes_itself(line: str, files: tuple[str, ...]) -> None:
    assert files_written(line) == files


@pytest.mark.parametrize("line", ["'", '"$(', "a &&", "", "((((", "\\", "<<EOF", "\0", "cat > "])
def test_a_broken_line_is_no_fault(line: str) -> None:
    assert last_test_in(line) is None
    assert files_written(line) == ()
