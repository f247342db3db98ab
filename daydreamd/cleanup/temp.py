"""Temp files that agents leave behind.

Only names that agents are known to use, or that the settings add; only files of our own user that
nobody has touched for long and nobody has open.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daydreamd.errors import FileError
from daydreamd.host.leftovers import Leftover, find_leftovers, places_in_use, remove_leftover
from daydreamd.settings.model import CleanupTemp
from daydreamd.units import say_duration

# Claude Code: one for every shell command (claude-code#9520, #17990). Aider: its own prefix.
_FILES: Final = (
    "claude-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]*-cwd", "tmpclaude-*-cwd", "aider-*", "aider_*",
)  # fmt: skip
_TREES: Final = ("daydreamd-*",)


@dataclass(frozen=True)
class TempFile:
    """A leftover, and what became of it."""

    path: str
    bytes: int
    age_seconds: float
    decision: str
    reason: str
    outcome: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `clean --json` prints it."""
        return {
            "path": self.path, "bytes": self.bytes, "age_seconds": round(self.age_seconds, 1),
            "decision": self.decision, "reason": self.reason, "outcome": self.outcome,
        }  # fmt: skip


def clean_temp(
    settings: CleanupTemp, *, all_users: bool, act: bool
) -> tuple[list[TempFile], list[str]]:
    """Remove leftovers, or with `act` false only list them; and what could not be looked at."""
    directories = [Path(given).expanduser() for given in settings.directories]
    found: list[Leftover] = []
    failures: list[str] = []
    for directory in directories or [Path(tempfile.gettempdir())]:
        try:
            found += find_leftovers(
                directory,
                files=_FILES,
                trees=(*_TREES, *settings.patterns),
                min_age=settings.max_age,
                uids=None if all_users and os.geteuid() == 0 else (os.geteuid(),),
            )
        except FileError as error:
            failures.append(str(error))
    used = places_in_use() if found else set()
    return [_settle(leftover, bool(leftover.holds & used), act=act) for leftover in found], failures


def _settle(leftover: Leftover, in_use: bool, *, act: bool) -> TempFile:
    path, age = str(leftover.path), leftover.age_seconds
    if in_use:
        return TempFile(path, leftover.bytes, age, "spare", "a process has it open")
    reason = f"an agent's leftover, untouched for {say_duration(age)}"
    if not act:
        return TempFile(path, leftover.bytes, age, "remove", reason, "would be removed")
    done = remove_leftover(leftover)
    outcome = f"failed: {done.left[0]}" if done.left else "removed"
    return TempFile(path, done.bytes, age, "remove", reason, outcome)
