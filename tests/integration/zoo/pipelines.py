"""Agents in a group: below a wrapper, in a pipeline, above a server that has a queue."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

from tests.integration.zoo.animals import PYTHON, Animal, real_program
from tests.integration.zoo.held_open import Keeper


def _wrapped(keeper: Keeper) -> Iterator[Animal]:
    """The wrapper waits: without an owner of its own it is none, with one it passes it on."""
    zoo, claude = keeper.zoo, keeper.claude
    names = (
        "uv", "uvx", "mise", "direnv", "op", "systemd-inhibit", "bwrap", "firejail", "doppler",
        "timeout", "flock", "sudo", "script", "aws-vault", "pnpm", "nix", "proxychains4",
    )  # fmt: skip
    for name in names:
        wrapper = zoo.put(f"wrappers/{name}")
        pid = zoo.child_of(zoo.release(wrapper, child=(claude,)))
        yield Animal(f"below a forgotten {name}", pid, "kill")
    path = "n/node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs"
    script = str(zoo.write(path, _RUN.format(claude)))
    pid = zoo.inmate_of(zoo.release(real_program("node"), script))
    yield Animal("below cli-wrapper.cjs", pid, "kill")
    harness = zoo.write("bin/harness.py", _HARNESS.format(claude))
    pid = zoo.inmate_of(zoo.release(PYTHON, str(harness)))
    yield Animal("of a harness that lives", pid, "spare", "works for python")


def _pipelines(keeper: Keeper) -> Iterator[Animal]:
    zoo, claude = keeper.zoo, keeper.claude
    log = zoo.directory / "log"
    for name, line in {
        "piped into tee": f"{claude} | tee {log}",
        "piped through two": f"{claude} | cat | tee {log}",
        "piped into grep": f"{claude} | grep -v x > {log}",
        "between two": f"sleep 100000 | {claude} | tee {log}",
    }.items():
        pid = zoo.inmate_of(zoo.release("/bin/bash", "-c", line, detach="wreck"))
        yield Animal(name, pid, "kill")
    ours, theirs = os.pipe()
    pid = zoo.inmate_of(
        zoo.release("/bin/bash", "-c", f"{claude} | cat", detach="wreck", stdout=theirs)
    )
    zoo.release(keeper.code, stdin=ours)
    os.close(ours)
    os.close(theirs)
    yield Animal("piped through cat to an editor", pid, "spare", "works for code")


def _in_a_queue(keeper: Keeper) -> Iterator[Animal]:
    """A server below the agent has a client, and is busy with another: it has not accepted it."""
    pid, port = keeper.release_used("has_a_queue", below=True)
    client = keeper.new_socket(family=socket.AF_INET)
    client.connect(("127.0.0.1", int(port)))
    yield Animal("with a server below it that a client waits at", pid, "spare", "a client")
    pid, _ = keeper.release_used("has_a_queue", "own", below=True)
    yield Animal("with a server below it that its own client waits at", pid, "kill")


_RUN = """require('child_process').spawn('{0}', [], {{stdio: 'ignore'}});
setInterval(() => {{}}, 1e9);
"""
_HARNESS = """import signal, subprocess
subprocess.Popen(["{0}"], stdin=subprocess.DEVNULL)
signal.pause()
"""

GROUPS = (_wrapped, _pipelines, _in_a_queue)
