"""What types cannot say of a setting: bounds of durations, paths, globs, quiet hours.

Every check takes a typed value and raises ValueError with the reason and what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from daydreamd.settings.cleanup import (
    Cleanup,
    CleanupAgents,
    CleanupKind,
    CleanupLeft,
    CleanupLog,
    CleanupPressure,
    CleanupTemp,
    UserKind,
)
from daydreamd.settings.group import Group
from daydreamd.settings.quiet_hours import parse_quiet_hours
from daydreamd.settings.schema import Analysis, Insights, Model, Observe, Schedule, WorkspaceSetting
from daydreamd.units import Duration

Check = Callable[[Any], object]


def _at_least(text: str) -> Check:
    least = Duration.parse(text)

    def check(value: Duration) -> None:
        if value < least:
            raise ValueError(f"at least {text}")

    return check


def _analysis_timeout(value: Duration) -> None:
    _at_least("1s")(value)
    if value > Duration.parse("5m"):
        raise ValueError("at most 5m")


def _stall(value: Duration) -> None:
    _at_least("1ms")(value)
    if value > Duration.parse("2s"):
        raise ValueError("at most 2s, which is the whole window")


def _each(check: Check) -> Check:
    def check_all(values: tuple[Any, ...]) -> None:
        for value in values:
            check(value)

    return check_all


def _glob(value: str) -> None:
    if not value.strip():
        raise ValueError("holds an empty glob")


def _pointed_glob(value: str) -> None:
    """A glob that decides what is ended or removed must not fit everything."""
    _glob(value)
    if not value.strip("*?[]!/. "):
        raise ValueError("holds a glob that fits everything")


def _absolute(value: str) -> None:
    if not value.startswith(("/", "~")):
        raise ValueError("not an absolute path; begin it with / or ~/")


def _absolute_or_empty(value: str) -> None:
    if value:
        _absolute(value)


def _temp_directory(value: str) -> None:
    _absolute(value)
    if not value.strip("/~. "):
        raise ValueError("too wide; name a directory for temp files")


_AGENTS: Final = (
    "codex", "gemini", "copilot", "opencode", "cursor-agent", "qwen", "goose", "amp", "crush",
    "droid",
)  # fmt: skip


def _agent(value: str) -> None:
    if value not in _AGENTS:
        raise ValueError(f"not an agent that is known; write some of {', '.join(_AGENTS)}")


VALUE_CHECKS: Final[dict[tuple[type[Group], str], Check]] = {
    (Schedule, "interval"): _at_least("1s"),
    (Schedule, "retry_when_busy"): _at_least("1s"),
    (Schedule, "quiet_hours"): _each(parse_quiet_hours),
    (Analysis, "timeout"): _analysis_timeout,
    (Model, "api_key_file"): _absolute_or_empty,
    (WorkspaceSetting, "path"): _absolute,
    (WorkspaceSetting, "exclude"): _each(_glob),
    (Cleanup, "observe"): _at_least("100ms"),  # two samples without a gap prove nothing
    (CleanupKind, "protect"): _each(_glob),
    (CleanupAgents, "end"): _each(_agent),
    (CleanupAgents, "protect"): _each(_glob),
    (CleanupLeft, "protect"): _each(_glob),
    (UserKind, "protect"): _each(_glob),
    (UserKind, "exe"): _each(_pointed_glob),
    (UserKind, "script"): _each(_pointed_glob),
    (CleanupTemp, "directories"): _each(_temp_directory),
    (CleanupTemp, "patterns"): _each(_pointed_glob),
    (CleanupPressure, "stall"): _stall,
    (CleanupPressure, "file"): _absolute_or_empty,
    (CleanupPressure, "backoff"): _at_least("1s"),
    (CleanupLog, "path"): _absolute,
    (CleanupLog, "pidfile"): _absolute_or_empty,
    (Insights, "directory"): _absolute_or_empty,
    (Observe, "watch_agents"): _at_least("1s"),
}


def _log_entry(entry: CleanupLog) -> None:
    if entry.reopen == "signal" and not entry.pidfile:
        raise ValueError('reopen = "signal" needs a pidfile')


def _user_kind(entry: UserKind) -> None:
    if not entry.exe and not entry.script:
        raise ValueError("needs exe or script")
    if entry.name in {"claude", "aider", "mcp", "temp", "logs", "other_agents", "left_by_agents"}:
        raise ValueError(f'"{entry.name}" is the name of a rule that exists')


ENTRY_CHECKS: Final[dict[type[Group], Check]] = {CleanupLog: _log_entry, UserKind: _user_kind}


def claims(entry: Group) -> list[tuple[str, str]]:
    """What an entry of an array of tables claims for itself: no other may claim the same."""
    match entry:
        case WorkspaceSetting(path=path, name=name):
            return [("path", path.rstrip("/"))] + ([("name", name)] if name else [])
        case CleanupLog(path=path):
            return [("path", path)]
        case UserKind(name=name):
            return [("name", name)]
    return []
