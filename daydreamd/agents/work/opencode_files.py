"""Which of opencode's sessions changed, in its database and in the JSON tree of older versions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daydreamd.agents.work import opencode
from daydreamd.agents.work.trace import Trace
from daydreamd.agents.work.transcript_cache import Known, Memory
from daydreamd.errors import DaydreamError, FileError
from daydreamd.host.databases import look_into
from daydreamd.host.files.following import FileMark, own_file, own_files
from daydreamd.host.files.json_files import read_json
from daydreamd.host.threads import in_spare_thread

if TYPE_CHECKING:
    from daydreamd.agents.work.reading import Readings

_DATABASE_SECONDS: Final = 20.0
_MOST_FILES: Final = 20_000
_MOST_PARTS: Final = 20_000
_FILE_BYTES: Final = 4 << 20


async def read_opencode(
    place: Path, memory: Memory, readings: Readings, *, since: float, until: float
) -> None:
    """The sessions below `place` (`~/.local/share/opencode`), into `readings`."""
    await _read_database(place / "opencode.db", memory, readings, since=since, until=until)
    sessions, _ = await in_spare_thread(
        partial(own_files, place / "storage/session", suffixes=(".json",), most=2_000, deepest=2)
    )
    for mark in sessions:
        if mark.changed / 1e9 >= since:
            await _read_session(place / "storage", mark, memory, readings, until)


async def _read_database(
    path: Path, memory: Memory, readings: Readings, *, since: float, until: float
) -> None:
    mark = await in_spare_thread(partial(_mark_of, path))
    if mark is None or (since and mark.changed / 1e9 < since):
        return
    known = memory.files.get(mark.path)
    if known is None or not known.is_as(mark):
        readings.changed = True
        seen = max((trace.end for trace in known.traces), default=0.0) if known else 0.0
        seconds = min(_DATABASE_SECONDS, until - time.monotonic())
        if seconds <= 0:
            readings.unread += 1
            return
        ask = partial(opencode.changed, since=max(seen - 1, since))
        try:
            fresh = await in_spare_thread(partial(look_into, path, ask, deadline=seconds))
        except DaydreamError as error:
            readings.faults.append(str(error))
            fresh = []
        known = _with(mark, known, fresh, is_whole=not readings.faults)
        memory.files[mark.path] = known
    readings.traces += [(trace, mark.path) for trace in known.traces]


def _with(mark: FileMark, known: Known | None, fresh: list[Trace], *, is_whole: bool) -> Known:
    traces = {trace.id: trace for trace in known.traces} if known else {}
    traces |= {trace.id: trace for trace in fresh}
    for trace in fresh:
        trace.settle()
    return Known(
        inode=mark.inode, size=mark.size, changed=mark.changed, is_whole=is_whole,
        traces=list(traces.values()),
    )  # fmt: skip


def _mark_of(path: Path) -> FileMark | None:
    """The database's, which changes with its log of writes too."""
    mark, log = own_file(path), own_file(Path(f"{path}-wal"))
    if mark is None or log is None:
        return mark
    changed = max(mark.changed, log.changed)
    return FileMark(mark.path, mark.inode, mark.size + log.size, changed)


async def _read_session(
    storage: Path, mark: FileMark, memory: Memory, readings: Readings, until: float
) -> None:
    known = memory.files.get(mark.path)
    if known is None or not known.is_as(mark):
        if time.monotonic() > until:
            readings.unread += 1
            return
        readings.changed = True
        try:
            trace = await in_spare_thread(partial(_session, storage, Path(mark.path)))
        except FileError as error:
            readings.faults.append(str(error))
            return
        known = _with(mark, None, [trace], is_whole=True)
        memory.files[mark.path] = known
    readings.traces += [(trace, mark.path) for trace in known.traces]


def _session(storage: Path, path: Path) -> Trace:
    session = read_json(path, dict[str, Any], max_bytes=_FILE_BYTES)
    name = str(session.get("id"))
    trace = opencode.read_tree(session, _messages(storage, name))
    try:
        todos = read_json(storage / "todo" / f"{Path(name).name}.json", list[dict[str, Any]])
        trace.todos = [str(todo.get("status")) for todo in todos]
    except FileError:  # no list was made
        pass
    return trace


def _messages(storage: Path, session: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for message in _documents(storage / "message" / Path(session).name):
        parts = _documents(storage / "part" / Path(str(message.get("id"))).name)
        yield message, list(parts)


def _documents(directory: Path) -> Iterator[dict[str, Any]]:
    """The documents in a directory, by their names, which sort as time."""
    marks, _ = own_files(directory, suffixes=(".json",), most=_MOST_PARTS, deepest=0)
    for mark in sorted(marks, key=lambda one: one.path):
        try:
            yield read_json(Path(mark.path), dict[str, Any], max_bytes=_FILE_BYTES)
        except FileError:  # half written, or no object
            continue
