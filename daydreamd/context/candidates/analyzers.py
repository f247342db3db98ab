"""Analyzers that execute nothing of the repository, run on copies of the changed files.

The copies lie in a directory of ours, without the repository's configuration, and the analyzer may
read nothing else and connect nowhere. Only findings on changed lines count, and only those that
`analyzer_rules` calls faults. An analyzer that is not installed is left out.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.context.candidates import analyzer_rules as rules
from daydreamd.context.candidates.analyzer_output import (
    AnalyzerFinding,
    read_ast_grep,
    read_ruff,
    read_shellcheck,
    read_typos,
    read_zizmor,
)
from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile
from daydreamd.context.candidates.definitions import defined_in, family_of
from daydreamd.context.candidates.python_trees import parse_python
from daydreamd.errors import CommandError
from daydreamd.host.children import programs
from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.children.confinement import confined, program_paths
from daydreamd.host.children.programs import Program, find_beside_us, find_program
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.candidate import Candidate
from daydreamd.text import one_line

MOST_FILES: Final = 60
_DEADLINE_SECONDS: Final = 8.0
_MAX_OUTPUT: Final = 4 << 20
_LESS_SURE: Final = ("ruff B", "ruff RUF", "shellcheck", "typos")
_SAYS_SHELL: Final = ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "#!/usr/bin/env sh")
_LANGUAGES: Final = {
    ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript",
    ".ts": "TypeScript", ".tsx": "Tsx", ".go": "go", ".c": "c", ".java": "java", ".rs": "rust",
    ".php": "php", ".cpp": "cpp", ".cc": "cpp", ".cs": "csharp", ".kt": "kotlin",
}  # fmt: skip
_TEST_MODULE: Final = re.compile(r"(^|/)(test_\w+|\w+_test|conftest)\.py$")
_LOGS: Final = re.compile(r"\b(logging|_?logger|LOGGER|_?log|LOG)\.")
_BY_STRANGERS: Final = re.compile(
    r"github\.(head_ref|event\s*\)|event\.(issue|comment|review|discussion|commits|head_commit|pages"
    r"|pull_request\.(title|body|head|user))\b)"
)
_DIVIDES: Final = re.compile(r"/\s*0\b|\braise\b")
_SCRIPTS: Final = frozenset({"JavaScript", "TypeScript", "Tsx"})


@dataclass(frozen=True)
class _Analyzer:
    """A program, which files are its own, what it is asked, and how its answer is read."""

    program: Program
    is_for: Callable[[ChangedFile], bool]
    asked: tuple[str, ...]
    read: Callable[[bytes], list[AnalyzerFinding]]
    is_fault: Callable[[ChangedFile, AnalyzerFinding], bool]


async def ask_analyzers(code: ChangedCode) -> list[Candidate]:
    """What the analyzers that are installed find on the changed lines."""
    found: list[Candidate] = []
    for analyzer in _ANALYZERS:
        files = [one for one in code.files if one.after and analyzer.is_for(one)][:MOST_FILES]
        if not files:
            continue
        try:
            found += await _ask(code, analyzer, files)
        except (CommandError, OSError, msgspec.MsgspecError):
            continue  # gave up, or speaks otherwise than we know: the others do not depend on it
    for language, files in _by_language(code.files).items():
        try:
            found += await _ask(code, _ast_grep(language), files)
        except (CommandError, OSError, msgspec.MsgspecError):
            continue
    return sorted(found, key=lambda one: one.source.startswith(_LESS_SURE))


def _by_language(files: Iterable[ChangedFile]) -> dict[str, list[ChangedFile]]:
    found: dict[str, list[ChangedFile]] = {}
    for file in files:
        if file.after and not file.is_test and (language := _LANGUAGES.get(file.suffix)):
            found.setdefault(language, []).append(file)
    return {language: same[:MOST_FILES] for language, same in found.items()}


async def _ask(
    code: ChangedCode, analyzer: _Analyzer, files: Sequence[ChangedFile]
) -> list[Candidate]:
    name = analyzer.program.name
    program = find_beside_us(name) or find_program(name)
    if program is None:
        return []
    with tempfile.TemporaryDirectory(prefix="analyzed-", dir=code.scratch) as place:
        copies = await in_spare_thread(lambda: _lay_out(Path(place), files))
        argv = confined(
            [program, *analyzer.asked, *copies],
            read=[place, *program_paths(program)],
            connect_ports=(),
        )
        done = await run(
            argv,
            cwd=Path(place),
            env=clean_environment(HOME=place, GOMAXPROCS="2", RAYON_NUM_THREADS="2"),
            deadline=_DEADLINE_SECONDS,
            max_stdout=_MAX_OUTPUT,
            program=analyzer.program,
        )
    return present(_told(code, analyzer, copies, analyzer.read(done.stdout)))


def _lay_out(place: Path, files: Sequence[ChangedFile]) -> dict[str, ChangedFile]:
    """Copies under names of ours, so that none can be taken for a configuration."""
    copies: dict[str, ChangedFile] = {}
    for number, file in enumerate(files):
        below = place / str(number)
        if _is_workflow(file):
            below = below / ".github" / "workflows"
        below.mkdir(parents=True)
        copy = below / f"copy{file.suffix or '.sh'}"
        copy.write_text(file.after or "", encoding="utf-8", errors="replace")
        copies[str(copy)] = file
    return copies


def _told(
    code: ChangedCode,
    analyzer: _Analyzer,
    copies: Mapping[str, ChangedFile],
    found: Iterable[AnalyzerFinding],
) -> Iterator[Candidate | None]:
    for one in found:
        file = copies.get(one.path)
        if file is None or not 1 <= one.line <= len(file.lines):
            continue
        text = file.lines[one.line - 1].strip()
        is_new = one.line in file.added and text not in (file.before or "")
        if is_new and analyzer.is_fault(file, one):
            is_word = analyzer.program is programs.TYPOS
            source = analyzer.program.name if is_word else f"{analyzer.program.name} {one.code}"
            message = one_line(one.message, limit=200).rstrip(".")
            message = message[:1].upper() + message[1:]
            yield code.candidate(
                source,
                file.path,
                one.line,
                end_line=min(max(one.line, one.end_line), one.line + 5),
                subject=f"{one.code} {text}",
                title=one_line(rules.TITLES.get(one.code, message), limit=110),
                body=f"{message}. {one.why}".strip(),
                category="bug",
            )


def _is_workflow(file: ChangedFile) -> bool:
    return ".github/workflows/" in f"/{file.path}" and file.suffix in (".yml", ".yaml")


def _is_shell(file: ChangedFile) -> bool:
    if file.suffix in (".sh", ".bash"):
        return True
    return not file.suffix and (file.after or "").startswith(_SAYS_SHELL)


def _ruff_fault(file: ChangedFile, found: AnalyzerFinding) -> bool:
    if found.code not in rules.RUFF or (file.is_test and found.code in rules.UNLESS_TEST):
        return False
    if file.is_test and not _TEST_MODULE.search(file.path):
        return False  # what tests read, not what they run
    if parse_python(file.after) is None:
        return False  # of another version: its names are not those that ruff knows
    return not _is_meant_otherwise(file, found)


def _is_meant_otherwise(file: ChangedFile, found: AnalyzerFinding) -> bool:
    """Whether the code is right in a way that ruff cannot know."""
    line = file.lines[found.line - 1]
    if found.code in ("PLE1205", "PLE1206"):
        return not _LOGS.search(line)  # something else that has a method of this name
    if found.code == "B018":
        return _DIVIDES.search(line) is not None  # raised on purpose
    name = found.message.partition("`")[2].partition("`")[0] if found.code == "F821" else ""
    # A name that was used before without being defined is put there by somebody else.
    return bool(name) and (name in rules.FROM_OUTSIDE or name in (file.before or ""))


def _shell_fault(file: ChangedFile, found: AnalyzerFinding) -> bool:
    return int(found.code.removeprefix("SC")) in rules.SHELLCHECK and not file.is_test


def _workflow_fault(file: ChangedFile, found: AnalyzerFinding) -> bool:
    """What goes into a command counts only where strangers can write it."""
    text = file.quote(found.line, min(found.end_line, found.line + 5))
    is_strange = found.code != "template-injection" or _BY_STRANGERS.search(text)
    return bool(rules.ZIZMOR.get(found.code) and is_strange)


def _typo_fault(file: ChangedFile, found: AnalyzerFinding) -> bool:
    """Only in a name that is new for others to use: the longer it stands, the dearer it is."""
    before = {one.name for one in defined_in(file.before, family_of(file.suffix))}
    return any(
        one.line == found.line and found.code in one.name and one.name not in before
        for one in defined_in(file.after, family_of(file.suffix))
    )


def _ast_grep(language: str) -> _Analyzer:
    strictly = "===" if language in _SCRIPTS or language == "php" else "<="
    said = [rules.SAME_ON_BOTH_SIDES.format(language=language, strictly=strictly)]
    if language in _SCRIPTS:
        said.append(rules.AST_GREP.format(script=language))
    if language == "go":
        said.append(rules.GO)
    return _Analyzer(
        programs.AST_GREP,
        lambda _: True,
        ("scan", "--json=stream", "--no-ignore=hidden", "--threads=2", "--inline-rules",
         "\n---\n".join(said)),
        read_ast_grep,
        lambda file, _: not file.is_test,
    )  # fmt: skip


_ANALYZERS: Final = (
    _Analyzer(
        programs.RUFF,
        lambda file: file.suffix == ".py",
        ("check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--output-format=json",
         "--preview", "--target-version=py313", f"--select={','.join(rules.RUFF)}"),
        read_ruff,
        _ruff_fault,
    ),
    _Analyzer(
        programs.SHELLCHECK,
        _is_shell,
        ("--norc", "--format=json1", "--severity=warning", "--"),
        read_shellcheck,
        _shell_fault,
    ),
    _Analyzer(
        programs.ZIZMOR,
        _is_workflow,
        ("--offline", "--no-config", "--no-ignores", "--format=json", "--min-severity=high",
         "--min-confidence=high", "--no-exit-codes"),
        read_zizmor,
        _workflow_fault,
    ),
    _Analyzer(
        programs.TYPOS,
        lambda file: family_of(file.suffix) is not None and not file.is_test,
        ("--isolated", "--format=json", "--threads=2"),
        read_typos,
        _typo_fault,
    ),
)  # fmt: skip
"""With the options that keep each from any file of the repository's own making."""
