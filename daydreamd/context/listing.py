"""Which files a workspace consists of: git's own list, or a walk where there is no git.

Tools that count or search are handed these files, and so have no ignore file, configuration or
link of the workspace to heed. Only regular files count, reached through no symbolic link, of at
most a bounded size and number.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.exclusion import VENDORED
from daydreamd.context.foreign import ForeignGit
from daydreamd.host.threads import in_spare_thread

MAX_BYTES: Final = 1_000_000
"""A larger file is counted and read nowhere: it is data, or it is a trap."""
_MAX_FILES: Final = 100_000
_MAX_ENTRIES: Final = 400_000
_MAX_OUTPUT: Final = 24 << 20
_VENDORED: Final = frozenset(VENDORED)


@dataclass(frozen=True)
class Listing:
    """Paths relative to the workspace: of ordinary files, and of those above the size."""

    files: tuple[str, ...]
    too_large: tuple[str, ...] = ()


async def list_files(
    root: Path, git: ForeignGit | None, *, excluded: Callable[[str], bool]
) -> Listing:
    """The files of the workspace, tracked or not, that git does not ignore."""
    if git is None:
        return await in_spare_thread(lambda: _sorted_out(root, _walk(root), excluded))
    printed = await git.run(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--",
        max_stdout=_MAX_OUTPUT, cut=True,
    )  # fmt: skip
    named, _, _ = printed.rpartition(b"\0")
    prefix = git.repository.prefix
    paths = [os.fsdecode(name).removeprefix(prefix) for name in named.split(b"\0") if name]
    return await in_spare_thread(lambda: _sorted_out(root, paths, excluded))


def _sorted_out(root: Path, paths: Iterable[str], excluded: Callable[[str], bool]) -> Listing:
    files: list[str] = []
    too_large: list[str] = []
    honest: dict[str, bool] = {}
    for path in paths:
        if len(files) >= _MAX_FILES:
            break
        size = _size(root, path, honest)
        if size is None:
            continue
        if size > MAX_BYTES:
            too_large.append(path)
        elif not _VENDORED.intersection(path.split("/")) and not excluded(path):
            files.append(path)
    return Listing(tuple(files), tuple(too_large))


def _size(root: Path, path: str, honest: dict[str, bool]) -> int | None:
    """The size of a regular file; None for anything else, and behind a directory that is a link."""
    place = os.path.dirname(path)  # noqa: PTH120 - a hundred thousand times, Path takes a second
    if place not in honest:
        full = f"{root}/{place}".rstrip("/")
        honest[place] = os.path.realpath(full) == os.path.normpath(full)
    try:
        facts = os.lstat(f"{root}/{path}") if honest[place] else None
    except (OSError, ValueError):  # gone, a name too long; ValueError: a NUL
        return None
    return facts.st_size if facts and stat.S_ISREG(facts.st_mode) else None


def _walk(root: Path) -> Iterator[str]:
    """Every regular file below `root`, breadth first; no link is followed."""
    waiting, seen = [""], 0
    for below in waiting:
        try:
            with os.scandir(f"{root}/{below}") as entries:
                for entry in entries:
                    seen += 1
                    if seen > _MAX_ENTRIES:
                        return
                    if entry.is_file(follow_symlinks=False):
                        yield below + entry.name
                    elif entry.is_dir(follow_symlinks=False) and entry.name not in _VENDORED:
                        waiting.append(f"{below}{entry.name}/")
        except OSError:
            continue  # not ours to look into, gone, or nested beyond what a path can name
