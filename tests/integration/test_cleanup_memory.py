"""The memory that is said to come back is what does: shared pages once, and all who go along."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from daydreamd.host.processes import Identity, identify, is_alive
from tests.integration.zoo.animals import NATIVE, PYTHON, real_program
from tests.integration.zoo.keeper import Zoo, open_zoo, until
from tests.integration.zoo.visit import clean, clean_and_weigh

SHARING = """
import mmap, os, signal, sys
shared = mmap.mmap(-1, 48 << 20)
shared.write(os.urandom(1 << 20) * 48)
for _ in range(2):
    if not os.fork():
        shared[:] = bytes(48 << 20)
        break
open(f"{sys.argv[1]}.{os.getpid()}", "w").close()
signal.pause()
"""
# As npm does it: looks its package up in the registry, runs it, and ends when it has ended.
RUNNER = """
const held = Buffer.alloc(40 << 20, 1)
require('net').connect(%d, '127.0.0.1')
const server = require('child_process').spawn('%s', {stdio: ['ignore', 'ignore', 'ignore']})
server.on('exit', () => process.exit(held.length ? 0 : 1))
"""


@pytest.fixture
def zoo(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


def of(said: dict, pid: int) -> dict:
    return next(one for one in said["candidates"] if one["pid"] == pid)


async def test_shared_pages_are_counted_once(zoo: Zoo):
    ready = zoo.directory / "ready"
    aider = zoo.write(".venv-aider/bin/aider", SHARING)
    pid = zoo.release(PYTHON, str(aider), str(ready))
    await until(lambda: len(list(zoo.directory.glob("ready.*"))) == 3)
    claude = zoo.release(zoo.put(NATIVE), child=(zoo.put("bin/mcp-server-y"),))
    await until(lambda: len(zoo.animals()) == 5)
    zoo.settle(1.5)
    dry = clean_and_weigh(zoo, "--dry-run")
    assert {of(dry.said, one)["decision"] for one in (pid, claude)} == {"kill"}
    assert of(dry.said, pid)["rss_bytes"] > 140 << 20
    done = clean_and_weigh(zoo)
    assert zoo.animals() == []
    assert dry.says_the_memory_of(done.gone)
    assert done.says_the_memory_of(done.gone)


@pytest.mark.parametrize("package", ["@modelcontextprotocol/server-x", "some-tool"])
async def test_a_runner_goes_with_its_server_though_it_asked_its_registry(zoo: Zoo, package: str):
    with socket.create_server(("127.0.0.1", 0)) as registry:
        text = RUNNER % (registry.getsockname()[1], zoo.put("bin/mcp-server-x"))
        script = zoo.write("lib/node_modules/npm/bin/npx-cli.js", text)
        runner = zoo.release(real_program("node"), str(script), "-y", package)
        await until(lambda: len(zoo.animals()) == 2)
        zoo.settle(1.5)
        dry, done = clean_and_weigh(zoo, "--dry-run"), clean_and_weigh(zoo)
    assert runner in {one.pid for one in done.gone}
    assert done.said["memory_freed_bytes"] > 40 << 20
    assert dry.says_the_memory_of(done.gone)
    assert done.says_the_memory_of(done.gone)


def release_below_a_shell(zoo: Zoo, line: str) -> tuple[Identity, int]:
    """The shell, and the pid of the Claude Code that it has started."""
    shell = zoo.release("/bin/bash", "-c", line, detach="wreck")
    return identify(shell), zoo.inmate_of(shell)


async def test_a_shell_that_goes_on_gives_nothing_back(zoo: Zoo):
    claude = zoo.put(NATIVE)
    lines = {
        "ends": f"{claude} | tee /dev/null; true",
        "busy": f"sleep 1000 & {claude}; wait",
        "goes on": f"{claude}; sleep 1000; true",
    }
    shells = {name: release_below_a_shell(zoo, line) for name, line in lines.items()}
    zoo.settle(1.5)
    said = clean(zoo)
    lives = {name: is_alive(shell) for name, (shell, _) in shells.items()}
    assert lives == {"ends": False, "busy": True, "goes on": True}
    frees = {name: of(said, pid)["frees_bytes"] for name, (_, pid) in shells.items()}
    assert frees["ends"] > 2 * max(frees["busy"], frees["goes on"])  # a shell is the larger one
