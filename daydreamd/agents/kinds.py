"""Which processes are coding agents: told by how they are installed and what they are to run.

Text somewhere in a command line proves nothing: an editor with "claude code" in a file name and a
`tail -f aider.log` are not agents. Neither does a bare name: a process counts by the package that
its executable, or the script or module that an interpreter was given, lies in, or by its own entry
in the agent's registry. Whether it is abandoned is another question, asked elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Final

from daydreamd.agents.executed import Executed, Run, interpreter, what_is_run
from daydreamd.agents.layouts import EXECUTABLES, LAYOUTS, installed_binary, installed_script
from daydreamd.agents.marks import is_native_claude
from daydreamd.agents.mcp_servers import RUNNERS, is_mcp_server, names_a_server
from daydreamd.agents.registry import is_registered
from daydreamd.host.files.disks import glance
from daydreamd.settings.cleanup import UserKind

CLAUDE: Final = "claude"
AIDER: Final = "aider"
MCP: Final = "mcp"
LEFT_BY_AGENTS: Final = "left_by_agents"
OTHER_AGENTS: Final = tuple(kind for kind in LAYOUTS if kind != CLAUDE)


def recognise(program: Executed, kinds: Sequence[UserKind] = ()) -> str | None:
    """The name of the kind, or None for everything that is no agent. Users' kinds come first."""
    run = what_is_run(program)
    for kind in kinds:
        if _matches(program.exe, kind.exe) or (run and _matches(run.script, kind.script)):
            return kind.name
    if _is_aider(program, run):
        return AIDER
    if run and run.script and names_a_server(run):
        return MCP  # some agents bring servers along in their own package
    if agent := _installed_agent(program, run):
        return agent
    return MCP if is_mcp_server(program, run) else None


def may_be_an_agent(exe: str, kinds: Sequence[UserKind] = ()) -> bool:
    """Whether the executable alone leaves it open; a cheap first look at every process."""
    name = os.path.basename(exe)  # noqa: PTH119 - called for every process there is
    return bool(
        name in EXECUTABLES
        or name in RUNNERS
        or interpreter(name)
        or "/claude/versions/" in exe
        or "mcp" in name.lower()
        or any(_matches(exe, kind.exe) or kind.script for kind in kinds)
    )


def _installed_agent(program: Executed, run: Run | None) -> str | None:
    if run is None:
        if program.name not in EXECUTABLES and "/claude/versions/" not in program.exe:
            return None
        if _is_desktop_program(program):
            return None
        return installed_binary(program.exe) or _by_its_own_marks(program)
    if run.script and (agent := installed_script(run.script)):
        return agent if _is_started_by_name(agent, run.script) else None
    # Node lets a program overwrite its own command line: older versions called themselves so.
    is_titled = program.argv[:1] == (CLAUDE,) and not any(program.argv[1:])
    return CLAUDE if is_titled and program.pid and is_registered(program.pid) else None


def _by_its_own_marks(program: Executed) -> str | None:
    """A `claude` that lies anywhere: its registry knows it, or it is built as Claude Code is."""
    if program.name != CLAUDE:
        return None
    registered = program.pid and is_registered(program.pid)
    return CLAUDE if registered or is_native_claude(program.exe) else None


def _is_started_by_name(agent: str, script: str) -> bool:
    """Of Claude Code's package the entry alone: other scripts in it are its hooks and helpers."""
    return agent != CLAUDE or os.path.basename(script).startswith("cli")  # noqa: PTH119 - a name, no path


def _is_desktop_program(program: Executed) -> bool:
    """Electron's own marks: helper processes say their type, and the bundle lies beside it."""
    beside = Path(program.exe).parent / "resources" / "app.asar"
    return any(word.startswith("--type=") for word in program.argv) or glance(
        beside.parent, beside.exists, unknown=True
    )


def _is_aider(program: Executed, run: Run | None) -> bool:
    if run is None:
        return False  # there is no other Aider than the one that Python runs
    if run.module:
        return run.module in ("aider", "aider.main", "aider.__main__") and _is_not_the_users_own(
            program.cwd
        )
    script = PurePath(run.script)
    if script.name in ("__main__.py", "main.py"):
        return script.parent.name == "aider" and "site-packages" in script.parts
    if script.name != "aider":
        return False
    return "aider" in script.parent.parent.name or _imports_aider(run.script)


def _is_not_the_users_own(cwd: str) -> bool:
    """Python takes a package of the working directory first: it is Aider if it has its coders."""
    beside = Path(cwd, "aider") if cwd else None
    return beside is None or glance(
        beside, lambda: not beside.is_dir() or (beside / "coders").is_dir(), unknown=False
    )


def _imports_aider(script: str) -> bool:
    def look() -> bool:
        with open(script, "rb") as file:  # noqa: PTH123 - a script that runs already
            return b"from aider." in file.read(4096)

    try:
        return glance(script, look, unknown=False)
    except OSError:  # gone or unreadable: then its name alone does not make it Aider
        return False


def _matches(path: str, globs: Sequence[str]) -> bool:
    expanded = [os.path.expanduser(glob) for glob in globs]  # noqa: PTH111 - globs are no paths
    return bool(path) and any(fnmatchcase(path, glob) for glob in expanded)
