"""Temp files that agents leave behind.

Only names that agents are known to use, or that the settings add; only files of our own user that
nobody has touched for long and nobody has open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.disks import NO_ANSWER, ask_disks, glance
from daydreamd.host.files.leftovers import (
    Leftover,
    Shape,
    find_leftovers,
    places_in_use,
    remove_leftover,
)
from daydreamd.settings.cleanup import CleanupTemp
from daydreamd.units import say_duration

# Claude Code: the working directory after every shell command (claude-code#9520, #17990).
# Aider's wrappers: a prefix and a random name of Python's `tempfile`, which closes it to others. A
# person's own `aider-notes.md` has another name, or another mode.
_FILES: Final = (
    Shape(re.compile(r"(?:tmp)?claude-[0-9a-f]{4,16}-cwd"), max_bytes=4096),
    Shape(re.compile(r"aider[-_][a-z0-9_]{8}(?:\.[a-z0-9]{1,8})?"), mode=0o600),
)
IN_USE: Final = "a process has it open"
LOOK_SECONDS: Final = 10.0
"""What looking through a directory may take, half of the phase: then its disk does not answer."""
_TREES: Final = (Shape(re.compile(r"daydreamd-(?:prompt|context)-[a-z0-9_]{8}")),)


@dataclass(frozen=True)
class TempFile:
    """A leftover and what became of it, as `clean --json` prints it."""

    path: str
    bytes: int
    age_seconds: float
    decision: str
    reason: str
    outcome: str = ""


def clean_temp(
    settings: CleanupTemp, *, all_users: bool, act: bool
) -> tuple[list[TempFile], list[str]]:
    """Remove leftovers, or with `act` false only list them; and what could not be looked at."""
    found: list[Leftover] = []
    failures: list[str] = []
    look = partial(
        find_leftovers,
        files=_FILES,
        trees=(*_TREES, *map(Shape.of_glob, settings.patterns)),
        min_age=settings.max_age,
        uids=None if all_users and os.geteuid() == 0 else (os.geteuid(),),
    )
    directories = temp_directories(settings, os.environ)
    answers = ask_disks(
        {str(place): partial(look, place) for place in directories}, seconds=LOOK_SECONDS
    )
    for directory, answer in answers.items():
        if isinstance(answer, Exception):
            failures.append(say_failure(directory, answer))
        else:
            found += answer
    used = places_in_use() if found else set()
    return [
        settle(leftover, IN_USE if leftover.holds & used else "", act=act) for leftover in found
    ], failures


def say_failure(directory: str, error: Exception) -> str:
    """Why a directory was not looked into; anything but a refusal or silence is raised."""
    if isinstance(error, TimeoutError):
        return f"cannot look into {directory}: {NO_ANSWER}"
    if isinstance(error, FileError):
        return str(error)
    raise error


def temp_directories(settings: CleanupTemp, environ: Mapping[str, str]) -> list[Path]:
    """Where programs put temp files: `$TMPDIR`, `/tmp` and `/var/tmp`, or what the settings say."""
    if settings.directories:
        return [Path(given).expanduser() for given in settings.directories]
    given = (environ.get("TMPDIR", ""), "/tmp", "/var/tmp")  # noqa: S108 - looked into only
    real = (glance(path, partial(os.path.realpath, path), unknown=path) for path in given if path)
    return [Path(path) for path in dict.fromkeys(real)]


def settle(leftover: Leftover, spared: str, *, act: bool) -> TempFile:
    """Remove a leftover unless it is `spared` for a reason; with `act` false only say so."""
    path, age = str(leftover.path), round(leftover.age_seconds, 1)
    if spared:
        return TempFile(path, leftover.bytes, age, "spare", spared)
    reason = f"an agent's leftover, untouched for {say_duration(age)}"
    if not act:
        return TempFile(path, leftover.bytes, age, "remove", reason, "would be removed")
    done = remove_leftover(leftover)
    outcome = f"failed: {done.left[0]}" if done.left else "removed"
    return TempFile(path, done.bytes, age, "remove", reason, outcome)
