"""Deleting trees that other processes may be moving about at the same time.

Everything below the starting directory is reached through descriptors: a name is opened with
`O_NOFOLLOW`, its owner and device are checked on the open descriptor, and the way back up is taken
only if it leads to where we came from. A directory swapped for a link, a mount or a moved tree
therefore ends the work instead of leading it outside. It iterates with one open directory, so that
depth costs nothing.

This module does not know why something is to be deleted.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from daydreamd.errors import FileError
from daydreamd.host.files.access import DIRECTORY, look_at

Place = tuple[int, int]  # device and inode: what an entry is, whatever its name


@dataclass
class Removal:
    """What came of a removal: entries and bytes gone, and what was left, each with its reason."""

    removed: int = 0
    bytes: int = 0
    left: list[str] = field(default_factory=list)


def remove_tree(path: Path) -> Removal:
    """Remove `path` with all below it. What belongs to another user than ours stays, and is said.

    What is not there is already removed.
    """
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Removal()
    except OSError as error:
        raise FileError(f"cannot remove {path}: {error.strerror}", path=path) from error
    try:
        return remove_at(parent, path.name, uid=os.geteuid())
    finally:
        os.close(parent)


def remove_at(parent: int, name: str, *, uid: int, expected: Place | None = None) -> Removal:
    """Remove the entry `name` of the open directory `parent`, trees included.

    Only what belongs to `uid`; with `expected`, only if the entry still is that.
    """
    done = Removal()
    try:
        with look_at(parent, name) as (_, facts):
            if expected is not None and place_of(facts) != expected:
                done.left.append(f"{name}: changed meanwhile")
            elif facts.st_uid != uid:
                done.left.append(f"{name}: belongs to another user")
            elif stat.S_ISDIR(facts.st_mode):
                _Remover(parent, uid, done).walk(name, facts)
            else:
                _unlink(parent, name, facts, done)
    except FileNotFoundError:
        pass  # somebody else removed it: as wished
    except OSError as error:
        done.left.append(f"{name}: {error.strerror}")
    return done


def place_of(facts: os.stat_result) -> Place:
    """Device and inode of an entry, which its name may change without."""
    return facts.st_dev, facts.st_ino


def _unlink(directory: int, name: str, facts: os.stat_result, done: Removal) -> None:
    os.unlink(name, dir_fd=directory)
    done.removed += 1
    if facts.st_nlink == 1 and stat.S_ISREG(facts.st_mode):
        done.bytes += facts.st_blocks * 512


@dataclass
class _Level:
    """A directory on the way down: its name, what it is, and the directories in it still to do."""

    name: str
    place: Place
    below: list[str]


class Walk:
    """A walk through a tree by descriptors, leaves first, with only one directory open.

    Subclasses say what happens at an entry (`at_entry`), at a directory once it is done
    (`at_directory`), and where the walk could not go (`refused`). `current` is open meanwhile.
    """

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._levels: list[_Level] = []
        self._device = 0
        self.current = -1

    def walk(self, name: str, facts: os.stat_result) -> None:
        """Walk through the directory `name`, which was seen to be `facts`."""
        self._device = facts.st_dev
        self.current = os.open(name, DIRECTORY, dir_fd=self._parent)
        try:
            if place_of(os.fstat(self.current)) != place_of(facts):
                self.refused(name, "changed meanwhile")
                return
            self._arrive(name)
            while self._levels:
                below = self._levels[-1].below
                if below:
                    self._descend(below.pop())
                elif not self._climb():
                    return
        finally:
            os.close(self.current)

    def at_entry(self, name: str, facts: os.stat_result) -> bool:
        """Meet an entry of `current`; for a directory, whether to go into it."""
        raise NotImplementedError

    def at_directory(self, above: int, name: str) -> None:
        """Leave the directory `name` of the open directory `above`: all below it is done."""
        raise NotImplementedError

    def refused(self, name: str, reason: str) -> None:
        """Hear of something that the walk did not enter, or that went wrong."""
        raise NotImplementedError

    def _arrive(self, name: str) -> None:
        with os.scandir(self.current) as entries:
            names = [entry.name for entry in entries]
        below = [entry for entry in names if self._meet(entry)]
        self._levels.append(_Level(name, place_of(os.fstat(self.current)), below))

    def _meet(self, name: str) -> bool:
        try:
            facts = os.stat(name, dir_fd=self.current, follow_symlinks=False)
            return self.at_entry(name, facts) and stat.S_ISDIR(facts.st_mode)
        except FileNotFoundError:
            return False
        except OSError as error:
            self.refused(name, error.strerror or str(error))
            return False

    def _descend(self, name: str) -> None:
        try:
            child = os.open(name, DIRECTORY, dir_fd=self.current)
        except OSError as error:  # swapped for a link, gone, or closed to us
            self.refused(name, error.strerror or str(error))
            return
        facts = os.fstat(child)
        if facts.st_dev != self._device or not self.at_entry(name, facts):
            self.refused(name, "another file system, or changed meanwhile")
            os.close(child)
            return
        os.close(self.current)
        self.current = child
        self._arrive(name)

    def _climb(self) -> bool:
        """Go back up; False where the way up leads elsewhere by now."""
        level = self._levels.pop()
        if self._levels:
            above = os.open("..", DIRECTORY, dir_fd=self.current)
            if place_of(os.fstat(above)) != self._levels[-1].place:
                os.close(above)
                self.refused(level.name, "moved elsewhere meanwhile")
                return False
            os.close(self.current)
            self.current = above
        try:
            self.at_directory(self.current if self._levels else self._parent, level.name)
        except FileNotFoundError:
            pass  # somebody else removed it
        except OSError as error:
            self.refused(level.name, error.strerror or str(error))
        return True


class _Remover(Walk):
    """Removes what belongs to one user, and lists the rest."""

    def __init__(self, parent: int, uid: int, done: Removal) -> None:
        super().__init__(parent)
        self._uid, self._done = uid, done

    def at_entry(self, name: str, facts: os.stat_result) -> bool:
        if facts.st_uid != self._uid:
            self.refused(name, "belongs to another user")
            return False
        if not stat.S_ISDIR(facts.st_mode):
            _unlink(self.current, name, facts, self._done)
        return True

    def at_directory(self, above: int, name: str) -> None:
        os.rmdir(name, dir_fd=above)
        self._done.removed += 1

    def refused(self, name: str, reason: str) -> None:
        self._done.left.append(f"{name}: {reason}")
