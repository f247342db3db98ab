"""What a process executes: its file, and where that is an interpreter the script or module."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from daydreamd.host.files.disks import glance

_JAVASCRIPT: Final = re.compile(r"node(?:js)?(?:-?\d+)?|bun|deno")
_PYTHON: Final = re.compile(r"python(?:\d+(?:\.\d+)?)?|pypy\d?")
_OPTIONS_WITH_VALUE: Final = {
    "javascript": {
        "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--env-file",
    },
    "python": {"-X", "-W", "--check-hash-based-pycs"},
}  # fmt: skip


@dataclass(frozen=True)
class Executed:
    """What a process executes: the executable's path, its arguments, and its working directory.

    With a `pid` its own marks may be asked for, where a path does not say enough; 0 asks nothing.
    """

    exe: str
    argv: tuple[str, ...]
    cwd: str = ""
    pid: int = 0

    @property
    def name(self) -> str:
        return os.path.basename(self.exe)  # noqa: PTH119 - called for every process there is


@dataclass(frozen=True)
class Run:
    """What an interpreter was told to run: a script's path, or a module. Either may be empty."""

    script: str = ""
    module: str = ""
    arguments: tuple[str, ...] = ()


def what_is_run(program: Executed) -> Run | None:
    """What an interpreter was given to run; None where the program is no interpreter."""
    language = interpreter(program.name)
    if language is None:
        return None
    rest = iter(program.argv[1:])
    for word in rest:
        if word == "-m" and language == "python":
            return Run(module=next(rest, ""), arguments=tuple(rest))
        if word in ("-c", "-e", "-p", "--eval", "--print", "-"):
            return Run()
        if word in _OPTIONS_WITH_VALUE[language]:
            next(rest, "")
        elif word in ("run", "x") and program.name in ("bun", "deno"):
            continue
        elif word and not word.startswith("-"):
            return Run(script=_resolved(word, program.cwd), arguments=tuple(rest))
    return Run()


def interpreter(name: str) -> str | None:
    """The language of an interpreter of that name; None where it is none."""
    if _JAVASCRIPT.fullmatch(name):
        return "javascript"
    return "python" if _PYTHON.fullmatch(name) else None


def _resolved(script: str, cwd: str) -> str:
    """The script's own path: `/usr/local/bin/claude` is a link to some `cli.js`."""
    path = os.path.join(cwd, script) if cwd else script  # noqa: PTH118 - absolute scripts win
    if not path.startswith("/"):
        return script
    return glance(path, lambda: os.path.realpath(path), unknown=path)
