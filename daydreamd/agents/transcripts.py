"""Claude Code's transcripts: when one was last written to, and if it can be resumed or is finished.

They lie in a tree that anybody with the user's rights may have filled, so every look is bounded in
entries, depth and bytes, and opens nothing but regular files. What goes beyond is not known, and
records of unknown kinds are passed over. A torn last line is normal: somebody was writing.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.json_files import read_json

SESSION_ID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_MOST_ENTRIES: Final = 20_000
_DEEPEST: Final = 8
_HEAD_BYTES: Final = 1 << 20
_TAIL_BYTES: Final = 256 << 10
_ENDS: Final = ("end_turn", "stop_sequence")
_MOST_LISTS: Final = 50
_NOT_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class _Line(msgspec.Struct, rename="camel"):
    """The keys of a transcript's line that tell a person's prompt from everything else."""

    type: str = ""
    is_meta: bool = False
    is_sidechain: bool = False


def newest_transcript(projects: Path, session_id: str, cwd: str) -> tuple[float, str] | None:
    """When the session was last written to, and by which file.

    A resumed session may go on under another id: with a `cwd`, whatever was written for that
    directory counts too. FileError where there is too much to look at.
    """
    found = []
    if SESSION_ID.fullmatch(session_id):
        for project in _below(projects):
            found += _files(f"{project}/{session_id}.jsonl")
            found += _tree(f"{project}/{session_id}")  # its sub-agents'
    if cwd:
        for path in _below(projects / re.sub(r"[^A-Za-z0-9]", "-", cwd)):
            found += _files(path) if path.endswith(".jsonl") else []
    return max(found, default=None)


def can_be_resumed(projects: Path, session_id: str) -> bool:
    """Whether a transcript of that session holds a prompt: without one there is nothing to resume.

    FileError, OSError where it cannot be read.
    """
    if not SESSION_ID.fullmatch(session_id):
        return False
    name = f"{session_id}.jsonl"
    return any(_has_prompt(Path(project), name) for project in _below(projects))


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


def _has_prompt(project: Path, name: str) -> bool:
    if not _files(f"{project}/{name}"):
        return False
    head = read_beneath(project, name, max_bytes=_HEAD_BYTES)
    *lines, torn = head.split(b"\n")
    is_cut = len(head) == _HEAD_BYTES  # a picture in the first prompt is larger than what is read
    return any(map(_is_prompt, lines)) or (is_cut and b'"user"' in torn) or _is_prompt(torn)


def _is_prompt(line: bytes) -> bool:
    try:
        said = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, RecursionError):  # torn, of another version, or nested too deep
        return False
    return said.type == "user" and not said.is_meta and not said.is_sidechain


def _below(directory: Path | str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            found = [entry.path for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False)]
    except OSError as error:
        if error.errno in _NOT_THERE:
            return []
        raise
    if len(found) == _MOST_ENTRIES:
        raise FileError(f"too many entries in {directory}", path=directory)
    return found


def _files(path: str) -> list[tuple[float, str]]:
    """The file's time of writing and its name, if there is such a file."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - a path as text, asked for each of thousands
    except OSError as error:
        if error.errno in _NOT_THERE:
            return []
        raise
    return [(facts.st_mtime, Path(path).stem)] if stat.S_ISREG(facts.st_mode) else []


def _tree(root: str) -> Iterator[tuple[float, str]]:
    """All transcripts below a directory; links are not followed."""
    left, queue = _MOST_ENTRIES, [(root, 0)]
    for directory, depth in queue:
        if depth > _DEEPEST:
            raise FileError(f"nested too deep below {root}", path=root)
        for path in _below(directory):
            left -= 1
            if left < 0:
                raise FileError(f"too many entries below {root}", path=root)
            if path.endswith(".jsonl"):
                yield from _files(path)
            elif stat.S_ISDIR(os.lstat(path).st_mode):
                queue.append((path, depth + 1))


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
            items = read_json(path, list[object])
        except FileError:
            return True
        if any(isinstance(item, dict) and item.get("status") != "completed" for item in items):
            return True
    return False
