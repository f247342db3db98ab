"""What a walk through the refs found, kept for as long as all of them are where they were.

Which commits only a reflog knows, and which branches git would remove without being forced: both
take git a walk, and neither changes while no ref does.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from daydreamd.context.cache import make_private, names_of
from daydreamd.context.unsaved_refs import Logged
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath, replace_file


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found while the refs were as `key` says."""

    key: str
    logged: tuple[Logged, ...] = ()
    reached: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()
    """The safe branches among which `reached` are those that need no force."""


def make_walk_key(parts: Iterable[Any]) -> str:
    """Names a state of all refs."""
    return blake2b(repr(list(parts)).encode(errors="surrogateescape"), digest_size=16).hexdigest()


def recall_walk(cache: Path, workspace: str, key: str) -> Walked | None:
    """What was found in just this state."""
    try:
        content = read_beneath(cache, names_of(workspace)[2], max_bytes=4 << 20)
        walked = msgspec.json.decode(content, type=Walked)
    except (FileError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return walked if walked.key == key else None


def remember_walk(cache: Path, workspace: str, walked: Walked) -> None:
    """Keep it for the next look; where that cannot be, the walk is taken again."""
    try:
        make_private(cache)
        replace_file(cache / names_of(workspace)[2], msgspec.json.encode(walked))
    except (FileError, UnicodeEncodeError):
        return
