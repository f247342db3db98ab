"""Rules of the house that no linter knows: sizes, names, reasons, and what lies at the top."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from msgspec.structs import fields

from daydreamd.settings.group import Group
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import entry_of, group_of
from tests.house.source import PACKAGE, ROOT, parsed, text_of

TOP_LEVEL = {
    "daydreamd", "systemd", "tests", "etc", "pyproject.toml", "Makefile", "README.md",
    "CHANGELOG.md", "LICENSE", "docs",
}  # fmt: skip
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "base", "misc", "manager", "handler"}
EXCEPTION = re.compile(r"(ruff: )?noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\]")
MAX_LINES = 300
MAX_FUNCTION_LINES = 60

Finder = Callable[[str], Iterator[str]]


def offences(find: Finder) -> list[str]:
    """What `find` finds in the text of each file of the package, with the file's name."""
    return [f"{file.relative_to(ROOT)}: {what}" for file in PACKAGE for what in find(text_of(file))]


def test_no_file_is_too_long() -> None:
    def find(text: str) -> Iterator[str]:
        if (lines := len(text.splitlines())) > MAX_LINES:
            yield f"{lines} lines"

    assert offences(find) == []


def test_no_function_is_too_long() -> None:
    def find(text: str) -> Iterator[str]:
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    yield f"{node.name} has {lines} lines"

    assert offences(find) == []


def test_every_module_is_named_for_what_it_is() -> None:
    names = [file.relative_to(ROOT).with_suffix("") for file in PACKAGE]
    words = {word: name for name in names for part in name.parts for word in part.split("_")}
    assert {word: str(words[word]) for word in words.keys() & FORBIDDEN_NAMES} == {}


def test_every_module_says_why_it_exists() -> None:
    assert offences(lambda text: iter(() if ast.get_docstring(parsed(text)) else ["…"])) == []


def test_every_broad_except_has_its_reason_beside_it() -> None:
    def find(text: str) -> Iterator[str]:
        beside = comments(text)
        for node in ast.walk(parsed(text)):
            broad = isinstance(node, ast.ExceptHandler) and is_broad(node.type)
            if broad and not has_reason(beside, node.lineno):
                yield f"line {node.lineno}"

    assert offences(find) == []


def test_every_lint_exception_carries_its_reason() -> None:
    def find(text: str) -> Iterator[str]:
        beside = comments(text)
        for line, comment in beside.items():
            excepts_all = re.search(r"noqa(?!:)|type: ignore(?!\[)", comment)
            if excepts_all or (EXCEPTION.search(comment) and not has_reason(beside, line)):
                yield f"line {line}: {comment}"

    assert offences(find) == []


@cache
def comments(text: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def is_broad(kind: ast.expr | None) -> bool:
    names = [n.id for n in ast.walk(kind) if isinstance(n, ast.Name)] if kind else ["Exception"]
    return bool({"Exception", "BaseException"} & set(names))


def has_reason(beside: dict[int, str], line: int) -> bool:
    """Whether a comment on the line, or on either side of it, says more than what is excepted."""
    told = (EXCEPTION.sub("", beside.get(n, "")).strip(" #-—") for n in (line - 1, line, line + 1))
    return any(len(words) > 10 for words in told)


def test_the_top_level_is_what_the_design_says() -> None:
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    top = {name.split("/")[0] for name in listed.stdout.split("\0")} - {""}
    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL


def test_no_test_is_skipped_mocked_or_expected_to_fail() -> None:
    forbidden = re.compile(
        r"monkeypatch\.setattr|unittest\.mock|\bmock\.patch|mark\.(skip|xfail)|pytest\.(skip|xfail)\("
    )
    # conftest.py alone skips: where the machine lacks something, which it names.
    allowed = {Path(__file__), ROOT / "tests/conftest.py"}
    tests = set((ROOT / "tests").rglob("*.py")) - allowed
    assert [str(file) for file in tests if forbidden.search(file.read_text())] == []


def test_settings_that_readme_and_messages_name_exist() -> None:
    known = set(keys(Settings))
    groups = "|".join(field.name for field in fields(Settings))
    texts = [(ROOT / "README.md").read_text(), *map(strings, PACKAGE)]
    named = re.findall(rf"(?:`|\bset )({groups})\.([a-z_.]+[a-z])\b", "\n".join(texts))
    assert named
    assert {f"{group}.{rest}" for group, rest in named} - known == set()


def keys(kind: type[Group], path: str = "") -> Iterator[str]:
    for field in fields(kind):
        yield f"{path}{field.name}"
        if inner := group_of(field.type) or entry_of(field.type):
            yield from keys(inner, f"{path}{field.name}.")


def strings(file: Path) -> str:
    """What a file says at run time: its texts, without docstrings, where code is spoken of."""
    tree = parsed(text_of(file))
    documents = {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if is_documented(n)}
    texts = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return "\n".join(t for t in texts if isinstance(t, str) and t not in documents)


def is_documented(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)


STARTS = re.compile(
    r"subprocess\.(Popen|run|call|check_\w+|getoutput)\(|os\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*|fork\w*)\("
    r"|create_subprocess|anyio\.(run|open)_process|shutil\.which|import multiprocessing|ProcessPool"
)
STARTERS = {"daydreamd/host/children/launch.py", "daydreamd/host/children/confined_exec.py"}


def test_programs_are_looked_for_and_started_in_one_place() -> None:
    found = {
        offence.split(": ")[0]
        for offence in offences(lambda text: (one[0] for one in STARTS.finditer(text)))
    }
    assert found == STARTERS


def test_whoever_starts_a_program_says_which_of_the_table_it_is() -> None:
    callers = set()

    def find(text: str) -> Iterator[str]:
        starters = set(imported_starters(text))
        for node in ast.walk(parsed(text)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in starters:
                callers.add(node.func.id)
                if "program" not in {one.arg for one in node.keywords}:
                    yield f"line {node.lineno}"

    assert offences(find) == []
    assert callers == {"run", "leashed"}, "nobody starts a program by these names any more"


def imported_starters(text: str) -> Iterator[str]:
    """What a file calls the functions that start a program."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("daydreamd.host"):
            yield from (one.name for one in node.names if one.name in ("run", "leashed"))
