"""Reading all transcripts: what was added since the last time, the newest files first.

Files that only grow are followed from where reading ended; those that are written anew are read
whole. A file that cannot be read is passed over and told; none stops the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import anyio
import msgspec

from daydreamd.agents.work import aider_history, claude, codex, gemini
from daydreamd.agents.work.growing_lines import follow_lines
from daydreamd.agents.work.opencode_files import read_opencode
from daydreamd.agents.work.trace import Trace
from daydreamd.agents.work.transcript_cache import Known, Memory
from daydreamd.agents.work.transcript_places import TranscriptPlaces
from daydreamd.errors import DaydreamError
from daydreamd.host.files.access import read_text_nofollow
from daydreamd.host.files.disks import NO_ANSWER, ask_disks
from daydreamd.host.files.following import FileMark, own_file, own_files, read_on
from daydreamd.host.threads import in_spare_thread

_MOST_FILES: Final = 20_000
_MOST_BYTES: Final = 16 << 30
_WHOLE_BYTES: Final = 64 << 20
_AT_ONCE: Final = 4


@dataclass(repr=False, eq=False)
class Readings:
    """What was read. `unread` counts transcripts that are not read to their end; `faults` are
    places that could not be looked at, each in a line."""

    traces: list[tuple[Trace, str]] = field(default_factory=list)
    unread: int = 0
    faults: list[str] = field(default_factory=list)
    changed: bool = False


@dataclass(frozen=True)
class _Found:
    """A transcript, and who reads it."""

    agent: str
    mark: FileMark


async def read_transcripts(
    places: TranscriptPlaces,
    memory: Memory,
    *,
    workspaces: Iterable[Path] = (),
    since: float = 0.0,
    seconds: float = 3_600.0,
) -> Readings:
    """Everything that the agents wrote down, into `memory` and out of it.

    Files last written to before `since` (seconds since 1970) are not opened. After `seconds` the
    rest is left for the next time.
    """
    until = time.monotonic() + seconds
    readings = Readings()
    found = await in_spare_thread(partial(_find, places, tuple(workspaces), since, readings))
    found.sort(key=lambda one: one.mark.changed, reverse=True)
    limiter, left = anyio.CapacityLimiter(_AT_ONCE), [_MOST_BYTES]

    async def take(one: _Found) -> None:
        async with limiter:
            await _take(one, memory, readings, until, left)

    async with anyio.create_task_group() as group:
        for one in found:
            group.start_soon(take, one)
    for place in places.opencode:
        await read_opencode(place, memory, readings, since=since, until=until)
    _forget(memory, found, places, since, readings)
    return readings


async def _take(
    one: _Found, memory: Memory, readings: Readings, until: float, left: list[int]
) -> None:
    mark = one.mark
    known = memory.files.get(mark.path)
    if known and known.is_as(mark):
        readings.traces += [(trace, mark.path) for trace in known.traces]
        return
    if time.monotonic() > until or left[0] <= 0:
        readings.unread += 1
        return
    left[0] -= mark.size - (known.offset if known else 0)
    readings.changed = True
    try:
        now = await _read(one, known, until)
    except DaydreamError as error:
        readings.faults.append(str(error))
        return
    for trace in now.traces:
        trace.settle()
    memory.files[mark.path] = now
    if now.is_whole:
        readings.traces += [(trace, mark.path) for trace in now.traces]
    else:
        readings.unread += 1


async def _read(one: _Found, known: Known | None, until: float) -> Known:
    match one.agent:
        case claude.AGENT:
            return await follow_lines(one.mark, known, claude.begin, claude.fold, until=until)
        case codex.AGENT:
            return await follow_lines(one.mark, known, codex.begin, codex.fold, until=until)
        case gemini.AGENT:
            return await _read_gemini(one.mark)
        case _:
            return await _read_aider(one.mark)


async def _whole(mark: FileMark) -> bytes:
    size = min(mark.size, _WHOLE_BYTES)
    return b"".join(
        [chunk async for chunk in read_on(mark.path, start=mark.size - size, most=size)]
    )


def _read_whole(mark: FileMark, traces: list[Trace]) -> Known:
    return Known(
        inode=mark.inode, size=mark.size, changed=mark.changed, is_whole=True, traces=traces
    )


async def _read_gemini(mark: FileMark) -> Known:
    raw = await _whole(mark)
    path = Path(mark.path)
    trace = Trace(agent=gemini.AGENT, id=path.stem)
    trace.saw_place(await in_spare_thread(partial(_project_root, path)))
    if path.suffix == ".json":
        try:
            gemini.read_document(trace, raw)
        except (msgspec.DecodeError, RecursionError):
            trace.skipped += 1  # half written: the next look finds it whole
    else:
        gemini.read(trace, _numbered(raw))
    if not trace.workspace:
        trace.saw_place(_of_hash(path.parent.parent.name, trace.files))
    return _read_whole(mark, [trace])


def _of_hash(name: str, files: Iterable[str]) -> str:
    """The workspace whose path has this SHA-256, as older versions name it: one around a file."""
    around = (str(place) for file in files for place in Path(file).parents)
    return next((one for one in around if sha256(one.encode()).hexdigest() == name), "")


def _project_root(chat: Path) -> str:
    """The workspace of a chat: the file that names it lies beside its directory."""
    try:
        return read_text_nofollow(chat.parent.parent / ".project_root", max_bytes=4_096).strip()
    except DaydreamError:
        return ""


async def _read_aider(mark: FileMark) -> Known:
    raw = await _whole(mark)
    return _read_whole(mark, aider_history.read(str(Path(mark.path).parent), _numbered(raw)))


def _numbered(raw: bytes) -> Iterator[tuple[int, bytes]]:
    return ((at, line) for at, line in enumerate(raw.split(b"\n"), 1) if line.strip())


def _find(
    places: TranscriptPlaces, workspaces: tuple[Path, ...], since: float, readings: Readings
) -> list[_Found]:
    """Every transcript that may have changed, of all disks that answer."""
    asked: dict[str, Callable[[], tuple[str, list[FileMark], bool]]] = {}
    for agent, roots, suffixes, deepest in (
        (claude.AGENT, places.claude, (".jsonl",), 4),
        (codex.AGENT, places.codex, (".jsonl",), 4),
        (gemini.AGENT, places.gemini, (".json", ".jsonl"), 3),
    ):
        for root in roots:
            asked[str(root)] = partial(_look, agent, root, suffixes, deepest)
    if places.aider:
        for workspace in dict.fromkeys(workspaces):
            asked[str(workspace / aider_history.NAME)] = partial(_look_aider, workspace)
    found: list[_Found] = []
    for place, answer in ask_disks(asked).items():
        if isinstance(answer, Exception):
            why = NO_ANSWER if isinstance(answer, TimeoutError) else str(answer)
            readings.faults.append(f"cannot look at {place}: {why}")
            continue
        agent, marks, too_many = answer
        if too_many:
            readings.faults.append(f"too many files in {place}: only {len(marks):,} are looked at")
        found += [_Found(agent, mark) for mark in marks if _counts(agent, mark, since)]
    return found


def _look(
    agent: str, root: Path, suffixes: tuple[str, ...], deepest: int
) -> tuple[str, list[FileMark], bool]:
    marks, too_many = own_files(root, suffixes=suffixes, most=_MOST_FILES, deepest=deepest)
    return agent, marks, too_many


def _look_aider(workspace: Path) -> tuple[str, list[FileMark], bool]:
    mark = own_file(workspace / aider_history.NAME)
    return aider_history.AGENT, [mark] if mark else [], False


def _counts(agent: str, mark: FileMark, since: float) -> bool:
    if mark.changed / 1e9 < since:
        return False
    name = mark.path.rsplit("/", 2)
    match agent:
        case codex.AGENT:
            return name[2].startswith("rollout-")
        case gemini.AGENT:
            return name[1] == "chats" or "/chats/" in mark.path
        case _:
            return True


def _forget(
    memory: Memory, found: list[_Found], places: TranscriptPlaces, since: float, readings: Readings
) -> None:
    """What is no more, once everything was looked at."""
    if since or readings.faults:
        return
    there = {one.mark.path for one in found}
    roots = tuple(f"{place}/" for place in (*places.claude, *places.codex, *places.gemini))
    for path in [one for one in memory.files if one.startswith(roots) and one not in there]:
        del memory.files[path]
        readings.changed = True
