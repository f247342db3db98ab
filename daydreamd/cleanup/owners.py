"""Who may own an agent process: a table of owners, each with how it is seen and what it says.

Pure: what was seen comes in as `Signs`, an `Owner` goes out. The rows are asked in their order, and
the first that speaks decides. "nobody" is only said when every row has been asked and could answer:
a source that could not be read makes the owner unknown, which spares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Kind = Literal[
    "nobody", "terminal", "multiplexer", "parent", "client", "service", "scope", "elsewhere",
    "tracer", "frozen", "remote", "person", "unknown",
]  # fmt: skip
ATTENDED: Final[frozenset[Kind]] = frozenset({"terminal", "multiplexer", "parent"})
"""Owners who may come back to what they left; all others stand for themselves."""
FIRM: Final[frozenset[Kind]] = frozenset({
    "client", "service", "scope", "elsewhere", "tracer", "frozen", "remote", "person",
})  # fmt: skip
"""Owners of a part who keep the whole tree."""

_CONTAINER: Final = re.compile(
    r"(?:^|/)(?:docker|libpod|crio|cri-containerd|containerd|buildkit|garden|nerdctl)[-:/.]"
    r"|(?:^|/)(?:kubepods|lxc|lxc\.payload|lxc\.monitor|machine\.slice|buildkit|actions_job)\b"
    r"|(?:^|/)machine-[^/]+\.scope|(?:^|/)[0-9a-f]{64}(?:/|$)"
)
_NOT_OF_ITS_OWN: Final = re.compile(r"user@\d+\.service|user-runtime-dir@\d+\.service")
# What systemd, desktops and terminals make by themselves for whatever is started in them.
_UNNAMED_SCOPE: Final = re.compile(
    r"(?:run-(?:r[0-9a-f]{8,32}|u\d+|p\d+-i\d+|\d+)|session-[c\d]+|init|app-.*|vte-spawn-.*"
    r"|tmux-spawn-.*|ptyxis-spawn-.*|kitty-.*|gnome-.*|konsole-.*|dbus-.*|xdg-.*)\.scope"
)


@dataclass(frozen=True)
class Owner:
    """Who would miss the process. `nobody` has to be seen, it is never a default."""

    kind: Kind
    says: str


@dataclass(frozen=True)
class Signs:
    """What was seen around a process and its tree. None: it could not be read."""

    namespaces: tuple[str, ...] | None = ()
    cgroup: str | None = "/"
    our_cgroup: str = "/"
    frozen: bool = False
    tracer: str | None = ""
    remote: str = ""
    person: str = ""
    multiplexer: str = ""
    terminal: str = ""
    connected: Owner | None = None
    parent: Owner = Owner("unknown", "its parents were not looked at")


class OwnerRule(NamedTuple):
    """One possible owner: what it is, and the question to the signs; None where it is not there."""

    name: str
    asks: Callable[[Signs], Owner | None]


def find_owner(signs: Signs) -> Owner:
    """The first owner that the table knows; `nobody` only where the chain of parents says so."""
    for row in OWNERS:
        owner = row.asks(signs)
        if owner is not None:
            return owner
    return signs.parent


def unit_of(cgroup: str, ours: str = "/") -> Owner | None:
    """Whose a control group is: a container's, a service's, a scope's that somebody named.

    A group in which we are, too, says nothing: it holds whoever works on this machine.
    """
    parts = cgroup.split("/")
    for depth in range(len(parts), 0, -1):
        group = "/".join(parts[:depth])
        if f"{ours}/".startswith(f"{group}/"):
            return None
        if owner := _named(parts[depth - 1], group):
            return owner
    return None


def is_in_service(cgroup: str) -> bool:
    """Whether a group lies within a service of its own."""
    parts = cgroup.split("/")
    return any(part.endswith(".service") and not _NOT_OF_ITS_OWN.fullmatch(part) for part in parts)


def _named(part: str, group: str) -> Owner | None:
    if part.endswith(".service") and not _NOT_OF_ITS_OWN.fullmatch(part):
        return Owner("service", f"belongs to the service {part}")
    if _CONTAINER.search(group):
        return Owner("elsewhere", "runs in a container")
    if part.endswith(".scope") and not _UNNAMED_SCOPE.fullmatch(part):
        return Owner("scope", f"belongs to {part}, which somebody named")
    return None


def _elsewhere(signs: Signs) -> Owner | None:
    if signs.namespaces is None:
        return Owner("unknown", "in which namespaces it lives")
    if not signs.namespaces:
        return None
    return Owner("elsewhere", f"runs in another {' and '.join(signs.namespaces)} namespace")


def _unit(signs: Signs) -> Owner | None:
    if signs.cgroup is None:
        return Owner("unknown", "its control group")
    return unit_of(signs.cgroup, signs.our_cgroup)


def _tracer(signs: Signs) -> Owner | None:
    if signs.tracer is None:
        return Owner("unknown", "whether somebody debugs it")
    return Owner("tracer", f"{signs.tracer} watches it") if signs.tracer else None


def _frozen(signs: Signs) -> Owner | None:
    return Owner("frozen", "somebody has frozen its control group") if signs.frozen else None


def _remote(signs: Signs) -> Owner | None:
    return Owner("remote", signs.remote) if signs.remote else None


def _person(signs: Signs) -> Owner | None:
    return Owner("person", signs.person) if signs.person else None


def _multiplexer(signs: Signs) -> Owner | None:
    return Owner("multiplexer", f"runs in {signs.multiplexer}") if signs.multiplexer else None


def _terminal(signs: Signs) -> Owner | None:
    return Owner("terminal", f"terminal {signs.terminal}") if signs.terminal else None


OWNERS: Final = (
    OwnerRule("another machine within this one", _elsewhere),
    OwnerRule("a service, a container, a scope that somebody named", _unit),
    OwnerRule("a debugger", _tracer),
    OwnerRule("whoever froze it", _frozen),
    OwnerRule("somebody far away", _remote),
    OwnerRule("a person's program below it", _person),
    OwnerRule("a terminal multiplexer", _multiplexer),
    OwnerRule("a terminal", _terminal),
    OwnerRule("a client, or the other end of a pipe or socket", lambda signs: signs.connected),
)
"""After these the chain of parents has the last word."""
