"""A git directory of our own, through which git sees a workspace without obeying it.

Whatever git could be told to run (filters, textconv, fsmonitor, hooks, signature programs,
transports) is named in a configuration or a hooks directory. So git gets a directory that holds
none of the workspace's: a fresh config with a few harmless keys, HEAD as a commit id, and copies of
the small files that counts depend on. Objects and files are the workspace's own, read in place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import anyio

from daydreamd.context.git_config import FOR_ALL, Config, harmless
from daydreamd.context.git_owner import GitOwner
from daydreamd.context.repository import Repository
from daydreamd.errors import CommandError, FileError
from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.children.programs import GIT, find_program, keep_out_of
from daydreamd.host.files.access import open_beneath
from daydreamd.host.threads import in_spare_thread

_MAX_INDEX: Final = 128 << 20
_MAX_SHARED: Final = 1_000
_MAX_SMALL_FILE: Final = 4 << 20
HARDENED: Final = {
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
    program: Path
    environment: Mapping[str, str]
    deadline: float
    turn: anyio.Lock = field(default_factory=anyio.Lock)
    """One git of a workspace at a time, as each may take as much memory as it may have."""

    @property
    def within(self) -> tuple[str, ...]:
        """The pathspec of the workspace, where it is only a part of the repository."""
        prefix = self.repository.prefix
        return (f":(top,literal){prefix}",) if prefix else ()

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
        within = self.within if arguments[-1] == "--" else ()
        async with self.turn:
            done = await run(
                # Git enters the workspace itself: on a dead disk our fork would hang.
                (self.program, "-C", self.repository.top, "--no-pager", *arguments, *within),
                cwd=Path("/"),
                env=self.environment,
                stdin=stdin,
                deadline=self.deadline,
                max_stdout=max_stdout,
                too_much="drop" if cut else "end",
                program=GIT,
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
    keep_out_of([repository.top])
    environment = _environment(repository, place)
    program = find_program(GIT.name)
    if program is None:
        raise CommandError("cannot run git: it is not installed", argv=("git",))
    await in_spare_thread(lambda: _lay(repository, place))
    return ForeignGit(repository, program, environment, deadline)


def _environment(repository: Repository, place: Path) -> dict[str, str]:
    made = clean_environment(
        **HARDENED,
        GIT_DIR=str(place),
        GIT_OBJECT_DIRECTORY=str(repository.common / "objects"),
    )
    if not repository.bare:
        made["GIT_WORK_TREE"] = str(repository.top)
    return made


def _lay(repository: Repository, place: Path) -> None:
    (place / "refs").mkdir()
    (place / "HEAD").write_text(f"{repository.head or 'ref: refs/heads/none-yet'}\n")
    settings, owner = _settings(repository)
    (place / "config").write_text(_config(repository, harmless(settings), place))
    (place / "ignored").write_bytes(owner.ignores(_last(settings, "core.excludesfile")))
    (place / "attributed").write_bytes(owner.attributes(_last(settings, "core.attributesfile")))
    own, common = repository.directory, repository.common
    _lay_index(own, place)
    _copy(own, "info/sparse-checkout", place)
    _copy(common, "info/attributes", place)
    _copy(common, "shallow", place)
    _copy(common, "info/exclude", place)


def _settings(repository: Repository) -> tuple[Config, GitOwner]:
    """All that git would be told for this repository, with what comes last winning."""
    owner = GitOwner(os.environ, repository.directory, repository.top, repository.branch)
    said = {key: values for key, values in owner.settings().items() if key in FOR_ALL}
    return {**said, **repository.config, **owner.commanded()}, owner


def configured_filters(repository: Repository) -> frozenset[str]:
    """The filters for which the owner's settings or the repository name a program."""
    owner = GitOwner(os.environ, repository.directory, repository.top, repository.branch)
    found = set()
    for said in (owner.settings(), repository.config, owner.commanded()):
        for key in said:
            section, _, rest = key.partition(".")
            name, _, what = rest.rpartition(".")
            if section == "filter" and name and what in ("clean", "process"):
                found.add(name)
    return frozenset(found)


def _last(settings: Config, key: str) -> str | None:
    return settings[key][-1] if key in settings else None


def _lay_index(own: Path, place: Path) -> None:
    """Copy the index, and the shared one that it says it is split from, within one bound."""
    left = _MAX_INDEX - _copy(own, "index", place, most=_MAX_INDEX, magic=b"DIRC")
    for name in _shared_indexes(own, place):
        left -= _copy(own, name, place, most=left, magic=b"DIRC")


def _shared_indexes(own: Path, place: Path) -> list[str]:
    """The shared indexes whose ids stand in the index."""
    with os.scandir(own) as entries:
        named = sorted(one.name for one in entries if one.name.startswith("sharedindex."))
    if not named or not (place / "index").exists():
        return []
    index = (place / "index").read_bytes()
    found = []
    for name in named[:_MAX_SHARED]:
        try:
            oid = bytes.fromhex(name.removeprefix("sharedindex."))
        except ValueError:
            continue  # a temporary file of git's
        if len(oid) in (20, 32) and b"link" in index and oid in index:
            found.append(name)
    return found[:1]


def _config(repository: Repository, keys: dict[str, str], place: Path) -> str:
    version = 1 if "extensions.objectformat" in keys else 0
    keys |= {
        "core.repositoryformatversion": str(version),
        "core.bare": str(repository.bare).lower(),
        "core.hookspath": os.devnull,
        "core.excludesfile": _quoted(place / "ignored"),
        "core.attributesfile": _quoted(place / "attributed"),
        "core.quotepath": "false",
        # Above this a file is hashed piece by piece and never compared line by line.
        "core.bigfilethreshold": "16m",
        "core.deltabasecachelimit": "16m",
        "core.packedgitwindowsize": "16m",
        "core.packedgitlimit": "64m",
        "grep.threads": "2",
        "index.threads": "2",
    }
    named = ((*name.split("."), value) for name, value in keys.items())
    return "".join(f"[{section}]\n\t{key} = {value}\n" for section, key, value in named)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _copy(
    root: Path, name: str, place: Path, *, most: int = _MAX_SMALL_FILE, magic: bytes = b""
) -> int:
    """Copy a file of the repository that begins with `magic`; how many bytes it has.

    Its time comes along: git compares the index's own time with those
    of the files to find changes made within the tick in which it was written."""
    try:
        source = open_beneath(root, name)
    except FileError:
        return 0  # all of these are optional
    with os.fdopen(source, "rb") as file:
        facts = os.fstat(source)
        if facts.st_size > most:
            raise FileError(
                f"cannot copy {root / name}: larger than {most} bytes", path=root / name
            )
        if not file.peek(len(magic)).startswith(magic):
            raise FileError(f"cannot copy {root / name}: it is no index", path=root / name)
        (place / name).parent.mkdir(exist_ok=True)
        with (place / name).open("xb") as copy:
            _copy_at_most(file, copy, facts.st_size)
        os.utime(place / name, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return facts.st_size


def _copy_at_most(source: BinaryIO, target: BinaryIO, left: int) -> None:
    """A file may grow while it is copied; what was measured is what is taken."""
    while left > 0 and (chunk := source.read(min(left, 1 << 20))):
        left -= len(chunk)
        target.write(chunk)
