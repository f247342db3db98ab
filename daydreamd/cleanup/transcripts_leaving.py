"""Transcripts that Claude Code is about to delete: told, and kept compressed where that is wished.

Each is copied once for each state of it, into our own state directory; what is kept there is never
removed by us, so that the copies stay below a size by not being made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.agents.expiry import Leaving, Retention, leaving, retention
from daydreamd.agents.registry import config_dir
from daydreamd.errors import FileError
from daydreamd.host.files.access import sweep_half_written
from daydreamd.host.files.compressing import compress_copy
from daydreamd.host.files.counting import entries_of
from daydreamd.host.files.disks import ask_disk
from daydreamd.records.disk import Vanishing
from daydreamd.settings.cleanup import CleanupTranscripts
from daydreamd.settings.places import Places
from daydreamd.units import say_size

_LOOK_SECONDS: Final = 2.0
_ARCHIVE_SECONDS: Final = 5.0
_MOST_FAILURES: Final = 3


def look_after_transcripts(
    settings: CleanupTranscripts,
    environ: Mapping[str, str],
    places: Places | None,
    *,
    act: bool,
) -> tuple[Vanishing | None, list[str]]:
    """What goes soon, and what could not be kept; with `act` and the setting, it is kept first."""
    uid = os.geteuid()
    home = config_dir(environ, uid)
    if home is None:
        return None, []
    try:
        look = partial(_look, home, uid, settings.before)
        kept, found = ask_disk(home, look, seconds=_LOOK_SECONDS)
    except (FileError, OSError) as error:
        return None, [f"transcripts were not looked at: {error}"]
    if not found:
        return None, []
    directory = places.state / "transcripts" if places else None
    failures: list[str] = []
    if act and settings.archive and directory is not None:
        failures = _archive(found, directory, settings.max_total_size)
    return Vanishing(
        count=len(found),
        bytes=sum(one.bytes for one in found),
        period_days=kept.days,
        within_days=settings.before / 86_400,
        source=kept.source,
        archived=sum(_is_kept(one, directory) for one in found) if directory else 0,
    ), failures


def _look(home: Path, uid: int, within: float) -> tuple[Retention, list[Leaving]]:
    kept = retention(home)
    return kept, leaving(home, uid, kept, within)


def _archive(found: Sequence[Leaving], directory: Path, max_total: int) -> list[str]:
    """Copy what is not kept yet, the first to go first; why not, where it could not be."""
    failures: list[str] = []
    until = time.monotonic() + _ARCHIVE_SECONDS
    room = max_total - _held_bytes(directory)
    waiting = [one for one in found if not _is_kept(one, directory)]
    for number, one in enumerate(waiting):
        if room <= 0 or time.monotonic() > until or len(failures) >= _MOST_FAILURES:
            left, why = len(waiting) - number, "the time is over"
            if room <= 0:
                why = f"the archive is full ({say_size(max_total)}, cleanup.transcripts)"
            failures.append(f"{left} transcripts are not archived: {why}")
            break
        target = archived_at(one, directory)
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep_half_written(target.parent)
            former = target.stat().st_size if target.exists() else 0
            size = compress_copy(
                one.directory / one.name, target, max_bytes=room + former, until=until
            )
            room -= size - former
        except (FileError, OSError) as error:
            failures.append(f"a transcript is not archived: {error}")
    return failures


def archived_at(one: Leaving, directory: Path) -> Path:
    """Where its copy lies: as below Claude's `projects`."""
    parts = one.directory.parts
    below = parts[len(parts) - parts[::-1].index("projects") :]
    return directory.joinpath(*below, f"{one.name}.gz")


def _is_kept(one: Leaving, directory: Path) -> bool:
    try:
        return archived_at(one, directory).lstat().st_mtime_ns == one.mtime_ns
    except OSError:  # not there
        return False


def _held_bytes(directory: Path) -> int:
    """What the archive takes; it is ours, and three levels deep."""
    total, waiting = 0, [directory]
    for place in waiting:
        for path, facts in entries_of(place, most=1_000_000):
            if path.is_dir() and not path.is_symlink():
                waiting.append(path)
            total += facts.st_size
    return total
