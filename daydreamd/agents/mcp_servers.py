"""Which processes are MCP servers: by their package or name, however they are run.

They are mostly run from a package on the spot (`uvx NAME`, `npx -y NAME`, `docker run -i NAME`), in
a tree of a runner and the server. `uvx` executes `uv tool uvx NAME`; npm writes what it runs into
its own command line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from daydreamd.agents.executed import Executed, Run
from daydreamd.agents.layouts import packages
from daydreamd.agents.marks import started_by
from daydreamd.host.processes import read_environ

_WORD: Final = re.compile(r"(?:^|[^a-z0-9])mcp(?:[^a-z0-9]|$)", re.IGNORECASE)
_PACKAGE: Final = re.compile(r"@modelcontextprotocol/|(?:^|[@/._-])mcp(?:[/._@-]|$)", re.IGNORECASE)
_JUST_THE_WORD: Final = ("mcp", "mcp.exe", "mcp.py", "mcp.js")
_OF_NPM: Final = ("npx-cli.js", "npm-cli.js", "npx", "npm", "pnpm.cjs", "pnpm", "yarn.js", "yarn")
_RUNNERS: Final = ("exec", "dlx", "x", "run", "tool", "uvx")
_UV_OPTIONS_WITH_VALUE: Final = {
    "--with", "--with-editable", "--with-requirements", "-w", "--python", "-p", "--index",
    "--index-url", "-i", "--default-index", "--extra-index-url", "--find-links", "-f",
    "--constraints", "-c", "--overrides", "--directory", "--project", "--env-file", "--cache-dir",
    "--config-file", "--refresh-package", "--resolution", "--prerelease", "--link-mode", "--color",
}  # fmt: skip
# Where uvx, npx and `pnpm dlx` put what they run on the spot.
_CACHES: Final = ("/archive-v0/", "/_npx/", "/pnpm/dlx/")
RUNNERS: Final = ("uv", "uvx", "docker", "podman", "nerdctl")


def is_mcp_server(program: Executed, run: Run | None) -> bool:
    """Whether a process is an MCP server, or runs one."""
    return _is_named(program, run) or _has_its_shape(program, run)


def names_a_server(run: Run) -> bool:
    """Whether a script is an MCP server's by its name or package."""
    return _is_script(PurePath(run.script), run.arguments)


def asked_of_uv(argv: Sequence[str]) -> tuple[str, ...]:
    """The packages and commands that `uvx`, `uv tool uvx`, `uv tool run` or `uv run` was asked."""
    words, found = iter(argv[1:]), []
    for word in words:
        if word in ("--from", "--module", "-m"):
            found.append(next(words, ""))
        elif word.startswith("--from="):
            found.append(word.partition("=")[2])
        elif word in _UV_OPTIONS_WITH_VALUE:
            next(words, "")
        elif not word.startswith("-") and word not in _RUNNERS:
            return (*found, word)
    return tuple(found)


def _is_named(program: Executed, run: Run | None) -> bool:
    if run is None:
        return _is_binary(program)
    if run.module:
        return _has_word(run.module) and run.module != "mcp"
    if run.script:
        return _is_script(PurePath(run.script), run.arguments)
    title = " ".join(program.argv).split()
    return title[:2] == ["npm", "exec"] and _names_package(title[2:])


def _is_binary(program: Executed) -> bool:
    if program.name in ("uv", "uvx"):
        return any(_has_word(word) for word in asked_of_uv(program.argv))
    if program.name in RUNNERS:
        return _is_container_of_one(program.argv)
    return program.name not in _JUST_THE_WORD and _has_word(program.name)


def _is_container_of_one(argv: Sequence[str]) -> bool:
    """`docker run -i --rm mcp/fetch`: one that is to go with its client, as `--rm` says."""
    words = argv[2:]
    flags = {word.partition("=")[0] for word in words if word.startswith("-")}
    holds = bool(flags & {"-i", "--interactive", "-it", "-ti"}) and "--rm" in flags
    stays = bool(flags & {"-d", "--detach", "--restart"})
    return (
        argv[1:2] == ("run",)
        and holds
        and not stays
        and any(_PACKAGE.search(word) for word in words if not word.startswith("-"))
    )


def _is_script(path: PurePath, arguments: Sequence[str]) -> bool:
    if path.name in _OF_NPM:
        return _names_package([word for word in arguments if word not in _RUNNERS])
    if path.name in _JUST_THE_WORD:
        return False
    return (
        _has_word(path.stem)
        or (".claude" in path.parts and "plugins" in path.parts)
        or any(_PACKAGE.search(name) for name in packages(path.parts))
    )


def _has_word(name: str) -> bool:
    return _WORD.search(name) is not None


def _names_package(words: Sequence[str]) -> bool:
    first = next((word for word in words if not word.startswith("-")), "")
    return _PACKAGE.search(first) is not None


def _has_its_shape(program: Executed, run: Run | None) -> bool:
    """Without a word: run from a package on the spot, or by an agent, to speak through pipes.

    Both ways of its standard input and output are pipes or sockets; at whose other end is nobody
    any more, the session that it served is over. Whether there is, is asked of every server.
    """
    if not program.pid or not all(_is_piped(program.pid, fd) for fd in (0, 1)):
        return False
    if run is None:
        return program.name in ("uv", "uvx") and bool(asked_of_uv(program.argv))
    if not run.script:
        return False
    if any(cache in run.script for cache in _CACHES):
        return True
    environ = read_environ(program.pid) or {}
    return bool(started_by(environ) and environ.get("CLAUDE_PROJECT_DIR"))


def _is_piped(pid: int, fd: int) -> bool:
    try:
        link = os.readlink(f"/proc/{pid}/fd/{fd}")  # noqa: PTH115 - no path, a name of the kernel's
    except OSError:  # gone, or not to be seen: then it proves nothing
        return False
    return link.startswith(("pipe:", "socket:"))
