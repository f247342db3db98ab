"""Which commits are known to be somewhere else: those that a remote has, as last seen.

Only refs that a configured remote fetches into count, and a remote that is a directory has to be
there. A repository that has no remote at all keeps its work in its main branch: nothing of it is
anywhere else, but what is in that branch is not lost with another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from daydreamd.context.git_config import Config
from daydreamd.context.repository import Repository

_MAIN_NAMES: Final = ("main", "master", "trunk", "develop", "development", "default")
_TRACKING: Final = "refs/remotes/"


@dataclass(frozen=True)
class Kept:
    """`commits` are kept ones, by id, each with a name for people; the main one comes first.

    `by` says what keeps them: a remote, the main branch where there is no remote, or nothing that
    could be seen, and then `reason` says why. `remotes` are those to which work could be pushed,
    the usual one first; `main` is the local branch that others are merged into.
    """

    commits: Mapping[str, str]
    by: Literal["remote", "main", "nothing"]
    remotes: tuple[str, ...] = ()
    main: str | None = None
    reason: str = ""

    @property
    def place(self) -> str:
        """The name of the main one."""
        return next(iter(self.commits.values()), "anything that is elsewhere")


def find_kept(repository: Repository) -> Kept:
    """What is known to be elsewhere, read from refs and configuration alone."""
    remotes = dict(_remotes(repository.config))
    alive = [name for name, urls in remotes.items() if _is_elsewhere(repository, urls)]
    main = _main_branch(repository, alive)
    ordered = _usual_first(repository.config, alive)
    if not alive:
        gone = next(iter(remotes), None)
        reason = f"its remote {gone} is not there" if gone else "the repository has no remote"
        oid = repository.branches.get(main or "")
        held = {oid: main} if main and oid else {}
        return Kept(held, "main" if held else "nothing", main=main, reason=reason)
    if tracked := dict(_tracked(repository, alive, main)):
        return Kept(tracked, "remote", ordered, main)
    reason = f"what {ordered[0]} has was never fetched into {_TRACKING}{ordered[0]}"
    return Kept({}, "nothing", ordered, main, reason)


def _remotes(config: Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, urls in config.items():
        if key.startswith("remote.") and key.endswith(".url"):
            yield key[len("remote.") : -len(".url")], urls


def _is_elsewhere(repository: Repository, urls: tuple[str, ...]) -> bool:
    """Whether a remote is another place: a host, or a directory that is there and is not this."""
    url = urls[-1]
    place = url.removeprefix("file://")
    if not url.startswith("file://") and (":" in url.split("/", 1)[0] or "\0" in url):
        return "\0" not in url  # host:path, or scheme://
    found = Path(os.path.realpath(repository.top / os.path.expanduser(place)))  # noqa: PTH111 - a "~user" that is unknown stays as it is
    mine = {Path(os.path.realpath(one)) for one in (repository.top, repository.common)}
    return found.is_dir() and not {found, found / ".git"} & mine


def _usual_first(config: Config, remotes: list[str]) -> tuple[str, ...]:
    usual = config.get("remote.pushdefault", ("origin",))[-1]
    return tuple(sorted(remotes, key=lambda name: (name != usual, name != "origin", name)))


def _tracked(
    repository: Repository, remotes: list[str], main: str | None
) -> Iterator[tuple[str, str]]:
    """The tracking refs of `remotes`: what the main branch is compared with, then the others."""
    found: dict[str, str] = {}
    for ref, oid in repository.refs_below(_TRACKING).items():
        if any(_fetches_into(repository.config, name, ref) for name in remotes):
            found[ref.removeprefix(_TRACKING)] = oid
    heads = [f"{name}/{main}" for name in _usual_first(repository.config, remotes)]
    heads += [f"{name}/{one}" for name in remotes for one in _MAIN_NAMES]
    first = [name for name in heads if name in found]
    seen: set[str] = set()
    for name in (*first, *sorted(found)):
        if found[name] not in seen and not name.endswith("/HEAD"):
            seen.add(found[name])
            yield found[name], name


def _fetches_into(config: Config, remote: str, ref: str) -> bool:
    for spec in config.get(f"remote.{remote}.fetch", ()):
        head, star, tail = spec.partition(":")[2].partition("*")
        if ref == head or (star and ref.startswith(head) and ref.endswith(tail)):
            return not spec.startswith("^")
    return False


def _main_branch(repository: Repository, remotes: list[str]) -> str | None:
    """The branch that a remote's HEAD names, else one with a usual name, else the only one."""
    branches = repository.branches
    for remote in _usual_first(repository.config, remotes):
        named = repository.follow(f"{_TRACKING}{remote}/HEAD")
        name = named.removeprefix(f"{_TRACKING}{remote}/")
        if name != "HEAD":
            return name
    for name in _MAIN_NAMES:
        if name in branches:
            return name
    return next(iter(branches)) if len(branches) == 1 else repository.branch
