"""Which namespaces a process lives in, compared with those that count as this machine's own.

A process of another pid, user, cgroup or mount namespace sees other pids, other files and another
HOME than we do: what we would read about it is somebody else's. A service manager may have given us
a mount namespace of our own, so that "ours" is that of init and of our user's other processes too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from daydreamd.host.files.cached_facts import cached_facts

_COMPARED: Final = ("pid", "user", "cgroup")
_SAID: Final = {"pid": "pid", "user": "user", "cgroup": "cgroup", "mnt": "mount"}


@dataclass(frozen=True)
class Home:
    """What counts as here: our namespaces, the mount namespaces of this machine, and the root."""

    own: dict[str, str] = field(default_factory=dict)
    mounts: frozenset[str] = frozenset()
    root: tuple[int, int] = (0, 0)


def find_home(neighbours: Iterable[int], *, in_unit: bool) -> Home:
    """Where we are. `neighbours` are all processes; most of our user's live on the machine.

    Only a unit of ours has a mount namespace of its own: by hand, ours is the machine's. Where
    those of a container live says nothing of the machine.
    """
    own = {name: _namespace("self", name) or "" for name in (*_COMPARED, "mnt")}
    mounts = {own["mnt"]}
    if init := _namespace(1, "mnt"):
        mounts.add(init)
    elif in_unit:  # init is not to be looked into: then where most others of our user are
        here = (pid for pid in neighbours if _namespace(pid, "pid") == own["pid"])
        seen = Counter(filter(None, (_namespace(pid, "mnt") for pid in here)))
        del seen[own["mnt"]]
        mounts.update(name for name, _ in seen.most_common(1))
    return Home(own, frozenset(mounts), _root("self") or (0, 0))


def foreign_namespaces(pid: int, home: Home) -> tuple[str, ...] | None:
    """The kinds of namespaces in which a process is not here: `("pid", "mount")`; () for none.

    "root" stands for another root directory. None where it cannot be told.
    """
    found = {name: _namespace(pid, name) for name in (*_COMPARED, "mnt")}
    root = _root(pid)
    if None in found.values() or root is None:
        return None
    foreign = [name for name in _COMPARED if found[name] != home.own[name]]
    foreign += ["mnt"] if found["mnt"] not in home.mounts else []
    return (*(_SAID[name] for name in foreign), *(["root"] if root != home.root else []))


def ends_with(pids: Collection[int], everybody: Iterable[int]) -> set[int]:
    """Who would be ended with some of `pids` without being below them.

    The first process of a pid namespace takes along whoever has entered it from elsewhere.
    """
    own = _namespace("self", "pid")
    inside = {_namespace(pid, "pid") for pid in pids} - {own, None}
    if not inside:
        return set()
    return {one for one in everybody if one not in pids and _namespace(one, "pid") in inside}


def _namespace(pid: int | str, name: str) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/{name}")  # noqa: PTH115 - the text is the identity
    except OSError:  # gone, or not to be looked into
        return None


def _root(pid: int | str) -> tuple[int, int] | None:
    try:
        facts = cached_facts(f"/proc/{pid}/root/")  # the link is followed by the kernel
    except OSError:  # gone, or not to be looked into
        return None
    return facts.st_dev, facts.st_ino
