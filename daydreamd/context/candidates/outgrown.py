"""A file that has grown far over all that is like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from statistics import quantiles
from typing import Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile, is_test_path, split_lines
from daydreamd.context.candidates.definitions import family_of
from daydreamd.records.candidate import Candidate

SOURCE: Final = "outgrown file"
_LEAST_LIKE: Final = 20
_LEAST_LINES: Final = 800
_LEAST_GROWTH: Final = 200
_FAR_OVER: Final = 3.0
_LEAST_COMPLEXITY: Final = 40  # below it is a table of data


async def find_outgrown(code: ChangedCode) -> list[Candidate]:
    """Files that these days made larger than three times nearly all of their kind."""
    return present(one for file in code.files for one in _told(code, file))


def _told(code: ChangedCode, file: ChangedFile) -> Iterator[Candidate | None]:
    now, was = len(file.lines), len(split_lines(file.before))
    if file.is_test or family_of(file.suffix) is None or file.before is None:
        return
    if now < _LEAST_LINES or now - was < max(_LEAST_GROWTH, was // 5):
        return
    complexity = {one.path: one.complexity for one in code.counted}
    if complexity.get(file.path, 0) < _LEAST_COMPLEXITY:
        return
    like = [
        one.code + one.comment + one.blank
        for one in code.counted
        if one.path.endswith(file.suffix) and one.path != file.path and not is_test_path(one.path)
    ]
    if len(like) < _LEAST_LIKE:
        return
    usual = quantiles(like, n=20)[-1]  # nineteen of twenty are smaller
    # It is told when it grows beyond the line, not every week from then on.
    if was <= usual * _FAR_OVER < now:
        yield code.candidate(
            SOURCE, file.path, 1, subject=PurePosixPath(file.path).name, category="quality",
            title=f"This file grew from {was:,} to {now:,} lines, far over its like",
            body=f"Nineteen of twenty `{file.suffix}` files here have at most {usual:,.0f} lines. "
            f"It grew by {now - was:,} lines these days; while the change is fresh it is easiest "
            "to take apart.",
        )  # fmt: skip
