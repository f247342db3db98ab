"""Running a program to its end, inside limits of time, output and memory.

`run` is what the rooms use for git, Aider and their like; `leashed` is for children that live long.
This file does not know any of those programs, nor what an exit code of theirs means.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import anyio

from daydreamd.errors import CommandTimeout, CommandTooLarge
from daydreamd.host.children.leash import Leash, leashed
from daydreamd.host.children.programs import ANY, Program, search_path
from daydreamd.host.processes.identity import Identity
from daydreamd.units import say_duration, say_size

SESSION_MARK: Final = "DAYDREAMD_SESSION_ID"

__all__ = ["SESSION_MARK", "Finished", "Leash", "clean_environment", "leashed", "run"]


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left. An exit code below 0 is a signal's; of stderr only the tail is kept.

    The memory peak is None where the program ended before it was looked at.
    """

    argv: tuple[str, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    peak_rss_bytes: int | None
    cpu_seconds: float
    seconds: float
    survivors: tuple[Identity, ...] = ()


async def run(  # noqa: PLR0913 - every limit of a child, in one place
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    deadline: float,
    stdin: bytes = b"",
    max_stdout: int = 1 << 20,
    max_memory: int | None = None,
    grace: float = 2.0,
    on_stdout: Callable[[bytes], None] | None = None,
    too_much: Literal["end", "drop"] = "end",
    program: Program = ANY,
) -> Finished:
    """Run a program; when this returns or raises, nothing that it started lives any more.

    `deadline` is in seconds from now. Output beyond `max_stdout` bytes ends the program
    (CommandTooLarge), or is dropped and `truncated` says so; `on_stdout` is handed every chunk that
    comes. Raises CommandError when it cannot be started, CommandTimeout at the deadline,
    CommandTooLarge above a limit. A failing exit code is the caller's to judge.
    """
    began = anyio.current_time()
    kept = bytearray()
    seen = 0
    async with leashed(
        argv, cwd=cwd, env=env, stdin=stdin, grace=grace, max_memory=max_memory, program=program
    ) as leash:
        with anyio.move_on_after(deadline) as limit:
            while chunk := await leash.read():
                seen += len(chunk)
                kept += chunk[: max_stdout - len(kept)]
                if on_stdout:
                    on_stdout(chunk)
                if seen > max_stdout and too_much == "end":
                    break
            else:
                await leash.wait()
    words = tuple(map(str, argv))
    if limit.cancelled_caught:
        message = f"cannot finish {words[0]}: it took longer than {say_duration(deadline)}"
        raise CommandTimeout(message, argv=words)
    if seen > max_stdout and too_much == "end":
        message = f"cannot finish {words[0]}: it printed more than {say_size(max_stdout)}"
        raise CommandTooLarge(message, argv=words)
    usage = leash.usage()
    return Finished(
        argv=words,
        exit_code=await leash.wait(),
        stdout=bytes(kept),
        stderr=leash.stderr,
        truncated=seen > max_stdout,
        peak_rss_bytes=usage.peak_rss_bytes,
        cpu_seconds=usage.cpu_seconds,
        seconds=anyio.current_time() - began,
        survivors=leash.survivors,
    )


def clean_environment(**extra: str) -> dict[str, str]:
    """An environment from nothing: where programs may be found, UTF-8, and what is asked for.

    A session's mark is handed on, so that whatever is left of it can be recognised.
    """
    made = {"PATH": search_path(), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    if SESSION_MARK in os.environ:
        made[SESSION_MARK] = os.environ[SESSION_MARK]
    return made | extra
