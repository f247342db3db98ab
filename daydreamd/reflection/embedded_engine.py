"""The embedded engine for the length of one analysis.

A child on the leash serves the installed weights on a free loopback port, with a key that nobody
else has, and is gone when the block is left. Which weights there are, readiness has found.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec

from daydreamd.errors import ModelUnreachable, ServerFault
from daydreamd.host import web
from daydreamd.host.children.commands import SESSION_MARK, Leash, clean_environment, leashed
from daydreamd.host.children.confinement import confined, program_paths
from daydreamd.host.children.libraries import engine_library_path
from daydreamd.host.children.programs import ENGINE
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.embedded_server import KEY_VARIABLE
from daydreamd.text.prompting import one_line


@asynccontextmanager
async def embedded_engine(
    choice: ModelChoice, *, scratch: Path, session_id: str, confine: bool
) -> AsyncGenerator[ModelChoice]:
    """The choice, with the address and the key of an engine that serves it.

    ModelUnreachable where the engine ends before it serves. There is no deadline of its own.
    """
    key = secrets.token_hex(16)
    home = scratch / "engine"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = clean_environment(
        HOME=str(home),
        PYTHONPATH=os.pathsep.join(path for path in sys.path if path),
        **{KEY_VARIABLE: key, SESSION_MARK: session_id, **engine_library_path()},
    )
    argv = confined(
        [
            *(sys.executable, "-P", "-m", "daydreamd.reflection.embedded_server"),
            *(choice.weights, str(choice.context_tokens)),
        ],
        read=[*program_paths(sys.executable), *filter(None, sys.path), choice.weights],
        write=[home],
        connect_ports=[],  # it only listens
        landlock=confine,
        nice=0,  # whoever runs the session has said how nice it is
    )
    async with leashed(argv, cwd=home, env=environment, grace=1.0, program=ENGINE) as leash:
        address = await _address(leash)
        await _healthy(address, key)
        yield msgspec.structs.replace(choice, base_url=address, api_key=key)


async def _address(leash: Leash) -> str:
    """What the child prints once its weights are loaded."""
    async for line in leash.lines():
        if line.startswith(b"http://127.0.0.1:"):
            return line.decode().strip()
    await leash.wait()
    said = leash.stderr.decode(errors="replace").strip().splitlines()
    reason = one_line(said[-1], limit=200) if said else "it ended without a word"
    raise ModelUnreachable(f"cannot start the embedded engine: {reason}")


async def _healthy(address: str, key: str) -> None:
    """Wait until the server says that it can answer; the caller's deadline is the only limit."""
    async with web.client(address, api_key=key) as server:
        while True:
            try:
                await web.ask_json(server, "/health")
            except ServerFault:  # HTTP 503 while it still loads
                await anyio.sleep(0.05)
            else:
                return
