"""How long Claude Code keeps its transcripts, and which of them it is about to delete.

It deletes, when it starts, what was not written to for `cleanupPeriodDays` of its settings, 30
where they say nothing (code.claude.com/docs, settings). Read only; links are not followed.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.agents.transcripts import SESSION_ID
from daydreamd.errors import FileError
from daydreamd.host.files.counting import entries_of
from daydreamd.host.files.json_files import read_json
from daydreamd.host.files.leftovers import owned_directories

_MANAGED: Final = Path("/etc/claude-code/managed-settings.json")
_DEFAULT_DAYS: Final = 30.0
_DAY: Final = 86_400.0
_ANY: Final = re.compile(r"[^.].*", re.DOTALL)
_MOST: Final = 100_000


class _Settings(msgspec.Struct, rename="camel"):
    cleanup_period_days: float | None = None


@dataclass(frozen=True)
class Retention:
    """After how many days a transcript is deleted, and where that is said."""

    days: float
    source: str


@dataclass(frozen=True)
class Leaving:
    """A transcript that will be deleted in `seconds_left`, which are negative once it is due."""

    directory: Path
    name: str
    bytes: int
    mtime_ns: int
    seconds_left: float


def retention(home: Path, managed: Path = _MANAGED) -> Retention:
    """What the settings say, those of the machine's owner before the person's."""
    for file in (managed, home / "settings.json"):
        try:
            days = read_json(file, _Settings).cleanup_period_days
        except FileError:  # not there, or not as it should be: then Claude does not heed it either
            continue
        if days is not None and days >= 0:
            return Retention(days, str(file))
    return Retention(_DEFAULT_DAYS, "its default")


def leaving(home: Path, uid: int, kept: Retention, within: float) -> list[Leaving]:
    """The transcripts that go within so many seconds, the first to go first.

    FileError, OSError where they cannot be looked at.
    """
    found = []
    now = time.time()
    for directory in _directories(home, uid):
        for path, facts in entries_of(directory, most=_MOST):
            if path.suffix != ".jsonl" or not stat.S_ISREG(facts.st_mode) or facts.st_uid != uid:
                continue
            left = kept.days * _DAY - (now - facts.st_mtime)
            if left <= within:
                one = Leaving(directory, path.name, facts.st_size, facts.st_mtime_ns, left)
                found.append(one)
    return sorted(found, key=lambda one: one.seconds_left)


def _directories(home: Path, uid: int) -> Iterator[Path]:
    yield from owned_directories(home, ("projects", _ANY), uid)
    yield from owned_directories(home, ("projects", _ANY, SESSION_ID, "subagents"), uid)
