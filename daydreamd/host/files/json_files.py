"""JSON in files that anybody may have written: read as a type, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_text_nofollow

T = TypeVar("T")


def read_json(path: Path, kind: type[T], *, max_bytes: int = 1 << 20) -> T:
    """The document in a regular file, whose last name is no link, as a `kind`.

    FileError, which names the file and the reason, where it cannot be read or is none.
    """
    try:
        return msgspec.json.decode(read_text_nofollow(path, max_bytes=max_bytes), type=kind)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise FileError(f"cannot read {path}: {reason}", path=path) from error
