"""Writes `etc/daydreamd.toml`: every setting with its sentence, its unit and its default.

The file is kept in the repository, and a test holds it against what this makes of the structs.
"""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import FieldInfo, fields

from daydreamd.settings.faults import say_value
from daydreamd.settings.group import Group
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import bare_type, entry_of, group_of
from daydreamd.units import Duration, Size

_HEAD: Final = """\
# daydreamd's settings. Every setting stands here with its default; what is not set takes it.
#
# This file is /etc/daydreamd/daydreamd.toml, or ~/.config/daydreamd/daydreamd.toml for one user.
# Over it lie conf.d/*.toml beside it, then the environment (DAYDREAMD_SCHEDULE__INTERVAL=1h).
# A list, or a [[table]], replaces the whole one below it.
#
# Durations are written "6h", "1h30m", "90s"; sizes "500MiB", "2GiB", "50MB".
# A wrong value is named and takes its default; under [cleanup] its rule then only reports.
# `daydreamd check` says what is read and what is wrong.
"""
_WIDTH: Final = 96
_UNITS: Final = {
    Duration: "duration", Size: "size", int: "whole number", float: "number", bool: "", str: "text",
}  # fmt: skip
_EXAMPLES: Final[dict[str, object]] = {
    "workspaces.path": "~/src/app",
    "workspaces.model": "qwen2.5-coder:7b",
    "cleanup.logs.path": "/var/tmp/app/app.log",
    "cleanup.kinds.name": "codex",
    "cleanup.kinds.exe": ("*/codex",),
}
"""What stands in the commented tables for settings that have no default."""


def render_sample() -> str:
    """The text of `etc/daydreamd.toml`: every setting with its sentence, unit and default."""
    return _HEAD + "".join(_tables(Settings(), "", ""))


def _tables(group: Group, path: str, about: str) -> Iterator[str]:
    """The group's own table, then those within it."""
    known = fields(group)
    if path:
        yield f"\n{_comment(about)}[{path}]\n"
        for field in known:
            if not group_of(field.type) and not entry_of(field.type):
                yield _setting(field, getattr(group, field.name))
    for field in known:
        inner = f"{path}.{field.name}" if path else field.name
        if entry := entry_of(field.type):
            yield from _commented_entry(entry, inner)
        elif kind := group_of(field.type):
            said = [meta.description for meta in _metas(field)]
            about = " ".join([*said, _sentence_of(kind)])
            yield from _tables(getattr(group, field.name), inner, about)


def _commented_entry(kind: type[Group], path: str) -> Iterator[str]:
    yield f"\n{_comment(_sentence_of(kind) + ' One such table for each.')}#[[{path}]]\n"
    for field in fields(kind):
        lines = _setting(field, _EXAMPLES.get(f"{path}.{field.name}", field.default))
        yield "".join(f"#{line}\n" for line in lines.splitlines())


def _setting(field: FieldInfo, value: Any) -> str:
    written = f'"{value}"' if isinstance(value, Duration | Size) else say_value("", value)
    unit = f"  # {_unit(field)}" if _unit(field) else ""
    return f"{_comment(_metas(field)[0].description)}{field.name} = {written}{unit}\n"


def _unit(field: FieldInfo) -> str:
    """What may be written: the kind of value and its bounds."""
    kind, meta = bare_type(field.type), _metas(field)[0]
    if typing.get_origin(kind) is typing.Literal:
        return " | ".join(typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return "list of texts"
    low = f" from {meta.ge:g}" if meta.ge is not None else ""
    high = f" to {meta.le:,}" if meta.le is not None else ""
    return _UNITS.get(kind, "text") + low + high


def _metas(field: FieldInfo) -> tuple[Any, ...]:
    return typing.get_args(field.type)[1:]


def _sentence_of(kind: type[Group]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH))
