"""Finding entries of a temp directory that are not in use: by name, owner, age and use.

It knows neither whose leftovers they are nor how they are removed safely (`deletion` does).
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.access import look_at
from daydreamd.host.files.cached_facts import cached_facts
from daydreamd.host.files.deletion import Place, Removal, Walk, place_of, remove_at

_FOLLOWED: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_ENTRIES: Final = 200_000
_MOST_DIRECTORIES: Final = 20_000


@dataclass(frozen=True)
class Shape:
    """How leftovers of a kind are named, and what their files are like: mode (None: any), bytes.

    A tree that holds a socket is spared, unless its kind may have `dead_sockets`.
    """

    name: re.Pattern[str]
    mode: int | None = None
    max_bytes: int | None = None
    dead_sockets: bool = False

    @classmethod
    def of_glob(cls, glob: str) -> Shape:
        return cls(re.compile(fnmatch.translate(glob)))

    def fits(self, facts: os.stat_result) -> bool:
        """Whether a regular file of that name is one of the kind."""
        is_of_mode = self.mode in (None, stat.S_IMODE(facts.st_mode))
        return is_of_mode and (self.max_bytes is None or facts.st_size <= self.max_bytes)


@dataclass(frozen=True)
class Leftover:
    """An entry that may go, as it was looked at: all that is in it, its bytes, its youngest age."""

    directory: Path
    name: str
    uid: int
    place: Place
    bytes: int
    age_seconds: float
    holds: frozenset[Place] = field(default=frozenset(), repr=False)
    sockets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def path(self) -> Path:
        return self.directory / self.name


def find_leftovers(
    directory: Path,
    *,
    files: Sequence[Shape],
    trees: Sequence[Shape],
    min_age: float,
    uids: Collection[int] | None,
) -> list[Leftover]:
    """Entries of `directory` that match, belong to one of `uids` (None: anybody) and are old.

    `files` are shapes of regular files alone, `trees` of directories too. A tree is as young as
    the youngest thing in it; one that holds a repository, a socket or another user's things is
    never chosen.
    """
    found: list[Leftover] = []
    try:
        handle = os.open(directory, _FOLLOWED)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(
            f"cannot look into {directory}: {error.strerror}", path=directory
        ) from error
    try:
        with os.scandir(handle) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            tree = _matching(name, trees)
            shape = tree or _matching(name, files)
            if shape is None:
                continue
            seen = _look(directory, handle, name, into=tree is not None, shape=shape)
            if seen and seen.age_seconds >= min_age and (uids is None or seen.uid in uids):
                found.append(seen)
    finally:
        os.close(handle)
    return sorted(found, key=lambda leftover: leftover.name)


def remove_leftover(leftover: Leftover) -> Removal:
    """Remove what was found, if it still is what was looked at."""
    handle = os.open(leftover.directory, _FOLLOWED)
    try:
        return remove_at(handle, leftover.name, uid=leftover.uid, expected=leftover.place)
    finally:
        os.close(handle)


def places_in_use() -> set[Place]:
    """Every file and directory that a process we may look into has in use; as root, everybody's.

    Descriptors, working directories, roots and executables. OSError where we cannot look at all.
    """
    used: set[Place] = set()
    for process in _numbered("/proc"):
        links = [f"{process}/{name}" for name in ("cwd", "root", "exe")]
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            links += _numbered(f"{process}/fd")
        for link in links:
            try:
                facts = cached_facts(link)  # whoever works on a dead disk is not waited for
            except OSError:
                continue  # another user's, a kernel thread's, or gone
            if stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode):
                used.add((facts.st_dev, facts.st_ino))
    return used


def owned_directories(base: Path, parts: Sequence[str | re.Pattern[str]], uid: int) -> list[Path]:
    """The directories below `base` whose way there, part by part, is `uid`'s and holds no link.

    Only the owner can exchange them then; `base` itself is trusted.
    """
    found = [base]
    for part in parts:
        found = [below for above in found for below in _parts_below(above, part, uid)]
        if len(found) > _MOST_DIRECTORIES:
            raise FileError(f"too many directories below {base}", path=base)
    return found


def _parts_below(above: Path, part: str | re.Pattern[str], uid: int) -> list[Path]:
    try:
        if isinstance(part, str):
            names = [part]
        else:
            with os.scandir(above) as entries:
                names = [entry.name for entry in entries if part.fullmatch(entry.name)]
        facts = {name: (above / name).lstat() for name in names}
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(f"cannot look into {above}: {error.strerror}", path=above) from error
    return [
        above / name
        for name, one in facts.items()
        if stat.S_ISDIR(one.st_mode) and one.st_uid == uid
    ]


def _numbered(directory: str) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.path for entry in entries if entry.name.isdecimal()]


def _matching(name: str, shapes: Sequence[Shape]) -> Shape | None:
    return next((shape for shape in shapes if shape.name.fullmatch(name)), None)


def _look(directory: Path, handle: int, name: str, *, into: bool, shape: Shape) -> Leftover | None:
    try:
        with look_at(handle, name) as (_, facts):
            if stat.S_ISREG(facts.st_mode):
                if not shape.fits(facts):
                    return None
                newest, size = last_touched(facts), facts.st_blocks * 512
                holds, sockets = set[Place](), set[str]()
            elif stat.S_ISDIR(facts.st_mode) and into:
                look = _Look(handle, facts, dead_sockets=shape.dead_sockets)
                look.walk(name, facts)
                if look.spare:
                    return None
                newest, size, holds, sockets = look.newest, look.bytes, look.holds, look.sockets
            else:
                return None
    except OSError:  # gone, or closed to us: nothing that may be removed
        return None
    age = time.time() - newest
    return Leftover(
        directory,
        name,
        facts.st_uid,
        place_of(facts),
        size,
        age,
        frozenset(holds | {place_of(facts)}),
        frozenset(sockets),
    )


def last_touched(facts: os.stat_result) -> float:
    """When an entry was last written, read, or came to where it is.

    `cp -p` and `tar x` bring an old time of writing along; that of the inode's own change nobody
    can set back, and it is never before the birth. A directory's time of reading would only tell of
    our own looking.
    """
    read = 0.0 if stat.S_ISDIR(facts.st_mode) else facts.st_atime
    return max(facts.st_mtime, facts.st_ctime, read)


class _Look(Walk):
    """Measures a tree, and finds reasons to spare it."""

    def __init__(self, parent: int, facts: os.stat_result, *, dead_sockets: bool) -> None:
        super().__init__(parent)
        self._dead_sockets, self.sockets = dead_sockets, set[str]()
        self._uid = facts.st_uid
        self.newest, self.bytes = last_touched(facts), 0
        self.holds: set[Place] = set()
        self.spare = False

    def at_entry(self, name: str, facts: os.stat_result) -> bool:
        self.newest = max(self.newest, last_touched(facts))
        self.holds.add(place_of(facts))
        if stat.S_ISREG(facts.st_mode):
            self.bytes += facts.st_blocks * 512
        if stat.S_ISSOCK(facts.st_mode):
            self.sockets.add(name)
        self.spare |= (
            name == ".git"
            or facts.st_uid != self._uid
            or (stat.S_ISSOCK(facts.st_mode) and not self._dead_sockets)
            or len(self.holds) > _MOST_ENTRIES
        )
        return not self.spare

    def at_directory(self, above: int, name: str) -> None:
        pass

    def refused(self, name: str, reason: str) -> None:  # noqa: ARG002 (any refusal spares)
        self.spare = True  # what cannot be looked into is not known to be old
