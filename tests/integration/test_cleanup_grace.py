"""Between TERM and KILL somebody may come, or come back to work: that one is left, and said."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest

from daydreamd.host.processes import identify, is_alive
from tests.integration.zoo.animals import NATIVE, PYTHON
from tests.integration.zoo.keeper import Zoo, open_zoo, until
from tests.integration.zoo.owned import may_trace
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


@pytest.fixture
def zoo(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


class Aider:
    """An orphan that outlives TERM, and the files that it makes."""

    def __init__(self, zoo: Zoo, what: str, path: str = ".venv-aider/bin/aider") -> None:
        self.told = zoo.directory / f"told-{what.replace(' ', '-')}"
        self.script = str(zoo.write(path, _AIDER))
        self.words = (what, str(self.told), self.script)
        self.pid = 0
        self.zoo = zoo

    async def release(self) -> Aider:
        self.pid = self.zoo.release(PYTHON, self.script, *self.words)
        await until(Path(f"{self.told}.ready").exists)
        return self


async def cleaned(zoo: Zoo) -> dict[int, dict]:
    """What the real program said of everybody, by pid."""
    zoo.settle(2.0)
    report = await anyio.to_thread.run_sync(clean, zoo)
    return {one["pid"]: one for one in report["candidates"]}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("burns", "s of CPU in"),
        ("works", "s of CPU in"),
        ("starts and waits", ""),
        ("writes", "bytes read or written"),
        ("becomes", "has become sleep"),
    ],
)
async def test_one_that_works_in_its_grace_is_left(zoo: Zoo, what: str, said: str):
    aider = await Aider(zoo, what).release()
    victim = identify(aider.pid)
    one = (await cleaned(zoo))[aider.pid]
    assert aider.told.exists(), "it was not told"
    assert one["outcome"].startswith(_LEFT), one
    assert said in one["outcome"]
    assert one["decision"] == "spare"
    assert is_alive(victim)


async def test_one_that_is_born_in_the_grace_is_not_told_to_end(zoo: Zoo):
    aider = await Aider(zoo, "starts").release()
    one = (await cleaned(zoo))[aider.pid]
    assert one["outcome"].startswith(_LEFT)
    assert "was started" in one["outcome"]
    assert len(zoo.animals()) == 2
    assert Path(f"{aider.told}.child.ready").exists()
    assert not Path(f"{aider.told}.child").exists(), "it was told"


@pytest.mark.parametrize("what", ["rests", "saves", "reaps"])
async def test_what_handling_term_costs_is_no_life(zoo: Zoo, what: str):
    aider = await Aider(zoo, what).release()
    if what == "reaps":
        await until(Path(f"{aider.told}.burnt").exists)
    one = (await cleaned(zoo))[aider.pid]
    assert aider.told.exists()
    assert one["outcome"] == "ended", one
    assert zoo.animals() == []


@asynccontextmanager
async def cleaning(zoo: Zoo, aider: Aider) -> AsyncIterator[dict[int, dict]]:
    """Clean, and come to it once it was told to end; what was said is there in the end."""
    said: dict[int, dict] = {}

    async def look() -> None:
        said.update(await cleaned(zoo))

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        await until(aider.told.exists)
        yield said


async def test_a_client_that_comes_to_a_server_below_it_saves_the_tree(zoo: Zoo):
    server = Aider(zoo, "serves", "src/server.py")
    claude = zoo.put(NATIVE)
    pid = zoo.release(claude, do="ignore-term", child=(PYTHON, server.script, *server.words))
    await until(Path(f"{server.told}.ready").exists)
    with socket.socket() as client:
        async with cleaning(zoo, server) as said:
            client.connect(("127.0.0.1", int(Path(f"{server.told}.port").read_text())))
    assert said[pid]["outcome"].startswith(_LEFT), said[pid]
    assert "a client" in said[pid]["outcome"]
    assert len(zoo.animals()) == 2


async def test_a_client_saves_a_server_whose_agent_has_ended(zoo: Zoo):
    server = Aider(zoo, "serves", "src/server.py")
    pid = zoo.release(zoo.put(NATIVE), child=(PYTHON, server.script, *server.words))
    await until(Path(f"{server.told}.ready").exists)
    with socket.socket() as client:
        async with cleaning(zoo, server) as said:
            client.connect(("127.0.0.1", int(Path(f"{server.told}.port").read_text())))
    assert said[pid]["outcome"] == "ended", said[pid]
    assert "what it started is left, it came back to life" in said[pid]["reasons"][-1]
    assert len(zoo.animals()) == 1


@pytest.mark.skipif(not shutil.which("strace") or not may_trace(), reason="nobody may trace here")
async def test_a_debugger_that_comes_saves_it(zoo: Zoo):
    aider = await Aider(zoo, "rests").release()
    strace = ["strace", "-qq", "-o", "/dev/null", "-p", str(aider.pid)]
    async with anyio.create_task_group() as watching:
        async with cleaning(zoo, aider) as said:
            watching.start_soon(partial(anyio.run_process, strace, stdin=-3, check=False))
        assert said[aider.pid]["outcome"].startswith(_LEFT)
        assert "strace" in said[aider.pid]["outcome"]
        assert is_alive(identify(aider.pid))
        watching.cancel_scope.cancel()


async def test_400_that_ignore_term_and_rest_are_ended_in_time(zoo: Zoo):
    program = zoo.put(NATIVE)
    pids = [zoo.release(program, do="ignore-term") for _ in range(400)]
    report = await anyio.to_thread.run_sync(clean, zoo)
    said = {one["pid"]: one["outcome"] for one in report["candidates"]}
    assert [said[pid] for pid in pids] == ["ended"] * 400
    assert zoo.animals() == []
    assert report["seconds"] < 25
