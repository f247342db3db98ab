"""Between TERM and KILL somebody may come, or come back to work: that one is left, and said."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daydreamd.host.processes import identify, is_alive, read_argv, read_stat
from tests.integration.zoo.animals import NATIVE, PYTHON
from tests.integration.zoo.held_open import may_trace
from tests.integration.zoo.keeper import Zoo, await_file, open_zoo
from tests.integration.zoo.visit import clean

# Its TERM makes a file; then it does what it was told, once, and goes on.
_AIDER = """
import os, signal, socket, subprocess, sys, time
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
what, told = sys.argv[1:3]
def burn(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds: pass
def on_term(*_):
    open(told, "w").close()
    if what == "burns": burn(1000)
    elif what == "works": burn(1.5)
    elif what == "saves": burn(0.05); open(told + ".saved", "w").write("x" * 65536)
    elif what == "writes":
        with open("/dev/null", "w") as null:
            for _ in range(64): null.write("x" * 65536)
    elif what == "starts":
        subprocess.Popen([sys.executable, sys.argv[3], "rests", told + ".child"])
    elif what == "becomes": os.execv("/bin/sleep", ["sleep", "1000"])
    elif what == "starts and waits":
        subprocess.run([sys.executable, "-c", "for _ in range(10 ** 8): pass"])
signal.signal(signal.SIGTERM, on_term)
if what == "reaps":
    child = os.fork()
    if not child:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        burn(2)
        open(told + ".burnt", "w").close()
        signal.pause()
    signal.signal(signal.SIGCHLD, lambda *_: os.waitpid(-1, os.WNOHANG))
elif what == "serves":
    server = socket.create_server(("127.0.0.1", 0))
    open(told + ".port", "w").write(str(server.getsockname()[1]))
open(told + ".ready", "w").close()
while True: signal.pause()
"""
_LEFT = "left: came back to life during its grace: "
# Who works in its grace, and what is said of it.
_WORK = {
    "burns": "s of CPU in",
    "works": "s of CPU in",
    "starts and waits": "",
    "writes": "bytes read or written",
    "becomes": "has become sleep",
    "starts": "was started",
}
_COSTS = ("rests", "saves", "reaps")
_MAY_TRACE = bool(shutil.which("strace")) and may_trace()
# Who gets company in its grace: a server below it a client, and itself a debugger.
_COMERS = {"serves": "a client"} | ({"traced": "strace"} if _MAY_TRACE else {})


class Aider:
    """An orphan that outlives TERM, and the files that it makes."""

    def __init__(self, zoo: Zoo, name: str, what: str, path: str = ".venv-aider/bin/aider") -> None:
        self.told = zoo.directory / f"told-{name.replace(' ', '-')}"
        self.script = str(zoo.write(path, _AIDER))
        self.words = (what, str(self.told), self.script)
        self.zoo, self.pid = zoo, 0

    def release(self) -> Aider:
        self.pid = self.zoo.release(PYTHON, self.script, *self.words)
        return self.await_("ready")

    def release_below(self, claude: Path, **wishes: str) -> Aider:
        """As a server below an agent that nobody owns."""
        child = (PYTHON, self.script, *self.words)
        self.pid = self.zoo.release(claude, child=child, **wishes)
        return self.await_("ready")

    def await_(self, what: str) -> Aider:
        await_file(self.file(what))
        return self

    def file(self, what: str) -> Path:
        return Path(f"{self.told}.{what}")

    def connect(self, client: socket.socket) -> None:
        client.connect(("127.0.0.1", int(self.file("port").read_text())))


@dataclass
class Visit:
    """All that lived through one cleaning, and what was said of them by the real program."""

    zoo: Zoo
    aiders: dict[str, Aider] = field(default_factory=dict)
    said: dict[int, dict[str, Any]] = field(default_factory=dict)
    alive: dict[str, bool] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, Any]:
        return self.said[self.aiders[name].pid]


def _release(zoo: Zoo) -> dict[str, Aider]:
    claude = zoo.put(NATIVE)
    found = {what: Aider(zoo, what, what).release() for what in (*_WORK, *_COSTS)}
    found["traced"] = Aider(zoo, "traced", "rests").release()
    server = Aider(zoo, "served", "serves", "src/served.py")
    found["serves"] = server.release_below(claude, do="ignore-term")
    other = Aider(zoo, "survives", "serves", "src/survives.py")
    found["serves alone"] = other.release_below(claude)
    found["reaps"].await_("burnt")
    return found


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """One cleaning for all: clients and a debugger come once their servers were told to end."""
    with (
        open_zoo(tmp_path_factory.mktemp("grace") / "zoo") as zoo,
        ThreadPoolExecutor(1) as pool,
        contextlib.ExitStack() as stack,
    ):
        aiders = _release(zoo)
        identities = {name: identify(aider.pid) for name, aider in aiders.items()}
        zoo.settle(2.0)
        cleaning = pool.submit(clean, zoo)
        for name in ("serves", "serves alone"):
            await_file(aiders[name].told)
            aiders[name].connect(stack.enter_context(socket.socket()))
        if _MAY_TRACE:
            await_file(aiders["traced"].told)
            argv = ["strace", "-qq", "-o", "/dev/null", "-p", str(aiders["traced"].pid)]
            strace = stack.enter_context(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
            stack.callback(strace.terminate)
        said = {one["pid"]: one for one in cleaning.result()["candidates"]}
        alive = {name: is_alive(identity) for name, identity in identities.items()}
        yield Visit(zoo, aiders, said, alive)


@pytest.mark.parametrize("what", _WORK)
def test_one_that_works_in_its_grace_is_left(visit: Visit, what: str):
    said = visit.of(what)
    assert visit.aiders[what].told.exists(), "it was not told"
    assert said["outcome"].startswith(_LEFT), said
    assert _WORK[what] in said["outcome"]
    assert said["decision"] == "spare"
    # One that has become another program lives on under another name.
    assert read_stat(visit.aiders[what].pid)


def test_one_that_is_born_in_the_grace_is_not_told_to_end(visit: Visit):
    aider = visit.aiders["starts"].await_("child.ready")
    assert not aider.file("child").exists(), "it was told"


@pytest.mark.parametrize("what", _COSTS)
def test_what_handling_term_costs_is_no_life(visit: Visit, what: str):
    assert visit.aiders[what].told.exists()
    assert visit.of(what)["outcome"] == "ended", visit.of(what)
    assert not visit.alive[what]


@pytest.mark.parametrize("who", _COMERS)
def test_one_to_whom_somebody_comes_is_left(visit: Visit, who: str):
    said = visit.of(who)
    assert said["outcome"].startswith(_LEFT), said
    assert _COMERS[who] in said["outcome"]
    assert visit.alive[who]


def test_a_client_saves_a_server_whose_agent_has_ended(visit: Visit):
    said = visit.of("serves alone")
    assert said["outcome"] == "ended", said
    assert "what it started is left, it came back to life" in said["reasons"][-1]
    server = visit.aiders["serves alone"].script
    assert any(server in read_argv(one.pid) for one in visit.zoo.animals())


def test_150_that_ignore_term_and_rest_are_ended_in_time(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        program = zoo.put(NATIVE)
        pids = [zoo.release(program, do="ignore-term") for _ in range(150)]
        report = clean(zoo)
        said = {one["pid"]: one["outcome"] for one in report["candidates"]}
        assert [said[pid] for pid in pids] == ["ended"] * 150
        assert zoo.animals() == []
        assert report["seconds"] < 25
