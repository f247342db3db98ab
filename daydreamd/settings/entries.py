"""Arrays of tables, such as `[[workspaces]]` and `[[cleanup.logs]]`: a bad entry falls alone.

A wrong value in an entry takes its default; the entry is left out where it cannot stand without the
value. An entry of `cleanup` with any fault in it only reports.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import fields

from daydreamd.settings.checks import ENTRY_CHECKS, claims
from daydreamd.settings.cleanup import CleanupLog, UserKind
from daydreamd.settings.faults import LEFT_OUT, Faults, Path, say_value
from daydreamd.settings.group import Group
from daydreamd.settings.values import checked_value

_ONLY_REPORTS: Final[dict[type[Group], dict[str, bool]]] = {
    CleanupLog: {"enabled": False},
    UserKind: {"end": False},
}
# What was to be kept from being read must not be read because of a typing error.
_INDISPENSABLE: Final = "exclude"


def read_entries(
    kind: type[Group], raw: Any, path: Path, faults: Faults, *, is_text: bool
) -> tuple[Group, ...]:
    """The entries that can stand, in their order."""
    tables = _tables_from_text(raw) if is_text and isinstance(raw, str) else raw
    if not isinstance(tables, list | tuple):
        reason = f"not a list of tables; write [[{'.'.join(path)}]]"
        faults.add(path, reason, raw=raw, using="none")
        return ()
    taken: dict[tuple[str, str], str] = {}
    entries: list[Group] = []
    for number, table in enumerate(tables, start=1):
        where = (*path[:-1], f"{path[-1]}[{number}]")
        before = len(faults)
        entry = _read_entry(kind, table, where, faults)
        if entry is None or not _stands(entry, where, taken, faults):
            continue
        if len(faults) > before:
            entry = msgspec.structs.replace(entry, **_ONLY_REPORTS.get(kind, {}))
        entries.append(entry)
    return tuple(entries)


def _tables_from_text(text: str) -> object:
    """An environment variable holds the tables as TOML writes them inline."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # not TOML, or nested a thousand deep: said by the caller
        return None


def _read_entry(kind: type[Group], table: Any, where: Path, faults: Faults) -> Group | None:
    """One entry with the values that are right; None where it cannot stand without the others."""
    if not isinstance(table, Mapping):
        faults.add(where, "not a table", raw=table, using=LEFT_OUT)
        return None
    known = {field.name: field for field in fields(kind)}
    values: dict[str, object] = {}
    stands = True
    for key, raw in table.items():
        if key not in known:
            stands &= faults.unknown((*where, key), raw, known) != _INDISPENSABLE
            continue
        try:
            values[key] = checked_value(kind, known[key], raw, is_text=False)
        except ValueError as error:
            fatal = known[key].required or key == _INDISPENSABLE
            using = LEFT_OUT if fatal else say_value(key, known[key].default)
            faults.add((*where, key), str(error), raw=raw, using=using)
            stands &= not fatal
    for name in (name for name, field in known.items() if field.required and name not in table):
        faults.add(where, f"has no {name}", using=LEFT_OUT)
        stands = False
    return kind(**values) if stands else None


def _stands(entry: Group, where: Path, taken: dict[tuple[str, str], str], faults: Faults) -> bool:
    """Whether the entry is sound as a whole, and claims nothing that another has."""
    wrong = ""
    try:
        if check := ENTRY_CHECKS.get(type(entry)):
            check(entry)
    except ValueError as error:
        wrong = str(error)
    for what, value in claims(entry):
        if (what, value) in taken:
            wrong = f"has the {what} of {taken[what, value]}: {value}"
    if wrong:
        faults.add(where, wrong, using=LEFT_OUT)
        return False
    taken.update(dict.fromkeys(claims(entry), ".".join(where)))
    return True
