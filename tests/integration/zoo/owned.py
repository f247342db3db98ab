"""Processes with an owner that the chain of parents does not show, and groups that own themselves.

All of them have lost their parent, are old, idle and without a terminal; what is right about each
follows from who else is there.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from daydreamd.host.processes import read_stat
from tests.integration.zoo.animals import (
    CLI_JS,
    PYTHON,
    SCRIPT,
    SESSION_ID,
    Animal,
    real_program,
    registry,
)
from tests.integration.zoo.held_open import Keeper, may_trace
from tests.integration.zoo.pipelines import GROUPS

SERVER = "n/node_modules/@modelcontextprotocol/server-y/index.js"


def fill_owned(keeper: Keeper) -> Iterator[Animal]:
    """Let all of them loose."""
    return keeper.fill(_connected, _remote, _people, _with_partners, _beside, *GROUPS)


def _connected(keeper: Keeper) -> Iterator[Animal]:
    zoo, server = keeper.zoo, str(keeper.zoo.write(SERVER, SCRIPT))
    node = real_program("node")
    fifo = zoo.directory / "fifo"
    os.mkfifo(fifo)
    keeper.open(fifo, os.O_RDWR)
    yield Animal(
        "fed by a FIFO", keeper.release(stdin=keeper.open(fifo, os.O_RDONLY)), "spare", "works for"
    )
    other_name = zoo.directory / "other-name"
    os.link(fifo, other_name)
    fed = keeper.release(stdin=keeper.open(other_name, os.O_RDONLY))
    yield Animal("fed by a FIFO of another name", fed, "spare", "works for")
    aider = str(zoo.write(".venv-aider/bin/aider", "import signal\nsignal.pause()\n"))
    pid = zoo.release(PYTHON, aider, "--watch-files")
    yield Animal("aider that watches files", pid, "spare", "--watch-files")
    path = zoo.directory / "plugin.sock"
    tcp = ("127.0.0.1", 0)
    listeners = {
        "listens on a unix socket": keeper.listener(str(path)),
        "listens on an abstract socket": keeper.listener(f"\0zoo-{zoo.mark}"),
        "listens on a port": keeper.listener(tcp, socket.AF_INET),
        "listens on a port of IPv6": keeper.listener(("::1", 0), socket.AF_INET6),
    }
    for name, listener in listeners.items():
        pid = zoo.release(node, server, stdin=listener.fileno())
        yield Animal(f"a server {name}", pid, "spare", "for clients to come")
        yield Animal(
            f"claude {name}", keeper.release(stdin=listener.fileno()), "spare", "clients to come"
        )
    other = keeper.listener(tcp, socket.AF_INET)
    gone = keeper.new_socket(family=socket.AF_INET)
    gone.connect(other.getsockname())
    pid = zoo.release(node, server, stdin=gone.fileno())
    yield Animal("a server that went to a port", pid, "spare", "is connected to port")
    pid = keeper.release(stdin=gone.fileno())
    yield Animal("claude that somebody talks to by TCP", pid, "spare", "is connected to port")
    tool = zoo.write("src/tool.js", _CALLS % other.getsockname()[1])
    npx = str(zoo.write("npm/bin/npx-cli.js", _RUN_SCRIPT.format(tool)))
    pid = zoo.release(node, npx, "-y", "@modelcontextprotocol/server-z")
    yield Animal("runner of a server that went to a port", pid, "spare", "is connected to port")
    line = f"exec {keeper.claude} 5<&0 0</dev/null"
    pid = zoo.release("/bin/bash", "-c", line, becomes=keeper.claude, stdin=gone.fileno())
    yield Animal("claude with a connection to its model", pid, "kill")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        held = keeper.release(stdin=theirs.fileno())
        zoo.release(keeper.code, stdin=ours.fileno())
    yield Animal("with a socket pair to an editor", held, "spare", "works for code")
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        yield Animal(
            "with a pair closed at the other end", keeper.release(stdin=theirs.fileno()), "kill"
        )


def _remote(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
    for word in ("--remote-control", "--bg", "--remote-control=desk", "--rc", "--sdk-url=ws://x"):
        yield Animal(f"claude {word}", keeper.release(word), "spare", "meant to outlive")
    for word in ("remote-control", "daemon"):
        yield Animal(f"claude {word}", keeper.release(word), "spare", "meant to outlive")
    late = keeper.release("--dangerously-skip-permissions", "remote-control")
    yield Animal("claude remote-control behind an option", late, "spare", "meant to outlive")
    script = str(zoo.write(CLI_JS, SCRIPT))
    pid = zoo.release(real_program("node"), script, "remote-control")
    yield Animal("node cli.js remote-control", pid, "spare", "meant to outlive")
    known, unknown = keeper.release(), keeper.release()
    registry(zoo, known, status="idle", bridgeSessionId="session_1", sessionId=SESSION_ID)
    yield Animal("known to the remote control", known, "spare", "remote control")
    registry(zoo, unknown, status="Pondering", sessionId=SESSION_ID)
    yield Animal("with a status that nobody knows", unknown, "spare", "something unknown")
    yield Animal("claude --daemon, which there is not", keeper.release("--daemon"), "kill")
    background, listed = keeper.release(), keeper.release()
    registry(zoo, background, status="idle", kind="bg", sessionId=SESSION_ID)
    yield Animal("in the background by its registry", background, "spare", "in the background")
    stat = read_stat(listed)
    assert stat is not None
    roster = {"workers": {"a": {"pid": listed, "procStart": str(stat.start_ticks)}}}
    zoo.write(".claude/daemon/roster.json", json.dumps(roster))
    yield Animal("on the roster", listed, "spare", "roster")


def _people(keeper: Keeper) -> Iterator[Animal]:
    zoo = keeper.zoo
    for name in ("gvim", "nano", "emacs", "firefox"):
        pid = keeper.release(child=(zoo.put(f"bin/{name}"),))
        yield Animal(f"with {name} below it", pid, "spare", "a person's program")
    pid = keeper.release(child=(zoo.put("bin/chromium"), "--headless", "--remote-debugging-pipe"))
    yield Animal("with a browser that it drives", pid, "kill")
    screen = keeper.listener(f"\0/tmp/.X11-unix/X{int(zoo.mark, 16)}")
    shown = keeper.new_socket()
    shown.connect(screen.getsockname())
    keeper.accept(screen)
    yield Animal("with a window", keeper.release(stdin=shown.fileno()), "spare", "a window is open")
    pid = keeper.release()
    tracer = ["strace", "-qq", "-o", "/dev/null", "-p", str(pid)]
    if shutil.which("strace") and may_trace():
        traced = subprocess.Popen(tracer, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        keeper.end_later(traced)
        yield Animal("debugged", pid, "spare", "strace")


def _with_partners(keeper: Keeper) -> Iterator[Animal]:
    """An MCP server that lost its parent goes together with the agent it is connected to."""
    zoo, node = keeper.zoo, real_program("node")
    for name, arguments, decision in (("stays", ("--bg",), "spare"), ("goes", (), "kill")):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            agent = keeper.release(*arguments, stdin=ours.fileno())
            server = str(zoo.home / SERVER)
            pid = zoo.release(node, server, stdin=theirs.fileno())
        reason = "its partner" if decision == "spare" else ""
        yield Animal(f"a server of an agent that {name}", pid, decision, reason)
        yield Animal(f"an agent with its server that {name}", agent, decision)


def _beside(keeper: Keeper) -> Iterator[Animal]:
    """Who stands beside it, above it, or holds its terminal."""
    zoo, claude = keeper.zoo, keeper.claude
    screen = zoo.terminal()
    shown = keeper.open(Path(screen), os.O_RDWR)
    yield Animal("writes to a terminal", keeper.release(stdout=shown), "spare", "terminal")
    line = f"coproc C {{ {claude}; }}; sleep 1000000; echo >&${{C[1]}}"
    pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck"))
    yield Animal("driven by a shell through a coproc", pid, "kill")
    script = zoo.write("bin/loop.sh", f"while true; do {claude}; sleep 1; done\n")
    pid = zoo.inmate_of(zoo.release("/bin/bash", str(script), detach="wreck"))
    yield Animal("of a script that goes on", pid, "spare", "works for bash")
    datagrams = keeper.new_socket(family=socket.AF_INET, kind=socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    pid = keeper.release(stdin=datagrams.fileno())
    yield Animal("serves datagrams", pid, "spare", "UDP port")
    local = keeper.new_socket(kind=socket.SOCK_DGRAM)
    local.bind(f"\0zoo-datagrams-{zoo.mark}")
    yield Animal("serves local datagrams", keeper.release(stdin=local.fileno()), "spare", "listens")
    for name in ("code-tunnel", "postgres"):
        pid = keeper.release(child=(zoo.put(f"bin/{name}"),))
        yield Animal(f"with {name} below it", pid, "spare", "meant to outlive")


_RUN_SCRIPT = """require('child_process').fork('{0}', {{stdio: 'ignore'}});
"""
_CALLS = """require('net').connect(%d, '127.0.0.1');
"""
