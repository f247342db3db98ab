"""Lays one source of settings over another, value by value.

A wrong value falls alone: to its default, with a `Fault`. Under `cleanup` it also turns its rule
into report-only, however right the layers above are. An array of tables in a higher layer replaces
the whole array below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.entries import read_entries
from daydreamd.settings.faults import Fault, Faults, Path
from daydreamd.settings.group import Group
from daydreamd.settings.keys import find_key
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import checked_value, entry_of, group_of

_G = TypeVar("_G", bound=Group)
_DEFAULTS: Final = Settings()


class Layers:
    """Takes sources from the lowest to the highest; `finish()` gives what they come to."""

    def __init__(self) -> None:
        self._settings = _DEFAULTS
        self._faults = Faults()

    def lay(self, source: str, table: Mapping[str, Any], *, is_text: bool = False) -> None:
        """Lay `table` on top. `source` names it in faults; `is_text`: its values are texts."""
        self._faults.source = source
        laying = _Laying(self._faults, is_text)
        self._settings = laying.group(self._settings, _DEFAULTS, table, ())

    def broken(self, source: str, reason: str) -> None:
        """A source that cannot be read at all: what it says of cleanup is unknown."""
        self._faults.source = source
        using = "the settings without this file"
        self._faults.add((), reason, using=using, report_only="cleanup")

    def shown_key(self, source: str) -> None:
        """A key that other users may read is not used, so that its owner notices."""
        self._faults.source = source
        reason = f"everybody may read it here; `chmod o-r {source}`, or see model.api_key_file"
        self._faults.add(("model", "api_key"), reason, using="no key from this file")

    def take_key(self, environ: Mapping[str, str]) -> None:
        """The key of the model server from where the settings say that it is."""
        model = self._settings.model
        if model.api_key:
            return
        self._faults.source = model.api_key_file or "credential api_key"
        try:
            key = find_key(model.api_key_file, environ)
        except ValueError as error:
            self._faults.add(("model", "api_key_file"), str(error), using="no key")
            return
        model = msgspec.structs.replace(model, api_key=key)
        self._settings = msgspec.structs.replace(self._settings, model=model)

    def finish(self) -> tuple[Settings, tuple[Fault, ...]]:
        """The settings in force, and every fault with what is used in its place."""
        faults = self._faults.finished(self._settings)
        cleanup = _only_reporting(self._settings.cleanup, self._faults.report_only)
        return msgspec.structs.replace(self._settings, cleanup=cleanup), faults


class _Laying:
    """One source (file or environment) while it is merged into the settings."""

    def __init__(self, faults: Faults, is_text: bool) -> None:
        self._faults = faults
        self._is_text = is_text

    def group(self, below: _G, default: _G, table: Mapping[str, Any], path: Path) -> _G:
        """`below` with what `table` says; a wrong value takes that of `default`."""
        known = {field.name: field for field in fields(below)}
        changes: dict[str, object] = {}
        for key, raw in table.items():
            where = (*path, key)
            field = known.get(key)
            if field is None:
                self._faults.unknown(where, raw, known)
            elif group_of(field.type):
                changes[key] = self._subgroup(
                    getattr(below, key), getattr(default, key), raw, where
                )
            elif entry := entry_of(field.type):
                changes[key] = read_entries(entry, raw, where, self._faults, is_text=self._is_text)
            else:
                changes[key] = self._value(default, field, raw, where)
        return msgspec.structs.replace(below, **changes)

    def _subgroup(self, below: Group, default: Group, raw: Any, where: Path) -> Group:
        if isinstance(raw, Mapping):
            return self.group(below, default, raw, where)
        reason = f"not a table; write [{'.'.join(where)}]"
        self._faults.add(where, reason, raw=raw, using="its defaults")
        return default

    def _value(self, default: Group, field: FieldInfo, raw: Any, where: Path) -> Any:
        try:
            return checked_value(type(default), field, raw, is_text=self._is_text)
        except ValueError as error:
            self._faults.add(where, str(error), raw=raw)
            return getattr(default, field.name)


def _only_reporting(cleanup: Cleanup, rules: set[str]) -> Cleanup:
    """Cleanup with the faulty rules switched to reporting; faulty entries are so already."""
    changes: dict[str, object] = {"dry_run": True} if "cleanup" in rules else {}
    for name in ("claude", "aider", "mcp", "temp", "outputs", "pressure"):
        if f"cleanup.{name}" in rules:
            changes[name] = msgspec.structs.replace(getattr(cleanup, name), enabled=False)
    if "cleanup.other_agents" in rules:
        changes["other_agents"] = msgspec.structs.replace(cleanup.other_agents, end=())
    if "cleanup.left_by_agents" in rules:
        changes["left_by_agents"] = msgspec.structs.replace(cleanup.left_by_agents, end=False)
    if "cleanup.transcripts" in rules:
        changes["transcripts"] = msgspec.structs.replace(cleanup.transcripts, archive=False)
    return msgspec.structs.replace(cleanup, **changes)
