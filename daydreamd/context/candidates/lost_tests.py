"""A test that is newly skipped, that keeps all others from running, or that was deleted.

A test is deleted where nothing like it stands in any changed file, no test came in its place, and
something that it called is still there and is named by no test any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile, is_test_path
from daydreamd.context.candidates.definitions import defines, family_of, is_comment
from daydreamd.context.candidates.name_search import NamedAt
from daydreamd.records.candidate import Candidate
from daydreamd.units import say_count

SKIPPED: Final = "skipped test"
DELETED: Final = "deleted test"
_ALONE: Final = re.compile(
    r"^\s*(?:(?:it|test|describe|context)\.only|fit|fdescribe)\s*\(\s*[\"'`]"
)
_SKIPS: Final[dict[str, re.Pattern[str]]] = {
    "python": re.compile(
        r"^\s*@(?:pytest\.mark\.)?skip(?:\(|$|\s)|^\s*@unittest\.skip\(|^\s*(?:pytest\.)?mark\.skip\b"
        r"|^pytestmark\s*=\s*pytest\.mark\.skip\b"
    ),
    "javascript": re.compile(
        r"^\s*(?:(?:it|test|describe|context)\.skip|xit|xdescribe|xtest)\s*\(\s*[\"'`]"
    ),
    "go": re.compile(r"^\tt\.Skip(?:f|Now)?\("),
    "rust": re.compile(r"^\s*#\[ignore\]"),
    "java": re.compile(r"^\s*@(?:Disabled|Ignore)\b"),
    "kotlin": re.compile(r"^\s*@(?:Disabled|Ignore)\b"),
    "php": re.compile(r"^        \$this->markTestSkipped\("),
    "ruby": re.compile(r"^\s*(?:xit|xdescribe|xcontext)\s+[\"']"),
}
_TESTS: Final[dict[str, re.Pattern[str]]] = {
    "python": re.compile(r"^\s*(?:async\s+)?def\s+(test_\w+)"),
    "javascript": re.compile(r"^\s*(?:it|test)\s*\(\s*[\"'`](.+?)[\"'`]\s*,"),
    "go": re.compile(r"^func\s+(Test\w+)\s*\("),
    "rust": re.compile(r"^\s*fn\s+(\w*test\w*)\s*\("),
    "php": re.compile(r"^\s*public\s+function\s+(test\w+)"),
    "ruby": re.compile(r"^\s*(?:it|should|test)\s+[\"'](.+?)[\"']\s+do|^\s*def\s+(test_\w+)"),
    "java": re.compile(r"^\s*(?:public\s+)?void\s+(test\w+)\s*\("),
    "kotlin": re.compile(r"^\s*fun\s+(`[^`]+`|test\w+)\s*\("),
}
_CALLED: Final = re.compile(r"\b([A-Za-z_]\w{5,})\s*\(")
_OF_THE_FRAME: Final = re.compile(
    r"(?i)assert|expect|mock|patch|fixture|tempdir|setup|before|after|test"
)
_SAME_LINES: Final = 0.4
_MOST_SUBJECTS: Final = 8


@dataclass(frozen=True)
class _Test:
    name: str
    body: tuple[str, ...]


async def find_lost_tests(code: ChangedCode) -> list[Candidate]:
    """Tests that no longer hold anything to account."""
    found = [one for file in code.files for one in _skipped(code, file)]
    return present([*found, *await _deleted(code)])


def _skipped(code: ChangedCode, file: ChangedFile) -> Iterator[Candidate | None]:
    pattern = _SKIPS.get(family_of(file.suffix) or "")
    if pattern is None or not file.is_test or not file.after or file.before is None:
        return
    for number in sorted(file.added):
        line = file.lines[number - 1] if number <= len(file.lines) else ""
        if _ALONE.match(line) and family_of(file.suffix) == "javascript":
            yield _alone(code, file, number)
        elif pattern.match(line) and line.strip() not in file.before:
            yield _skip(code, file, number)


def _alone(code: ChangedCode, file: ChangedFile, line: int) -> Candidate | None:
    return code.candidate(
        SKIPPED, file.path, line, subject=file.lines[line - 1].strip(), category="test",
        title="Only this test runs: it keeps all others of its file away",
        body="The mark came with a change of these days. It is made for a moment at the desk; left "
        "in, every other test of this file is passed over in silence.",
    )  # fmt: skip


def _skip(code: ChangedCode, file: ChangedFile, line: int) -> Candidate | None:
    name = _test_at(file, line)
    if name is None:
        return None
    return code.candidate(
        SKIPPED, file.path, line, subject=f"{name} {file.lines[line - 1].strip()}", category="test",
        title=f"A test is skipped now: `{name}`",
        body="It ran before a change of these days and is passed over since. What "
        "it held to account is no longer tested; say until when, or mend it.",
    )  # fmt: skip


def _test_at(file: ChangedFile, line: int) -> str | None:
    """The test that a mark at `line` is for, if it was there before."""
    family = family_of(file.suffix) or ""
    pattern = _TESTS[family]
    above, below = (
        range(line - 1, max(0, line - 4), -1),
        range(line, min(line + 4, len(file.lines))),
    )
    near = [line] if family in ("javascript", "ruby") else [*below, below.stop, *above]
    for number in near:
        said = re.sub(
            r"\.skip\(", "(", re.sub(r"^(\s*)x(it|test)", r"\1\2", file.lines[number - 1])
        )
        if found := pattern.match(said):
            name = next(filter(None, found.groups()))
            ran = {test.name for test in _tests(file.before, file)}
            return name if name in ran else None
    return None


async def _deleted(code: ChangedCode) -> list[Candidate | None]:
    now = [test for file in code.files for test in _tests(file.after, file)]
    gone = {file.path: _gone_from(file, now) for file in code.files}
    gone = {path: tests for path, tests in gone.items() if tests}
    if not gone or len(gone) > 6:
        return []
    called = {path: _subjects(tests) for path, tests in gone.items()}
    places = await code.find(name for names in called.values() for name in names)
    found: list[Candidate | None] = []
    for path, tests in gone.items():
        alive = [one for name in called[path] for one in _definitions(name, places.get(name, ()))]
        if alive:
            found.append(_candidate(code, code.by_path[path], tests, alive[0]))
    return found


def _tests(text: str | None, file: ChangedFile) -> list[_Test]:
    """The tests of a text, each with the lines up to the next."""
    pattern = _TESTS.get(family_of(file.suffix) or "")
    if pattern is None or not file.is_test or not text:
        return []
    lines = text.split("\n")
    starts = [(at, found) for at, line in enumerate(lines) if (found := pattern.match(line))]
    ends = [*(at for at, _ in starts[1:]), len(lines)][: len(starts)]
    return [
        _Test(
            next(filter(None, found.groups())),
            tuple(line.strip() for line in lines[at + 1 : end] if len(line.strip()) > 3),
        )
        for (at, found), end in zip(starts, ends, strict=True)
    ]


def _gone_from(file: ChangedFile, now: Sequence[_Test]) -> list[_Test]:
    """Tests of the file that stand nowhere any more, if fewer came to it than went."""
    before, after = _tests(file.before, file), _tests(file.after, file)
    names = {test.name for test in now}
    kept = {test.name for test in after}
    gone = [test for test in before if test.name not in names]
    came = kept - {test.name for test in before}
    if not gone or len(came) * 2 >= len(gone) or (file.after is None and len(before) > 12):
        return []
    lines = {line for test in now for line in test.body}
    return [test for test in gone if not _lives_on(test, lines)]


def _lives_on(test: _Test, lines: set[str]) -> bool:
    """Whether much of what it did is done by another test now."""
    same = sum(line in lines for line in test.body)
    return len(test.body) < 2 or same >= _SAME_LINES * len(test.body)


def _subjects(tests: Sequence[_Test]) -> list[str]:
    """What the tests called, in a name that tells: not the words of test frameworks."""
    called = [
        name for test in tests for line in test.body if not is_comment(line)
        for name in _CALLED.findall(line)
        if not _OF_THE_FRAME.match(name)
    ]  # fmt: skip
    telling = [name for name in called if "_" in name.strip("_") or not name.islower()]
    return list(dict.fromkeys(telling))[:_MOST_SUBJECTS]


class _Alive(NamedTuple):
    """What a test called, where code that is no test still defines it."""

    name: str
    at: NamedAt


def _definitions(name: str, places: Sequence[NamedAt]) -> list[_Alive]:
    """Where code defines the name, if no test speaks of it any more."""
    if any(is_test_path(one.path) for one in places):
        return []
    return [
        _Alive(name, one)
        for one in places
        if defines(one.text, name) and family_of(one.suffix) and not is_test_path(one.path)
    ]


def _candidate(
    code: ChangedCode, file: ChangedFile, tests: Sequence[_Test], alive: _Alive
) -> Candidate | None:
    names = ", ".join(f"`{test.name}`" for test in tests[:3])
    more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
    count = say_count(len(tests), "test")
    return code.candidate(
        DELETED,
        alive.at.path,
        alive.at.line,
        subject=alive.name,
        title=f"`{alive.name}` has lost its last test",
        body=f"{count} went from `{file.path}` and nothing like it came in its place: "
        f"{names}{more}. `{alive.name}` was called there, is still here, and no test names it "
        "any more.",
        category="test",
    )
