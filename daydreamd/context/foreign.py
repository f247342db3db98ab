"""A git directory of our own, through which git sees a workspace without obeying it.

Whatever git could be told to run (filters, textconv, fsmonitor, hooks, signature programs,
transports) is named in a configuration or a hooks directory. So git gets a directory that holds
none of the workspace's: a fresh config with a few harmless keys, HEAD as a commit id, and copies of
the small files that counts depend on. Objects and files are the workspace's own, read in place.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio.to_thread

from daydreamd.context.git_config import harmless
from daydreamd.context.owner import read_global_ignores
from daydreamd.context.repository import Repository
from daydreamd.errors import CommandError, FileError
from daydreamd.host.commands import clean_environment, run
from daydreamd.host.files import open_beneath, read_beneath

_MAX_INDEX: Final = 512 << 20
_MAX_SMALL_FILE: Final = 4 << 20
_HARDENED: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
}
NO_PROGRAMS: Final = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=all")


@dataclass(frozen=True)
class ForeignGit:
    """Runs git on `repository` through a foreign directory, which `environment` names."""

    repository: Repository
    program: str
    environment: Mapping[str, str]
    deadline: float

    async def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        max_stdout: int = 32 << 20,
        cut: bool = False,
        ok: tuple[int, ...] = (0,),
    ) -> bytes:
        """What `git ARGUMENTS` printed.

        Arguments that end with `--` are limited to the workspace where it is only a part of the
        repository. With `cut`, output above `max_stdout` is dropped; else it is an error.
        CommandError (and its kin) where git takes too long or its exit code is not `ok`.
        """
        prefix = self.repository.prefix
        within = (f":(top,literal){prefix}",) if prefix and arguments[-1] == "--" else ()
        done = await run(
            (self.program, "--no-pager", *arguments, *within),
            cwd=self.repository.top,
            env=self.environment,
            stdin=stdin,
            deadline=self.deadline,
            max_stdout=max_stdout,
            too_much="drop" if cut else "end",
        )
        if done.exit_code not in ok:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise CommandError(
                f"cannot run git {arguments[0]}: {said[0]}",
                argv=done.argv,
                exit_code=done.exit_code,
            )
        return done.stdout


async def open_foreign(repository: Repository, place: Path, *, deadline: float) -> ForeignGit:
    """Lay the foreign directory into `place`, which is empty. FileError where it cannot.

    Each command may take `deadline` seconds.
    """
    environment = _environment(repository, place)
    program = shutil.which("git", path=environment["PATH"])
    if program is None:
        raise CommandError("cannot run git: it is not installed", argv=("git",))
    await anyio.to_thread.run_sync(_lay, repository, place)
    return ForeignGit(repository, program, environment, deadline)


def _environment(repository: Repository, place: Path) -> dict[str, str]:
    made = clean_environment(
        **_HARDENED,
        GIT_DIR=str(place),
        GIT_OBJECT_DIRECTORY=str(repository.common / "objects"),
    )
    if not repository.bare:
        made["GIT_WORK_TREE"] = str(repository.top)
    made["PATH"] = _search_path(made["PATH"], workspace=str(repository.top))
    return made


def _search_path(path: str, *, workspace: str) -> str:
    """PATH without what would find a program in the workspace or in the current directory."""
    below = f"{workspace}/"
    places = (place for place in path.split(os.pathsep) if place.startswith("/"))
    return os.pathsep.join(place for place in places if not f"{place}/".startswith(below))


def _lay(repository: Repository, place: Path) -> None:
    (place / "refs").mkdir()
    (place / "HEAD").write_text(f"{repository.head or 'ref: refs/heads/none-yet'}\n")
    (place / "config").write_text(_config(repository))
    own, common = repository.directory, repository.common
    _copy(own, "index", place, most=_MAX_INDEX)
    with os.scandir(own) as entries:
        shared = [entry.name for entry in entries if entry.name.startswith("sharedindex.")]
    for name in shared[:8]:
        _copy(own, name, place, most=_MAX_INDEX)
    _copy(own, "info/sparse-checkout", place)
    _copy(common, "info/attributes", place)
    _copy(common, "shallow", place)
    excluded = _read(common, "info/exclude") + b"\n" + read_global_ignores(os.environ)
    if re.search(rb"(?m)^[^#\s]", excluded):
        (place / "info").mkdir(exist_ok=True)
        (place / "info" / "exclude").write_bytes(excluded)


def _config(repository: Repository) -> str:
    keys = harmless(repository.config)
    version = 1 if "extensions.objectformat" in keys else 0
    keys |= {
        "core.repositoryformatversion": str(version),
        "core.bare": str(repository.bare).lower(),
        "core.hookspath": os.devnull,
        "core.quotepath": "false",
    }
    named = ((*name.split("."), value) for name, value in keys.items())
    return "".join(f"[{section}]\n\t{key} = {value}\n" for section, key, value in named)


def _copy(root: Path, name: str, place: Path, *, most: int = _MAX_SMALL_FILE) -> None:
    """Copy a file of the repository, with its time: git compares the index's own time with those
    of the files to find changes made within the tick in which it was written."""
    try:
        source = open_beneath(root, name)
    except FileError:
        return  # all of these are optional
    with os.fdopen(source, "rb") as file:
        facts = os.fstat(source)
        if facts.st_size > most:
            raise FileError(
                f"cannot copy {root / name}: larger than {most} bytes", path=root / name
            )
        (place / name).parent.mkdir(exist_ok=True)
        with (place / name).open("xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        os.utime(place / name, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _read(root: Path, name: str) -> bytes:
    try:
        return read_beneath(root, name, max_bytes=_MAX_SMALL_FILE)
    except FileError:
        return b""  # optional
