"""The screen of `daydreamd check`: the files that were read, and each setting as one writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daydreamd.settings.faults import Fault, is_secret
from daydreamd.settings.group import Group
from daydreamd.settings.loading import Loaded
from daydreamd.settings.schema import Settings
from daydreamd.text import visible
from daydreamd.units import Duration, Size, say_count


class SettingsDocument(msgspec.Struct, frozen=True):
    """What `check --json` prints. `settings` are written as in a file, without secrets."""

    ok: bool
    files: tuple[str, ...]
    faults: tuple[Fault, ...]
    settings: Any


def settings_document(loaded: Loaded, faults: tuple[Fault, ...]) -> SettingsDocument:
    """The document of `check --json`."""
    files = tuple(map(str, loaded.files))
    return SettingsDocument(not faults, files, faults, _as_written(loaded.settings))


def say_settings(loaded: Loaded, count: int, *, everything: bool) -> Iterator[str]:
    """The files, the number of faults, and what is in force: all of it, or what is no default."""
    yield from _files(loaded.files)
    yield f"{say_count(count, 'fault') if count else 'No faults'}."
    usual = dict(_flat(_as_written(Settings()), ""))
    lines = [
        f"  {key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in _flat(_as_written(loaded.settings), "")
        if everything or usual.get(key) != value
    ]
    if lines:
        yield "In force:" if everything else "In force where it is not the default:"
        yield from map(visible, lines)


def _files(files: Sequence[Path]) -> Iterator[str]:
    if not files:
        yield "There is no settings file: the defaults are in force."
        return
    yield "Read, the later over the earlier:"
    yield from (f"  {file}" for file in files)


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """`("schedule.interval", "6h")`; the entries of a list of tables are counted from 1."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, 1):
            yield from _flat(item, f"{path}[{number}]")
    else:
        yield path, value


def _as_written(value: Any) -> Any:
    """Settings as they are written in a file; keys and passwords are not shown."""
    match value:
        case Group():
            return {
                name: "…" if is_secret(name, inner) else _as_written(inner)
                for name, inner in msgspec.structs.asdict(value).items()
            }
        case tuple():
            return [_as_written(item) for item in value]
        case Duration() | Size():
            return str(value)
        case _:
            return value
