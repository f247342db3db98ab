"""A real program that behaves as badly as programs do, and what it notes of its processes."""

import sys
from pathlib import Path

import anyio

from daydreamd.host.processes import read_stat

MISBEHAVING = Path(__file__).parent.parent / "fakes" / "misbehaving.py"
MIB = 1 << 20


def deed(*words):
    """The command line of a misbehaviour and its arguments."""
    return [sys.executable, "-S", MISBEHAVING, *map(str, words)]


def noted(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def living(pids):
    return [pid for pid in pids if (stat := read_stat(pid)) and stat.state != "Z"]


async def until_noted(path, count):
    with anyio.fail_after(60):
        while len(noted(path)) < count:  # noqa: ASYNC110 - another program writes it
            await anyio.sleep(0.01)
