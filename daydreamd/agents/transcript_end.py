"""Whether a Claude session was seen to have finished: by the end of its transcript and its to-dos.

Only the end of a transcript is read. Records of unknown kinds are passed over; a torn last line is
normal and says that somebody was writing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files import read_text_nofollow

_TAIL_BYTES: Final = 256 << 10
_ENDS: Final = ("end_turn", "stop_sequence")
_MOST_LISTS: Final = 50


def has_finished(transcript: Path, todos: Path) -> bool:
    """Whether the last turn ended with an answer, and no to-do of the session is open."""
    for record in _records(transcript):
        match record.get("type"):
            case "assistant":
                message = record.get("message")
                ended = isinstance(message, dict) and message.get("stop_reason") in _ENDS
                return ended and not _has_open_todos(todos, transcript.stem)
            case "user":
                return False  # it was asked, and has not answered
    return False


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of the transcript's end, the last one first."""
    for line in reversed(_tail(path).splitlines()):
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _tail(path: Path) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(path, flags)
    except OSError:  # gone, or a link: then nothing was seen
        return b""
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode):
            return b""
        return os.pread(file, _TAIL_BYTES, max(0, facts.st_size - _TAIL_BYTES))
    finally:
        os.close(file)


def _has_open_todos(directory: Path, session_id: str) -> bool:
    """Whether a list of the session has an item that is not completed; unreadable counts as one."""
    lists = sorted(directory.glob(f"{session_id}*.json"))
    if len(lists) > _MOST_LISTS:
        return True
    for path in lists:
        try:
            items = msgspec.json.decode(read_text_nofollow(path))
        except (FileError, msgspec.DecodeError, RecursionError):
            return True
        if not isinstance(items, list):
            return True
        if any(isinstance(item, dict) and item.get("status") != "completed" for item in items):
            return True
    return False
