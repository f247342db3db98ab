"""What every hostile workspace is made with: a small repository, and traps that tell on themselves.

A trap is a program outside the workspace; run, it leaves a file of its name among the markers.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Mallory"), ("EMAIL", "mallory@example.invalid"))
}
MAKERS: dict[str, Callable[[Ground], None]] = {}


@dataclass(frozen=True)
class Ground:
    """A repository at `path` with a commit and an uncommitted change."""

    path: Path
    markers: Path

    @property
    def dot_git(self) -> Path:
        return self.path / ".git"

    @property
    def outside(self) -> Path:
        place = self.path.parent / "outside"
        place.mkdir(exist_ok=True)
        return place

    def begin(self) -> None:
        self.markers.mkdir()
        self.path.mkdir()
        self.write("app.py", "def main():\n    if True:\n        return 1  # TODO mend\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "first")
        self.write("app.py", "def main():\n    if True:\n        return 2  # TODO mend\n")

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **IDENTITY},
            input=stdin,
            capture_output=True,
            check=check,
        )
        return os.fsdecode(done.stdout).strip()

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def sparse(self, file: Path, size: int = 4 << 30, *, begins: bytes = b"") -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.write(begins)
            opened.truncate(size)

    def link(self, name: str, target: str | Path) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.symlink_to(target)

    def fifo(self, name: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        os.mkfifo(file)

    def trap(self, name: str, *, then: str = "exit 1") -> str:
        program = self.outside / f"trap-{name}"
        program.write_text(f"#!/bin/sh\n: > {shlex.quote(str(self.markers / name))}\n{then}\n")
        program.chmod(0o755)
        return str(program)

    def trap_in_it(self, name: str) -> None:
        """A trap in the workspace itself."""
        trap = Path(self.trap(Path(name).name))
        self.write(name, trap.read_bytes()).chmod(0o755)

    def configure(self, settings: dict[str, str], file: Path | None = None) -> None:
        for key, value in settings.items():
            self.git("config", "--file", str(file or self.dot_git / "config"), key, value)


def workspace(make: Callable[[Ground], None]) -> Callable[[Ground], None]:
    """Register a kind of workspace under its function's name."""
    MAKERS[make.__name__] = make
    return make
