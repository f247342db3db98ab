"""Who holds the other end: pipelines, named pipes, waiting wrappers and foreign namespaces."""

from __future__ import annotations

import os
from pathlib import Path

from tests.integration.zoo.keeper import Zoo

# Programs that start another one, wait for it and do nothing else.
WAITING = {"timeout": ("1000",), "flock": ("--shared", "lock")}
FOREIGN = ("mount", "user", "cgroup")


def left_alone(zoo: Zoo, claude: Path, server: Path, programs: dict[str, str]) -> dict[str, int]:
    """Those whose every owner is part of the same forgotten group."""
    found = {
        f"below a forgotten {name}": zoo.inmate_of(
            zoo.release(programs[name], *WAITING[name], str(claude), detach="wreck")
        )
        for name in programs
    }
    log = zoo.home / "tee.log"
    found["its forgotten tee"] = zoo.inmate_of(
        zoo.release("/bin/bash", "-c", f"{claude} | tee {log}; true", detach="wreck")
    )
    reader, writer = os.pipe()
    os.close(writer)
    found["a server whose client has closed"] = zoo.release(server, stdin=reader)
    os.close(reader)
    return found


def held(
    zoo: Zoo, claude: Path, server: Path, code: Path, programs: dict[str, str], unshare: str
) -> dict[str, int]:
    """Those that somebody alive holds, or that are not ours to judge."""
    found = {
        f"below a {name} of an editor": zoo.child_of(
            zoo.release(code, child=(programs[name], *WAITING[name], claude))
        )
        for name in programs
    }
    # Who is not root has the right to them only below a namespace of users.
    rights = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    for kind in FOREIGN:
        found[f"in a {kind} namespace"] = zoo.release(
            unshare, *rights, f"--{kind}", str(claude), becomes=claude
        )
    found["fed through a named pipe"] = _fed(zoo, server, code)
    return found


def _fed(zoo: Zoo, server: Path, code: Path) -> int:
    fifo = zoo.home / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(fifo, os.O_WRONLY)
    try:
        pid = zoo.release(server, stdin=reader)
        zoo.release(code, stdout=writer)
    finally:
        os.close(reader)
        os.close(writer)
    return pid
