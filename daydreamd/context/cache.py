"""What was found out about a workspace, kept for as long as nothing in it changes.

One file per workspace in the cache directory, replaced as a whole. A file that is missing, damaged
or of another version is no error: the facts are gathered anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec

from daydreamd import __version__
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath, write_atomically
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.workspace import Excerpt, Workspace

_FORMAT: Final = 3
_MAX_BYTES: Final = 16 << 20


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache holds of a workspace; `key` says of which state of it.

    `ranked` are the files that may be shown, best first. `excerpts` are those of what is new, None
    where nobody has asked for them yet.
    """

    key: str
    facts: WorkspaceFacts
    excerpts: tuple[Excerpt, ...] | None = None
    ranked: tuple[str, ...] = ()


def make_key(workspace: Workspace, *, now: float, days: int, state: Sequence[Any]) -> str:
    """Names everything that the facts depend on: state, settings, our version, and the day, as
    facts of the last week move on without a change. `days` is how far back news are looked for."""
    day = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
    parts = [_FORMAT, __version__, day, days, msgspec.to_builtins(workspace), *state]
    return blake2b(repr(parts).encode(errors="surrogateescape"), digest_size=16).hexdigest()


def recall(cache: Path, workspace: Workspace, key: str) -> Remembered | None:
    """What is known of the workspace in just this state."""
    try:
        content = read_beneath(cache, _file_name(workspace.path), max_bytes=_MAX_BYTES)
        remembered = msgspec.json.decode(content, type=Remembered)
    except (FileError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return remembered if remembered.key == key else None


async def remember(cache: Path, workspace: Workspace, what: Remembered) -> None:
    """Keep it for the next time. FileError where it cannot be written."""
    await anyio.to_thread.run_sync(make_private, cache)
    await write_atomically(cache / _file_name(workspace.path), msgspec.json.encode(what))


def prune(cache: Path, wanted: Iterable[Path]) -> int:
    """Delete what is remembered of any other workspace; gives the number of files.

    It holds text of their files, and nobody asks for it any more. OSError where it cannot be.
    """
    paths = [os.fspath(path) for path in wanted]
    kept = {name for path in paths for name in names_of(path)}
    old = [file for file in cache.glob("context-*.json") if file.name not in kept]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def make_private(directory: Path) -> None:
    """Make a directory for ourselves. FileError where it cannot be."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make {directory}: {error.strerror}", path=directory) from error


def names_of(path: str) -> tuple[str, str, str]:
    """The files that keep a workspace's facts, what was decided about the work of its repository,
    and what a walk through its refs found."""
    name = _file_name(path)
    return name, name.replace(".json", "-work.json"), name.replace(".json", "-refs.json")


def _file_name(path: str) -> str:
    name = blake2b(path.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    return f"context-{name}.json"
