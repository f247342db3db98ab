"""What the shipped units end and what they spare, in a real systemd and behind their filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.household import SETTINGS, UNIT, Household
from tests.e2e.menagerie import AIDER, CLAUDE, EDITOR, SERVER, Menagerie

pytestmark = pytest.mark.root

MOMENTS = {"max_age": "100ms", "idle_for": "500ms"}
QUICK = {
    "cleanup": {"observe": "1s", "grace": "2s"},
    "cleanup.claude": {**MOMENTS, "max_count": 1000},
    "cleanup.aider": MOMENTS,
    "cleanup.mcp": MOMENTS,
    "analysis": {"engine": "direct"},
}
MANAGERS = ("system", "user")
LEFT = "ZOO_DETACH=setsid"
VOID = "</dev/null >/dev/null 2>&1"
UNNAMED = "run-r0123456789abcdef0123456789abcde{}"
USER_NAMESPACE = "unshare --user --map-root-user"


@dataclass(frozen=True)
class Kept:
    """A specimen in the menagerie: whether it has to live, and the word that says why."""

    name: str
    reason: str | None = None

    @property
    def lives(self) -> bool:
        return self.reason is not None


def fill(zoo: Menagerie) -> Iterator[Kept]:
    """Let all of them loose."""
    for manager in MANAGERS:
        yield from _services(zoo, manager)
        yield from _scopes(zoo, manager)
    yield from _frozen(zoo)
    yield from _elsewhere(zoo)
    yield from _connected(zoo)


def _services(zoo: Menagerie, manager: str) -> Iterator[Kept]:
    for kind, path in (("claude", CLAUDE), ("mcp", SERVER), ("aider", AIDER)):
        name = f"service-{kind}-{manager}"
        zoo.service(name, zoo.put(name, path), manager=manager)
        yield Kept(name, "belongs to the service")
    named, unnamed = f"transient-{manager}", f"transient-unnamed-{manager}"
    zoo.transient(zoo.put(named, CLAUDE), f"--unit={named}", manager=manager)
    yield Kept(named, "a systemd unit of its own")
    zoo.transient(zoo.put(unnamed, CLAUDE), manager=manager)
    yield Kept(unnamed, "a systemd unit of its own")
    forking = f"service-forking-{manager}"
    options = ("--property=Type=forking", f"--setenv={LEFT}")
    zoo.transient(zoo.put(forking, CLAUDE), *options, manager=manager)
    yield Kept(forking, "belongs to the service")
    below = f"below-a-service-{manager}"
    options = (f"--unit={below}", "--property=Delegate=yes", "--property=Type=exec")
    zoo.transient(f"/bin/sh /opt/below.sh {zoo.put(below, CLAUDE)}", *options, manager=manager)
    yield Kept(below, f"belongs to the service {below}.service")


def _scopes(zoo: Menagerie, manager: str) -> Iterator[Kept]:
    for kind, path in (("claude", CLAUDE), ("mcp", SERVER), ("aider", AIDER)):
        name = f"scope-{kind}-{manager}"
        zoo.in_scope(f"setsid --fork {zoo.put(name, path)} {VOID}", manager=manager)
        yield Kept(name)
    session = f"session-{manager}"
    unit = {"system": "session-77", "user": "session-c78"}[manager]
    zoo.in_scope(f"{LEFT} {zoo.put(session, CLAUDE)} {VOID}", f"--unit={unit}", manager=manager)
    yield Kept(session)
    named = f"named-{manager}"
    zoo.in_scope(f"{LEFT} {zoo.put(named, CLAUDE)} {VOID}", "--unit=my-agents", manager=manager)
    yield Kept(named, "which somebody named")
    tmux = f"tmux-{manager}"
    program = zoo.put(tmux, CLAUDE)
    server = f"tmux -S /tmp/{tmux} -f /dev/null new-session -d {program} {VOID}"
    zoo.in_scope(server, manager=manager)
    yield Kept(tmux, "runs in tmux")


def _frozen(zoo: Menagerie) -> Iterator[Kept]:
    for number, manager in enumerate(MANAGERS):
        name, unit = f"frozen-{manager}", UNNAMED.format(number)
        zoo.in_scope(f"{LEFT} {zoo.put(name, CLAUDE)} {VOID}", f"--unit={unit}", manager=manager)
        zoo.await_all({name})
        zoo.systemctl(manager, "freeze", f"{unit}.scope")
        yield Kept(name, "frozen")


def _elsewhere(zoo: Menagerie) -> Iterator[Kept]:
    """In namespaces of their own; a person without rights makes them below one of users."""
    for kind in ("pid", "mount", "user"):
        name = f"elsewhere-{kind}"
        more = {"pid": "--pid --fork", "mount": "--mount", "user": ""}[kind]
        zoo.in_scope(f"setsid --fork {USER_NAMESPACE} {more} {zoo.put(name, CLAUDE)} {VOID}")
        yield Kept(name, "namespace")
    alone = "elsewhere-mount-alone"
    become = "setpriv --reuid=alice --regid=alice --init-groups"
    program = f"{become} {zoo.put(alone, CLAUDE)}"
    zoo.in_scope(f"setsid --fork unshare --mount {program} {VOID}", user="root")
    yield Kept(alone, "runs in another mount namespace")


def _connected(zoo: Menagerie) -> Iterator[Kept]:
    pair = "/usr/bin/python3 /opt/pair.py"
    zoo.in_scope(f"{pair} {zoo.put('pair-closed', SERVER)} {VOID}")
    yield Kept("pair-closed")
    served, client = zoo.put("pair-served", SERVER), zoo.put("editor", EDITOR)
    zoo.in_scope(f"{pair} {served} {client} {VOID}")
    yield Kept("pair-served", "works for code")
    zoo.in_scope(f": | {LEFT} {zoo.put('pipe-closed', SERVER)} >/dev/null 2>&1")
    yield Kept("pipe-closed")
    program = zoo.put("in-the-journal", CLAUDE)
    zoo.in_scope(f"{LEFT} systemd-cat {program} </dev/null")
    yield Kept("in-the-journal")


@dataclass(frozen=True)
class Visit:
    """A session of a daemon in its unit, and who was there before and after it."""

    zoo: Menagerie
    kept: tuple[Kept, ...]
    session: dict[str, Any]
    daydreamd: Callable[..., str]


def visit(house: Household, start: Callable[[Menagerie], None], option: str) -> Visit:
    zoo = Menagerie(house)
    house.set(QUICK)
    house.run(["sh", "-ec", "mkdir -p /home/alice/zoo; chown alice: /home/alice/zoo"])
    kept = tuple(fill(zoo))
    zoo.await_all({one.name for one in kept if not one.name.startswith("frozen")})
    start(zoo)

    def daydreamd(*words: str) -> str:
        argv = ["daydreamd", option, *words]
        done = house.run(argv, user="alice", env=zoo.bus, check=False)  # exit codes tell outcomes
        assert done.stdout, done.stderr
        return done.stdout

    house.change_workspace()
    session = json.loads(daydreamd("trigger", "--wait", "--json"))
    return Visit(zoo, kept, session, daydreamd)


def start_system_unit(zoo: Menagerie) -> None:
    zoo.house.systemctl("start", UNIT)


def start_user_unit(zoo: Menagerie) -> None:
    settings = zoo.house.path(SETTINGS).read_text()
    zoo.house.write("/home/alice/.config/daydreamd/daydreamd.toml", settings)
    zoo.house.run(["chown", "-R", "alice:", "/home/alice/.config"])
    zoo.systemctl("user", "start", "daydreamd")


@pytest.fixture(scope="module", params=MANAGERS)
def visited(staged, request):
    with Household(staged) as house:
        if request.param == "system":
            yield visit(house, start_system_unit, "--system")
        else:
            yield visit(house, start_user_unit, "--user")


def test_only_those_whom_nobody_owns_are_gone(visited):
    alive = visited.zoo.pids()
    lives = {one.name: one.name in alive for one in visited.kept}
    assert lives == {one.name: one.lives for one in visited.kept}


def test_each_that_stays_stays_for_the_reason_that_keeps_it(visited):
    candidates = json.loads(visited.daydreamd("clean", "--dry-run", "--json"))["candidates"]
    said = {one["pid"]: "; ".join(one["reasons"]) for one in candidates}
    heard = {name: said.get(pid, "no agent") for name, pid in visited.zoo.pids().items()}
    kept = {one.name: one.reason for one in visited.kept if one.lives}
    wrong = {
        name: heard.get(name, "gone") for name in kept if kept[name] not in heard.get(name, "")
    }
    assert wrong == {}


def test_the_session_tells_whom_it_ended_and_how_many_it_left(visited):
    session = visited.session["session_id"]
    held = json.loads(visited.daydreamd("sessions", "show", session, "--json"))
    tidied = held["cleanup_summary"]["pre_analysis"]
    gone = [one for one in visited.kept if not one.lives]
    assert tidied["spared"] == len(visited.kept) - len(gone)
    undo = json.loads(visited.daydreamd("clean", "--undo-info", "--json"))
    assert {(one["session_id"], one["outcome"]) for one in undo} == {(session, "ended")}
    assert len(undo) == len(gone)


def test_nothing_that_the_session_needed_was_refused_by_the_unit(visited):
    assert visited.session["outcome"] == "completed"
    assert visited.session["reasons"] == []
