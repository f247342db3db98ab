"""Where reports lie: the newest under a name that never changes, former ones in `archive/`.

The old report stays in its place until the new one is whole on disk; what was put into the archive
is bounded in number and size, oldest first. Knows nothing of what a report says.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio.to_thread

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath, replace_file
from daydreamd.insights.report import Report, render
from daydreamd.settings.schema import Insights

REPORT: Final = "daydream_insights.md"
ARCHIVE: Final = "archive"
_ARCHIVED: Final = re.compile(r"daydream_insights-\d{8}-\d{6}(?:-\d{2})?\.md")
_MAX_REPORT_BYTES: Final = 8 << 20


async def write_report(report: Report, *, directory: Path, settings: Insights) -> Path:
    """Write the report, put the former one away, and keep within the limits; the report's path.

    FileError where the disk is full or the directory cannot be written: the old report is intact.
    """
    text = render(report)
    return await anyio.to_thread.run_sync(_shelve, text, directory, settings)


def _shelve(text: str, directory: Path, settings: Insights) -> Path:
    path = directory / REPORT
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / ARCHIVE).mkdir(mode=0o700, exist_ok=True)
        _put_away(path)
        replace_file(path, text)
        _prune(path, settings)
    except OSError as error:
        where = error.filename or path
        raise FileError(f"cannot write {where}: {error.strerror or error}", path=path) from error
    return path


def _put_away(path: Path) -> None:
    """Copy the report into the archive under the time it was written at."""
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(facts.st_mode):
        return  # not ours: it is replaced, and what it points at is left alone
    former = read_beneath(path.parent, path.name, max_bytes=_MAX_REPORT_BYTES)
    written = datetime.fromtimestamp(facts.st_mtime, UTC)
    for name in _names(written):
        copy = path.parent / ARCHIVE / name
        if not copy.exists():
            replace_file(copy, former)
            return
        if copy.read_bytes() == former:
            return  # put away before by a session that then could not write its own


def _names(written: datetime) -> Iterator[str]:
    stem = f"daydream_insights-{written:%Y%m%d-%H%M%S}"
    yield f"{stem}.md"
    yield from (f"{stem}-{number:02}.md" for number in range(2, 100))


def _prune(report: Path, settings: Insights) -> None:
    """Delete archived reports beyond the number and the size that are kept, oldest first."""
    kept = sorted(
        (entry for entry in (report.parent / ARCHIVE).iterdir() if _is_archived(entry)),
        key=lambda entry: entry.stem,
    )
    sizes = {entry: entry.lstat().st_size for entry in kept}
    total = report.stat().st_size + sum(sizes.values())
    surplus = max(0, len(kept) - settings.keep_versions)
    for index, entry in enumerate(kept):
        if index >= surplus and total <= settings.max_total_size:
            return
        entry.unlink(missing_ok=True)
        total -= sizes[entry]


def _is_archived(entry: Path) -> bool:
    return bool(_ARCHIVED.fullmatch(entry.name)) and stat.S_ISREG(entry.lstat().st_mode)
