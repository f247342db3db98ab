"""What agents hold on the disk: counted within a few seconds a session, taken up again in the next.

Counting deletes nothing. A round goes through every place once; where a session has no time left,
the next goes on. Until a round is finished its sizes are "at least". Each place is asked in a
thread of its own that can be left behind, so that a dead disk costs one deadline.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.agents.disk_places import HeldPlace, places_held
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath, replace_file
from daydreamd.host.files.counting import SeenLinks, TreeCount
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.processes.open_files import file_system
from daydreamd.records.disk import DiskUse, KindUse, KnownUse

FILE_NAME: Final = "disk_count.bin"
BUDGET_SECONDS: Final = 5.0
_TMPFS: Final = 0x01021994
_ROOT_SECONDS: Final = 1.0
_MOST_SILENT: Final = 2
_STEP_SECONDS: Final = 2.0  # beyond the budget, for the step that is under way
_MAX_BYTES: Final = 64 << 20
_APART: Final = b"node_modules"


class Round(msgspec.Struct):
    """The counting of every place once, as far as it has come."""

    counts: dict[str, TreeCount] = {}
    links: list[tuple[int, int, bytes]] = []


class Steward:
    """Counts what agents hold; `state` is where an unfinished round is kept, None: nowhere."""

    def __init__(self, state: Path | None, uid: int) -> None:
        self._state, self._uid = state, uid
        self._silent: set[str] = set()
        self._silent_of = Counter[str]()
        self._in_memory: set[str] = set()

    def count(
        self, held: Sequence[HeldPlace], known: Mapping[str, KnownUse], *, seconds: float
    ) -> DiskUse:
        """Count for `seconds`, and say what there is of each kind and how it has grown."""
        began = time.monotonic()
        unfinished = self._take_up()
        links, counts = SeenLinks(unfinished.links), unfinished.counts
        for one in held:
            key = _key(one.path)
            counts.setdefault(key, TreeCount(os.fsencode(one.path)))
            self._begin(one, counts[key], links)
        for one in held:
            key = _key(one.path)
            left = began + seconds - time.monotonic()
            if left > 0 and key not in self._silent and not self._go_on(counts[key], links, left):
                counts[key] = TreeCount(os.fsencode(one.path))  # a thread may still write to it
                self._silent.add(key)
        is_over = all(counts[key].is_finished or key in self._silent for key in map(_key_of, held))
        self._keep(Round() if is_over else Round(counts, links.chunks()))
        use = self._summed(held, counts, known)
        return msgspec.structs.replace(use, seconds=round(time.monotonic() - began, 3))

    def _begin(self, held: HeldPlace, count: TreeCount, links: SeenLinks) -> None:
        """Look at the root of a place; one that is silent twice speaks for all of its kind."""
        key = _key(held.path)
        if self._silent_of[held.kind] >= _MOST_SILENT:
            self._silent.add(key)
            return

        def look() -> bool:
            if count.device == -1:
                count.begin(self._uid, links)
            return file_system(os.fspath(held.path)) == _TMPFS

        try:
            if ask_disk(held.path, look, seconds=_ROOT_SECONDS):
                self._in_memory.add(key)
        except (FileNotFoundError, NotADirectoryError):
            count.device = 0  # nothing is there: that is all there is
        except OSError:  # its disk does not answer, or it is closed to us: nothing is known
            self._silent.add(key)
            self._silent_of[held.kind] += 1

    def _go_on(self, count: TreeCount, links: SeenLinks, seconds: float) -> bool:
        """Count in this place; False where its disk has stopped to answer."""
        until = time.monotonic() + seconds
        go_on = partial(count.go_on, self._uid, links, until=until, apart=_APART)
        try:
            ask_disk(os.fsdecode(count.root), go_on, seconds=seconds + _STEP_SECONDS)
        except OSError:
            return False
        return True

    def _take_up(self) -> Round:
        """The round that was not finished; one that cannot be read is begun anew."""
        if self._state is None:
            return Round()
        try:
            data = read_beneath(self._state, FILE_NAME, max_bytes=_MAX_BYTES)
            return msgspec.msgpack.decode(data, type=Round)
        except (FileError, OSError, msgspec.DecodeError):
            return Round()

    def _keep(self, unfinished: Round) -> None:
        if self._state is None:
            return
        path = self._state / FILE_NAME
        data = msgspec.msgpack.encode(unfinished)
        if not unfinished.counts or len(data) > _MAX_BYTES:
            path.unlink(missing_ok=True)
        else:
            replace_file(path, data)

    def _summed(
        self,
        held: Sequence[HeldPlace],
        counts: Mapping[str, TreeCount],
        known: Mapping[str, KnownUse],
    ) -> DiskUse:
        kinds = []
        for kind in dict.fromkeys(one.kind for one in held):
            keys = [_key(one.path) for one in held if one.kind == kind]
            use = _kind_use(kind, [counts[key] for key in keys], known.get(kind))
            there = [
                os.fspath(one.path)
                for one in held
                if one.kind == kind and counts[_key(one.path)].files
            ]
            place = os.path.commonpath(there) if there else ""
            memory = not self._in_memory.isdisjoint(keys)
            kinds.append(msgspec.structs.replace(use, in_memory=memory, place=place))
        seen = [one for one in kinds if one.files or not one.finished]
        return DiskUse(kinds=tuple(sorted(seen, key=lambda one: (-one.bytes, one.kind))))


def find_places(
    temp: Sequence[Path], workspaces: Sequence[Path], environ: Mapping[str, str], uid: int
) -> list[HeldPlace]:
    """Where to count; TimeoutError where a disk does not answer."""
    home = environ.get("HOME") or str(Path.home())
    look = partial(places_held, environ, uid, temp=temp, workspaces=workspaces)
    # Under a name below which nothing lies: one disk of many is no reason to give up their home.
    return ask_disk(Path(home, ".places-of-agents"), look)


def _kind_use(kind: str, counts: Sequence[TreeCount], known: KnownUse | None) -> KindUse:
    size = sum(count.size for count in counts)
    finished = all(count.is_finished for count in counts)
    since = time.time() - known.at if known else 0.0
    has_grown = known is not None and finished and since > 0
    return KindUse(
        kind=kind,
        bytes=size,
        files=sum(count.files for count in counts),
        finished=finished,
        missed=sum(count.missed for count in counts),
        grown_bytes=size - known.bytes if has_grown and known else None,
        since_seconds=round(since) if has_grown else None,
        node_modules_bytes=sum(count.apart_size for count in counts),
    )


def _key(path: Path) -> str:
    """A path as a key that can be stored, whatever bytes it has."""
    return os.fsencode(path).decode("latin-1")


def _key_of(held: HeldPlace) -> str:
    return _key(held.path)
