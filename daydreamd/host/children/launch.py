"""Starting a child: in a session of its own, within its program's limits, to die when we die.

`prlimit` and `setpriv` of util-linux become the program, in two milliseconds: with its limits from
its first instruction on, and with the kernel's promise to end it with us (should we die within
those two, recovery finds it by its mark). Where `setpriv` cannot be used, our own confining program
does the same in fifteen; a program that confines itself already is started as it is. This file does
not know how a child is held.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from daydreamd.errors import CommandError
from daydreamd.host.children import confined_exec
from daydreamd.host.children.confinement import confined
from daydreamd.host.children.programs import Program, find_program

Stream = Literal["pipe", "inherit", "drop"]
_STREAMS: Final = {"pipe": subprocess.PIPE, "inherit": None, "drop": subprocess.DEVNULL}
_OPENED_AT_START: Final = 8
"""Three pipes of the child's, and the one through which a failed exec is told."""
_NAMES: Final = {
    resource.RLIMIT_CORE: "core",
    resource.RLIMIT_DATA: "data",
    resource.RLIMIT_FSIZE: "fsize",
    resource.RLIMIT_CPU: "cpu",
    resource.RLIMIT_NOFILE: "nofile",
    resource.RLIMIT_STACK: "stack",
}


def launch(
    argv: Sequence[str | Path],
    program: Program,
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bool,
    stdout: Stream,
    stderr: Stream,
) -> subprocess.Popen[bytes]:
    """Start it; CommandError where that cannot be done."""
    words = [str(word) for word in argv]
    try:
        _require(words[0])
        bound = [*_limiting(program), *_bound_to_us(words)]
        _require_descriptors()
        process = subprocess.Popen(
            bound,
            bufsize=0,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=_STREAMS[stdout],
            stderr=_STREAMS[stderr],
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
        raise CommandError(f"cannot start {words[0]}: {_reason(error)}", argv=words) from error
    if not _prlimit():
        _limit(process.pid, program)
    return process


def abandon(process: subprocess.Popen[bytes]) -> None:
    """End a child that cannot be held, and wait for it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _require(program: str) -> None:
    """OSError where there is no such program, as `exec` would say it of one that it tries."""
    if "\0" in program:
        raise ValueError("embedded null byte")
    if "/" not in program:
        if find_program(program) is None:
            raise FileNotFoundError(2, "No such file or directory", program)
    elif not os.access(program, os.X_OK):
        os.stat(program)  # noqa: PTH116 - for its own error
        raise PermissionError(13, "Permission denied", program)


def _bound_to_us(words: list[str]) -> list[str]:
    if confined_exec.__file__ in words[:8]:
        return words
    found = words[0] if "/" in words[0] else str(find_program(words[0]))
    if wrapper := _setpriv():
        return [*wrapper, found, *words[1:]]
    return confined([found, *words[1:]], landlock=False, nice=0, oom_score_adj=0)


def _require_descriptors() -> None:
    """OSError where too few are left: Popen before Python 3.11.4 never closes those it then has."""
    with ExitStack() as opened:
        for _ in range(_OPENED_AT_START):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))


@lru_cache(maxsize=1)
def _setpriv() -> tuple[str, ...]:
    """The words before a program that have it die with us; none where they cannot be used.

    It sets its capabilities, even to what they are: a unit that filters system calls refuses that.
    """
    return _usable("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--")


@lru_cache(maxsize=1)
def _prlimit() -> tuple[str, ...]:
    return _usable("prlimit", "--core=0:0")


def _usable(tool: str, *options: str) -> tuple[str, ...]:
    """The tool and its options where it can become a program so; nothing where it cannot."""
    if not (found := find_program(tool)):
        return ()
    words = (str(found), *options)
    tried = subprocess.run(
        [*words, str(found), "--version"], env={}, capture_output=True, check=False
    )
    return words if tried.returncode == 0 else ()


def _limiting(program: Program) -> list[str]:
    """The words before a program that have it start within its limits."""
    if not (prlimit := _prlimit()):
        return []
    bounds = _bounds(program, resource.getrlimit).items()
    return [prlimit[0], *(f"--{_NAMES[kind]}={most}:{most}" for kind, most in bounds), "--"]


def _limit(pid: int, program: Program) -> None:
    """Limit a child that has started already, for want of `prlimit`: it may have used more."""
    with suppress(ProcessLookupError):  # it has ended already
        for kind, most in _bounds(program, lambda kind: resource.prlimit(pid, kind)).items():
            resource.prlimit(pid, kind, (most, most))


def _bounds(program: Program, read: Callable[[int], tuple[int, int]]) -> dict[int, int]:
    """Each limit of a program, or the one that holds already where that is lower."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: program.memory_bytes,
        resource.RLIMIT_FSIZE: program.file_bytes,
        resource.RLIMIT_CPU: program.cpu_seconds,
        resource.RLIMIT_NOFILE: program.open_files,
        resource.RLIMIT_STACK: program.stack_bytes,
    }
    limits = {kind: most for kind, most in wanted.items() if most is not None}
    hard = {kind: read(kind)[1] for kind in limits}
    return {
        kind: most if hard[kind] == resource.RLIM_INFINITY else min(most, hard[kind])
        for kind, most in limits.items()
    }


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
