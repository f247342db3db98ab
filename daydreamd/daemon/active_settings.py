"""The settings in force: read at the start, taken up anew on request, never half.

A reload that finds a fault keeps what is in force. A start that finds a file it cannot read goes on
with what was last in force, kept beside the history, while cleanup only reports: quiet hours and
workspaces must not vanish because of one bracket. Session processes are handed exactly these
settings, as a file in the runtime directory: an edit that nobody has asked to take up, or one that
was refused, must not reach a session by another way.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec

from daydreamd.errors import FileError, SettingsError
from daydreamd.host.files.access import write_atomically
from daydreamd.settings.faults import Fault
from daydreamd.settings.loading import Loaded, load_settings
from daydreamd.settings.places import Scope
from daydreamd.settings.schema import Settings

SNAPSHOT_NAME: Final = "settings.toml"
KEPT_NAME: Final = "settings-in-force.toml"


class ActiveSettings:
    """The settings, and the way to new ones. `read` reads all their sources.

    `kept` is where good settings outlive a restart.
    """

    def __init__(
        self, read: Callable[[], Loaded], snapshot: Path, kept: Path | None = None
    ) -> None:
        self._read = read
        self._kept = kept
        self.snapshot = snapshot
        self.loaded = _with_last_good(read(), kept)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings

    async def write_snapshot(self) -> None:
        """Write the file that session processes read; FileError where it cannot be written."""
        await write_atomically(self.snapshot, as_toml(self.settings))
        if not self.loaded.faults:
            await self._keep(self.settings)

    async def reload(self) -> tuple[str, ...]:
        """Read all sources anew; on a fault the settings stay, and a line for each is returned."""
        try:
            loaded = await anyio.to_thread.run_sync(self._read)
            if loaded.faults:
                return tuple(map(_refusal, loaded.faults))
            await write_atomically(self.snapshot, as_toml(loaded.settings))
        except (SettingsError, FileError) as error:
            return (str(error),)
        self.loaded = loaded
        await self._keep(loaded.settings)
        return ()

    async def _keep(self, settings: Settings) -> None:
        if self._kept is None:
            return
        model = msgspec.structs.replace(settings.model, api_key="")  # a secret stays where it is
        text = as_toml(msgspec.structs.replace(settings, model=model))
        with contextlib.suppress(FileError):  # a full disk must stop neither start nor reload
            await write_atomically(self._kept, text)


def _with_last_good(loaded: Loaded, kept: Path | None) -> Loaded:
    """`loaded`, but where a file was unreadable what was last in force, without cleanup and key."""
    unread = [fault for fault in loaded.faults if not fault.key and fault.report_only == "cleanup"]
    if not unread or kept is None:
        return loaded
    try:
        since = datetime.fromtimestamp(kept.stat().st_mtime).astimezone()
        last = load_settings(kept, environ={})
    except (OSError, SettingsError):
        return loaded
    if last.faults:  # of another version
        return loaded
    model = msgspec.structs.replace(last.settings.model, api_key=loaded.settings.model.api_key)
    settings = msgspec.structs.replace(last.settings, cleanup=loaded.settings.cleanup, model=model)
    using = f"what was in force since {since:%Y-%m-%d %H:%M}, with cleanup only reporting"
    faults = tuple(
        msgspec.structs.replace(fault, using=using) if fault in unread else fault
        for fault in loaded.faults
    )
    return msgspec.structs.replace(loaded, settings=settings, faults=faults)


def reader(config: Path | None, scope: Scope, environ: Mapping[str, str]) -> Callable[[], Loaded]:
    """Reads the settings as the command line asked for them."""
    return lambda: load_settings(config, environ=environ, scope=scope)


def _refusal(fault: Fault) -> str:
    what = f"{fault.key} = {fault.value}" if fault.value else fault.key
    return f"settings: {fault.file}: {what + ': ' if what else ''}{fault.reason}"


def as_toml(settings: Settings) -> str:
    """Every setting as a TOML document that reads back as the same settings."""
    plain: Mapping[str, object] = msgspec.to_builtins(settings, enc_hook=str)
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
