"""A fault in the settings, as it is said to people.

A fault never stops the daemon: it says what was wrong, where, and what is used instead. One under
`cleanup` names the rule that reports and does nothing until it is mended: whoever mistyped a limit
did not ask for the default one to end his processes.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from daydreamd.text import is_secret_name, redact
from daydreamd.units import Size

_LONGEST_VALUE: Final = 60
_RULES: Final = frozenset(
    {
        "claude", "aider", "mcp", "other_agents", "left_by_agents", "temp", "outputs",
        "transcripts", "pressure",
    }
)  # fmt: skip
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(\[\d+\])?")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong. `value` and `using` are written as in the file; `using` may be empty.

    `report_only` names the cleanup rule that reports and does nothing until this is mended.
    """

    file: str
    key: str
    value: str
    reason: str
    using: str = ""
    report_only: str = ""

    def __str__(self) -> str:
        what = f"{self.key} = {self.value}: " if self.value else f"{self.key}: " if self.key else ""
        then = f"Using {self.using}." if self.using else "It is ignored."
        if self.report_only:
            then += f" Until this is mended, {self.report_only} only reports."
        return f"settings: {self.file}: {what}{self.reason}. {then}"


Path = tuple[str, ...]
"""Where a value stands: `("cleanup", "logs[1]", "keep")`; entries are counted from 1."""

NO_VALUE: Final = object()
LEFT_OUT: Final = "nothing in its place"


class Faults:
    """The faults of all sources, as they are found; `source` names the one being read."""

    def __init__(self) -> None:
        self.source = ""
        self.report_only: set[str] = set()
        self._found: list[tuple[Fault, Path]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        path: Path,
        reason: str,
        *,
        raw: object = NO_VALUE,
        using: str | None = None,
        report_only: str | None = None,
    ) -> None:
        """Note a fault. `using=None`: the value at `path` once all sources are read."""
        rule = _rule_of(path) if report_only is None else report_only
        self.report_only.add(rule)
        fault = Fault(
            file=self.source,
            key=say_path(path),
            value="" if raw is NO_VALUE else say_value(path[-1], raw),
            reason=reason,
            using=using or "",
            report_only="" if using == LEFT_OUT else rule,
        )
        self._found.append((fault, path if using is None else ()))

    def unknown(self, path: Path, raw: object, known: Iterable[str]) -> str:
        """Note a key that does not exist; gives the nearest that does, or nothing."""
        nearest = next(iter(difflib.get_close_matches(path[-1][:80], known, n=1, cutoff=0.5)), "")
        hint = f"; the nearest is {say_path((*path[:-1], nearest))}" if nearest else ""
        # Who wrote [clean_up] meant to say something of cleanup, and nobody knows what.
        rule = "cleanup" if path[:-1] == () and nearest == "cleanup" else None
        self.add(path, "no such setting" + hint, raw=raw, using="", report_only=rule)
        return nearest

    def finished(self, settings: Any) -> tuple[Fault, ...]:
        """Every fault, with what `settings` came to use in its place."""
        return tuple(_with_using(fault, path, settings) for fault, path in self._found)


def _with_using(fault: Fault, path: Path, settings: Any) -> Fault:
    if not path:
        return fault
    value = settings
    for name in path:
        value = getattr(value, name)
    return msgspec.structs.replace(fault, using=say_value(path[-1], value))


def _rule_of(path: Path) -> str:
    """The cleanup rule that stops acting because of a fault at `path`; "" where none does."""
    if path[:1] != ("cleanup",):
        return ""
    in_rule = len(path) > 1 and (path[1] in _RULES or path[1].startswith(("logs", "kinds")))
    return ".".join(path[:2]) if in_rule else "cleanup"


def say_path(path: Path) -> str:
    """The key as one would write it in the file."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else say_value("", part) for part in path)


def say_value(name: str, value: object) -> str:
    """A value as one would write it in the file: short, on one line, and never a secret."""
    if is_secret(name, value):
        return '"…"'
    text = _written(value)
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def is_secret(name: str, value: object) -> bool:
    """A value under a name for secrets, misspelt or not, or one that has a secret in it."""
    if not isinstance(value, str) or not value:
        return False
    return is_secret_name(name) or redact(value) != value or (name.endswith("url") and "@" in value)


def _written(value: object) -> str:
    match value:
        case list() | tuple():
            items: Any = value[:_LONGEST_VALUE]
            return "[" + ", ".join(_shallow(item) for item in items) + "]"
        case _:
            return _shallow(value)


def _shallow(value: object) -> str:
    """One item: nested ones are not written out, and huge numbers not in full."""
    match value:
        case list() | tuple():
            return "[…]"
        case Mapping():
            return "{…}"
        case int() if not isinstance(value, bool | Size) and abs(value) > 10**_LONGEST_VALUE:
            return "a huge number"
        case str() | bool():
            return json.dumps(value, ensure_ascii=False)
        case None:
            return "nothing"
        case _:
            return str(value)
