"""The repositories that agents worked in, as far as their words are held against them.

Seen through a git directory of our own, as everything that belongs to a workspace. What cannot be
told is None, and never evidence.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from daydreamd.context.discovery import find_repository
from daydreamd.context.filtered import settle_filtered
from daydreamd.context.foreign import ForeignGit, open_foreign
from daydreamd.context.repository import Repository
from daydreamd.context.uncommitted import read_status
from daydreamd.errors import DaydreamError, FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.repository_state import RepositoryState

_AT_ONCE: Final = 2
_MOST: Final = 40
_GIT_SECONDS: Final = 4.0
_MOST_TIPS: Final = 2_000
_MOST_COMMITS: Final = 5_000
_OID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


async def look_at_repositories(
    paths: Mapping[str, float], *, scratch: Path, seconds: float
) -> dict[str, RepositoryState]:
    """The repository of each directory or file, by its top; a path that is in none is left out.

    A path's value is since when its commits count (seconds since 1970). After `seconds` what is
    left is not looked at.
    """
    found = await in_spare_thread(partial(_repositories, dict(paths)))
    states: dict[str, RepositoryState] = {}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def look(repository: Repository, since: float) -> None:
        async with limiter:
            try:
                states[str(repository.top)] = await _look(repository, since, scratch)
            except (DaydreamError, OSError, ValueError):
                states[str(repository.top)] = RepositoryState(top=str(repository.top))

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for repository, since in found[:_MOST]:
                group.start_soon(look, repository, since)
    return states


def _repositories(paths: Mapping[str, float]) -> list[tuple[Repository, float]]:
    found: dict[Path, tuple[Repository, float]] = {}
    for path, since in paths.items():
        place = Path(path)
        try:
            repository = ask_disk(place, partial(_around, place))
        except (OSError, DaydreamError, ValueError):
            continue
        if repository is not None and not repository.bare:
            earlier = found.get(repository.top)
            moment = min(since, earlier[1]) if earlier else since
            found[repository.top] = (repository, moment)
    return list(found.values())


def _around(path: Path) -> Repository | None:
    """The repository around a path, of which the last names may be gone."""
    place = path
    while not place.is_dir():
        if place == place.parent:
            return None
        place = place.parent
    if place.stat().st_uid != os.geteuid():
        return None
    repository = find_repository(place)
    return find_repository(repository.top) if repository else None


async def _look(repository: Repository, since: float, scratch: Path) -> RepositoryState:
    with tempfile.TemporaryDirectory(prefix="agents-", dir=scratch) as place:
        git = await open_foreign(repository, Path(place), deadline=_GIT_SECONDS)
        changed = await settle_filtered(git, await read_status(git))
        uncommitted = await in_spare_thread(
            partial(_times, repository.top, [one.path for one in changed if one.code != ".?"])
        )
        commits, unpushed = await _commits(git, since)
    return RepositoryState(
        top=str(repository.top),
        branch=repository.branch or "",
        uncommitted=uncommitted,
        commits=commits,
        unpushed=unpushed,
        has_remote=any(key.startswith("remote.") for key in repository.config),
    )


def _times(top: Path, paths: Iterable[str]) -> dict[str, float | None]:
    """Each path with the time of its content; an untracked directory stands for its files."""
    found: dict[str, float | None] = {}
    for path in paths:
        whole = top / path
        places = [whole]
        if path.endswith("/"):
            places = [Path(at, name) for at, _, names in os.walk(whole) for name in names][:5_000]
        for place in places:
            try:
                found[str(place)] = os.lstat(place).st_mtime
            except OSError:
                found[str(place)] = None
    return found


async def _commits(
    git: ForeignGit, since: float
) -> tuple[dict[str, float] | None, tuple[str, ...] | None]:
    here = git.repository
    tips, remotes = await in_spare_thread(partial(_tips, here))
    if not tips or len(tips) > _MOST_TIPS:
        return None, None
    question = ["log", "--stdin", "--ignore-missing", f"--since={int(since) - 1}",
                f"--max-count={_MOST_COMMITS}", "--format=%H %ct"]  # fmt: skip
    made = _parsed(await git.run(*question, stdin="\n".join(tips).encode() + b"\n"))
    if here.refs_are_cut or len(remotes) > _MOST_TIPS * 10:
        return made, None
    without = [*tips, *(f"^{oid}" for oid in remotes)]
    local = _parsed(await git.run(*question, stdin="\n".join(without).encode() + b"\n"))
    return made, tuple(local)


def _parsed(printed: bytes) -> dict[str, float]:
    pairs = (line.split(" ") for line in printed.decode().splitlines())
    return {oid: float(at) for oid, at in pairs}


def _tips(here: Repository) -> tuple[list[str], list[str]]:
    """The commits that branches, HEAD and the logs of references are at, and those of remotes."""
    tips = {*here.branches.values(), *filter(None, [here.head]), *_logged(here)}
    return sorted(tips), sorted(set(here.remote_branches.values()))


def _logged(here: Repository) -> set[str]:
    found: set[str] = set()
    for root, name in ((here.directory, "logs/HEAD"), (here.common, "logs/HEAD")):
        try:
            text = read_beneath(root, name, max_bytes=4 << 20).decode(errors="replace")
        except FileError:
            continue
        for line in text.splitlines()[-500:]:
            oid = line[41:81] if len(line) > 81 else ""
            if _OID.fullmatch(oid) and set(oid) != {"0"}:
                found.add(oid)
    return found
