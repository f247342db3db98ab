"""The settings in force: read at the start, taken up anew on request, never half.

A reload that finds a fault keeps what is in force. Session processes are handed exactly these
settings, as a file in the runtime directory: an edit that nobody has asked to take up, or one that
was refused, must not reach a session by another way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec

from daydreamd.errors import FileError, SettingsError
from daydreamd.host.files import write_atomically
from daydreamd.settings.faults import Fault
from daydreamd.settings.loading import Loaded, load_settings
from daydreamd.settings.model import Settings

SNAPSHOT_NAME: Final = "settings.toml"


class InForce:
    """The settings, and the way to new ones. `read` reads all their sources."""

    def __init__(self, read: Callable[[], Loaded], snapshot: Path) -> None:
        self._read = read
        self.snapshot = snapshot
        self.loaded = read()

    @property
    def settings(self) -> Settings:
        """The settings that count now."""
        return self.loaded.settings

    async def write_snapshot(self) -> None:
        """Hand the settings to the sessions to come."""
        await write_atomically(self.snapshot, as_toml(self.settings))

    async def reload(self) -> list[str]:
        """Take up the settings as they are now, or say line by line why not."""
        try:
            loaded = await anyio.to_thread.run_sync(self._read)
            if loaded.faults:
                return [_refusal(fault) for fault in loaded.faults]
            await write_atomically(self.snapshot, as_toml(loaded.settings))
        except (SettingsError, FileError) as error:
            return [str(error)]
        self.loaded = loaded
        return []


def reader(config: Path | None, scope: Any, environ: Mapping[str, str]) -> Callable[[], Loaded]:
    """Reads the settings as the command line asked for them."""
    return lambda: load_settings(config, environ=environ, scope=scope)


def _refusal(fault: Fault) -> str:
    what = f"{fault.key} = {fault.value}" if fault.value else fault.key
    return f"settings: {fault.file}: {what + ': ' if what else ''}{fault.reason}"


def as_toml(settings: Settings) -> str:
    """Every setting as a TOML document that reads back as the same settings."""
    plain: dict[str, Any] = msgspec.to_builtins(settings, enc_hook=str)
    return "".join(f"{key} = {_inline(value)}\n" for key, value in plain.items())


def _inline(value: Any) -> str:
    match value:
        case dict():
            pairs = (f"{key} = {_inline(one)}" for key, one in value.items() if one is not None)
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case str():
            # A JSON string is a TOML string, but for the one control character JSON leaves bare.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return json.dumps(value)
