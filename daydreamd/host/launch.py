"""Starting a child: in a session of its own, within its program's limits, to die when we die.

The kernel ends the child with us (`setpriv` of util-linux asks it to, in two milliseconds); where
that cannot be used, our own confining program does the same in fifteen. A program that confines
itself already is started as it is. This file does not know how a child is held.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from daydreamd.errors import CommandError
from daydreamd.host import confined_exec
from daydreamd.host.confinement import confined
from daydreamd.host.programs import Program, find_program

Stream = Literal["pipe", "inherit", "drop"]
_STREAMS: Final = {"pipe": subprocess.PIPE, "inherit": None, "drop": subprocess.DEVNULL}


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
        process = subprocess.Popen(
            _bound_to_us(words),
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


@lru_cache(maxsize=1)
def _setpriv() -> tuple[str, ...]:
    """The words before a program that have it die with us; none where they cannot be used.

    It sets its capabilities, even to what they are: a unit that filters system calls refuses that.
    """
    found = find_program("setpriv")
    if found is None:
        return ()
    words = (str(found), "--pdeathsig", "KILL", "--no-new-privs", "--")
    tried = subprocess.run(
        [*words, str(found), "--version"], env={}, capture_output=True, check=False
    )
    return words if tried.returncode == 0 else ()


def _limit(pid: int, program: Program) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: program.memory_bytes,
        resource.RLIMIT_FSIZE: program.file_bytes,
        resource.RLIMIT_CPU: program.cpu_seconds,
        resource.RLIMIT_NOFILE: program.open_files,
    }
    for kind, most in limits.items():
        if most is None:
            continue
        with suppress(ProcessLookupError):  # it has ended already
            _, hard = resource.prlimit(pid, kind)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.prlimit(pid, kind, (bound, bound))


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
