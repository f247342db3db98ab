"""A workspace as it stood at former commits: a work tree of our own over the objects of its own.

Nothing is written into the workspace: the copy has a git directory of ours, which borrows the
objects read-only, has no hooks and knows no filter or program.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.foreign import HARDENED, ForeignGit
from daydreamd.errors import CommandError
from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.children.programs import GIT
from daydreamd.host.threads import in_spare_thread

_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Replay:
    """A work tree at `root`, in which any commit of the workspace can be checked out."""

    root: Path
    program: Path

    async def stand_at(self, commit: str) -> None:
        """Have the files of `commit` in the work tree, and nothing else; CommandError if not."""
        await self._git("checkout", "-q", "--force", "--detach", commit)
        await self._git("clean", "-ffdxq")

    async def _git(self, *arguments: str) -> None:
        done = await run(
            (self.program, "-C", self.root, *arguments),
            cwd=Path("/"),
            env=clean_environment(**HARDENED),
            deadline=_SECONDS,
            program=GIT,
        )
        if done.exit_code != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise CommandError(
                f"cannot run git {arguments[0]}: {said[0]}",
                argv=done.argv,
                exit_code=done.exit_code,
            )


async def open_replay(git: ForeignGit, place: Path) -> Replay:
    """Lay the copy into `place`, an empty directory of ours."""
    replay = Replay(place / git.repository.top.name, git.program)
    await in_spare_thread(replay.root.mkdir)
    objects = git.repository.common / "objects"
    sha256 = "extensions.objectformat" in git.repository.config
    await replay._git("init", "-q", "--template=", *(["--object-format=sha256"] * sha256))

    def borrow() -> None:
        alternates = replay.root / ".git/objects/info/alternates"
        alternates.parent.mkdir(parents=True, exist_ok=True)
        alternates.write_bytes(os.fsencode(objects) + b"\n")
        with (replay.root / ".git/config").open("a") as config:
            config.write(f"[core]\n\thooksPath = {os.devnull}\n\tautocrlf = false\n")
        if git.repository.shallow_ends:
            ends = "".join(f"{oid}\n" for oid in sorted(git.repository.shallow_ends))
            (replay.root / ".git/shallow").write_text(ends)

    await in_spare_thread(borrow)
    return replay
