"""A search of workspaces as they lie on disk, with which claims are held against the code.

Bounded in bytes and in time; no link is followed and nothing of a workspace is run. What could not
be searched is unknown, and what is unknown refutes nothing: each answer says whether it is whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.disks import ask_disk
from daydreamd.records.workspace import Excerpt
from daydreamd.text.masking import is_code

_MOST_BYTES: Final = 24 << 20
_MOST_FILE_BYTES: Final = 1 << 20
_READING_SECONDS: Final = 6.0
_SEARCHING_SECONDS: Final = 8.0
_MOST_PLACES: Final = 400
_MOST_LINE: Final = 500


class Place(NamedTuple):
    """A line of a workspace's file."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Occurrences(NamedTuple):
    """Where something stands. Unless it is `whole`, it may stand elsewhere, too."""

    found: tuple[Place, ...] = ()
    whole: bool = False


class Search(Protocol):
    """What can be asked of the workspaces by their names."""

    def places(self, workspace: str, name: str) -> Occurrences:
        """The lines on which `name` stands as a word."""

    def text(self, workspace: str, path: str) -> str | None:
        """A whole file; None where it is not known."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace to search: its directory, its files, and whether these are all that it has."""

    root: Path
    files: tuple[str, ...]
    whole: bool = True


class TextSearch:
    """Searches texts in memory, by workspace and path; `whole` says whether these are all."""

    def __init__(self, texts: Mapping[tuple[str, str], str], *, whole: bool = True) -> None:
        self._texts = texts
        self._whole = whole

    def places(self, workspace: str, name: str) -> Occurrences:
        here = ((path, text) for (owner, path), text in self._texts.items() if owner == workspace)
        found = [place for path, text in here for place in _places_in(path, text, name)]
        return Occurrences(tuple(found[:_MOST_PLACES]), self._whole and len(found) <= _MOST_PLACES)

    def text(self, workspace: str, path: str) -> str | None:
        return self._texts.get((workspace, path)) if self._whole else None


def search_excerpts(excerpts: Sequence[Excerpt]) -> TextSearch:
    """A search of nothing but what was shown, which proves no absence.

    The lines of an excerpt keep their numbers.
    """
    texts: dict[tuple[str, str], str] = {}
    for page in sorted(excerpts, key=lambda page: page.first_line):
        before = texts.get((page.workspace, page.path), "")
        gap = page.first_line - 1 - before.count("\n")
        texts[page.workspace, page.path] = before + "\n" * max(0, gap) + page.text + "\n"
    return TextSearch(texts, whole=False)


class FileSearch:
    """Searches the files of workspaces, each read once when its workspace is first asked about."""

    def __init__(self, snapshots: Mapping[str, Snapshot]) -> None:
        self._snapshots = snapshots
        self._texts: dict[str, tuple[dict[str, str], bool]] = {}
        self._known: dict[tuple[str, str], Occurrences] = {}
        self._left = _SEARCHING_SECONDS

    def places(self, workspace: str, name: str) -> Occurrences:
        if (workspace, name) not in self._known:
            began = time.monotonic()
            self._known[workspace, name] = self._look_for(workspace, name)
            self._left -= time.monotonic() - began
        return self._known[workspace, name]

    def text(self, workspace: str, path: str) -> str | None:
        return self._files(workspace)[0].get(path)

    def _look_for(self, workspace: str, name: str) -> Occurrences:
        if self._left <= 0:
            return Occurrences()
        texts, whole = self._files(workspace)
        found: list[Place] = []
        give_up = time.monotonic() + self._left
        for path, text in texts.items():
            found += _places_in(path, text, name)
            if len(found) > _MOST_PLACES or time.monotonic() > give_up:
                return Occurrences(tuple(found[:_MOST_PLACES]))
        return Occurrences(tuple(found), whole)

    def _files(self, workspace: str) -> tuple[dict[str, str], bool]:
        if workspace not in self._texts:
            self._texts[workspace] = _read(self._snapshots.get(workspace))
        return self._texts[workspace]


def _read(snapshot: Snapshot | None) -> tuple[dict[str, str], bool]:
    """The texts of a workspace, and whether they are all there is."""
    if snapshot is None:
        return {}, False
    reader = _Reader(snapshot)
    try:
        ask_disk(snapshot.root, partial(reader.read), seconds=_READING_SECONDS + 1)
    except OSError:  # silent, or a dead mount: what has come is kept, and is not all
        return dict(reader.texts), False
    return reader.texts, reader.whole


class _Reader:
    """Reads files until bytes or seconds are spent, in a thread that may be left behind."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.texts: dict[str, str] = {}
        self.whole = snapshot.whole

    def read(self) -> None:
        left, give_up = _MOST_BYTES, time.monotonic() + _READING_SECONDS
        for path in sorted(self._snapshot.files, key=lambda path: not is_code(path)):
            if left <= 0 or time.monotonic() > give_up:
                self.whole = False
                return
            try:
                data = read_beneath(self._snapshot.root, path, max_bytes=_MOST_FILE_BYTES)
            except FileError:  # gone meanwhile, or nothing to read
                continue
            if b"\0" not in data[:8192]:
                self.texts[path] = data.decode(errors="replace")
                left -= len(data)


def _places_in(path: str, text: str, name: str) -> Iterator[Place]:
    if not name or name not in text:
        return
    word = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    line, counted = 1, 0
    for found in word.finditer(text):
        start = found.start()
        newlines = text.count("\n", counted, start)
        if counted and not newlines:
            continue  # once a line is enough
        line, counted = line + newlines, max(start, 1)
        begin = text.rfind("\n", 0, start) + 1
        end = text.find("\n", start)
        yield Place(path, line, text[begin : end if end >= 0 else None][:_MOST_LINE])
