"""Files of agents that nobody sees: outputs of tasks, traces, caches and logs, a month old.

Only places where an agent itself puts what it will not read again, never a transcript and nothing
that a person wrote. A file goes once it is older than the setting by every time it has, nobody has
it open, and its session is proven dead: no living registry entry names it, and it is older than
every Claude that runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.agents.kinds import CLAUDE
from daydreamd.agents.registry import config_dir, parse_entry
from daydreamd.agents.sampling import look
from daydreamd.agents.transcripts import SESSION_ID
from daydreamd.cleanup.temp import (
    IN_USE,
    LOOK_SECONDS,
    TempFile,
    say_failure,
    settle,
    temp_directories,
)
from daydreamd.errors import FileError
from daydreamd.host.files.disks import ask_disks
from daydreamd.host.files.leftovers import (
    Leftover,
    Shape,
    find_leftovers,
    owned_directories,
    places_in_use,
)
from daydreamd.host.processes import age_seconds, read_stat
from daydreamd.host.processes.sockets import bound_sockets
from daydreamd.settings.cleanup import Cleanup

_ANY: Final = re.compile(r"[^.].*", re.DOTALL)
_STARTING_SECONDS: Final = 60.0
_ENTRY: Final = re.compile(r"(\d{1,10})\.json")


@dataclass(frozen=True)
class _Place:
    """Directories below a base (each part a name or a pattern), and what goes from them."""

    parts: tuple[str | re.Pattern[str], ...]
    files: tuple[Shape, ...] = ()
    trees: tuple[Shape, ...] = ()


def _shape(pattern: str) -> tuple[Shape, ...]:
    return (Shape(re.compile(pattern, re.DOTALL)),)


_OF_CLAUDE: Final = (
    _Place(("debug",), files=_shape(r"[\w-]+\.(?:txt|log)")),
    _Place(("shell-snapshots",), files=_shape(r"snapshot-[\w-]+\.sh")),
    _Place(("file-history",), trees=(Shape(SESSION_ID),)),
    _Place(("paste-cache",), files=_shape(r"[0-9a-f]{8,64}\.txt")),
    _Place(("statsig",), files=_shape(r"statsig\..+")),
    _Place(("sessions",), files=(Shape(_ENTRY),)),
)
_OF_CACHE: Final = (_Place(("claude-cli-nodejs", _ANY), trees=_shape(r"mcp-logs-.+")),)
_OF_CODEX: Final = (_Place(("log",), files=_shape(r"codex-[\w-]+\.log(?:\.\d+)?")),)
_OF_GEMINI: Final = (_Place(("tmp", _ANY, "otel"), files=_shape(r".+\.log")),)
_OF_OPENCODE: Final = (_Place(("log",), files=_shape(r"[\w.:-]+\.log")),)


def _of_temp(uid: int) -> tuple[_Place, ...]:
    # Of commands alone: that of a sub-agent is its answer.
    outputs = _shape(r"b[\w-]*\.output")
    profiles = r"playwright_(?:chromium|firefox|webkit)dev_profile-\w{6}"
    return (
        _Place((f"claude-{uid}", _ANY, "tasks"), files=outputs),
        _Place((f"claude-{uid}", _ANY, _ANY, "tasks"), files=outputs),
        _Place((), trees=_shape(rf"{profiles}|playwright-artifacts-\w{{6,12}}")),
        _Place((), trees=(Shape(re.compile(rf"cc-daemon-{uid}"), dead_sockets=True),)),
        _Place((), files=_shape(r"gemini-client-error-[\w.:-]+\.json")),
    )


def clean_agent_files(
    settings: Cleanup, environ: Mapping[str, str], *, act: bool
) -> tuple[list[TempFile], list[str]]:
    """Remove what is old and dead, or with `act` false only list it; and what went wrong."""
    uid, found, failures = os.geteuid(), [], []
    by_base: dict[str, list[_Place]] = {}
    for base, place in _places(settings, environ, uid):
        by_base.setdefault(str(base), []).append(place)
    look = partial(_find_below, max_age=settings.agent_files.max_age, uid=uid)
    answers = ask_disks(
        {base: partial(look, Path(base), places) for base, places in by_base.items()},
        seconds=LOOK_SECONDS,
    )
    for name, answer in answers.items():
        if isinstance(answer, Exception):
            failures.append(say_failure(name, answer))
        else:
            found += answer[0]
            failures += answer[1]
    if not found:
        return [], failures
    used = places_in_use()
    lives = Lives(environ, uid, settings)
    reason = "an agent's own {}, of no session that lives"
    settled = [
        settle(one, lives.claim(one) or (IN_USE if one.holds & used else ""), act=act)
        for one in found
    ]
    removed = [
        replace(file, reason=reason.format(_what(file))) if file.decision == "remove" else file
        for file in settled
    ]
    return removed, failures


def _places(
    settings: Cleanup, environ: Mapping[str, str], uid: int
) -> Iterator[tuple[Path, _Place]]:
    home = Path(environ.get("HOME") or Path.home())
    claude = config_dir(environ, uid)
    bases: list[tuple[Path, Sequence[_Place]]] = [
        (Path(environ.get("XDG_CACHE_HOME") or home / ".cache"), _OF_CACHE),
        (Path(environ.get("CODEX_HOME") or home / ".codex"), _OF_CODEX),
        (home / ".gemini", _OF_GEMINI),
        (Path(environ.get("XDG_DATA_HOME") or home / ".local/share", "opencode"), _OF_OPENCODE),
        *((directory, _of_temp(uid)) for directory in temp_directories(settings.temp, environ)),
    ]
    if claude is not None:
        bases.append((claude, _OF_CLAUDE))
    for base, places in bases:
        if base.is_absolute():
            yield from ((base, place) for place in places)


def _find_below(
    base: Path, places: Sequence[_Place], *, max_age: float, uid: int
) -> tuple[list[Leftover], list[str]]:
    """What lies in the places below one base, and which of them could not be looked into."""
    found, failures = [], []
    for place in places:
        try:
            found += list(_find(base, place, max_age, uid))
        except FileError as error:
            failures.append(str(error))
    return found, failures


def _find(base: Path, place: _Place, max_age: float, uid: int) -> Iterator[Leftover]:
    for directory in owned_directories(base, place.parts, uid):
        yield from find_leftovers(
            directory, files=place.files, trees=place.trees, min_age=max_age, uids=(uid,)
        )


class Lives:
    """What still lives: sessions by the registry, Claude processes, sockets that are bound."""

    def __init__(self, environ: Mapping[str, str], uid: int, settings: Cleanup) -> None:
        self._home = config_dir(environ, uid)
        claudes = [sample for sample in look(settings).values() if sample.kind == CLAUDE]
        ages = [age_seconds(sample.stat.start_ticks) for sample in claudes]
        self._oldest = max(ages, default=0.0)
        self._sockets = bound_sockets()

    def claim(self, leftover: Leftover) -> str:
        """Why somebody who lives may come back to it; "" where nobody does."""
        if leftover.sockets and self._sockets is None:
            return "whether its sockets are bound cannot be seen"
        if self._sockets and not self._sockets.isdisjoint(leftover.sockets):
            return "a socket in it is bound"
        if leftover.directory.name == "sessions" and leftover.directory.parent == self._home:
            dead = self._is_of_a_dead_process(leftover)
            return "" if dead else "its process is not known to be dead"
        # Whatever a session has, it made after it began.
        if self._oldest and leftover.age_seconds <= self._oldest + _STARTING_SECONDS:
            return "a Claude that runs is older"
        return ""

    def _is_of_a_dead_process(self, leftover: Leftover) -> bool:
        named = _ENTRY.fullmatch(leftover.name)
        try:
            entry = parse_entry(leftover.path)
        except FileError:  # not an entry that we know
            return False
        stat = read_stat(int(named[1])) if named else None
        return stat is None or not entry.is_of(stat.start_ticks)


def _what(file: TempFile) -> str:
    return Path(file.path).parent.name if "/tasks/" not in file.path else "output of a task"
