"""A bare remote and a clone of it, in which branches are made and come into the main one."""

import os
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.invalid"))
}
COMMON_LINES = ("x", "}", "return None", "pass", "", "a", "    ")
FILES = ("app.py", "lib/core.py", "lib/with space.py", "docs/é.md", "data.txt")


@dataclass
class World:
    """A remote, a clone, and what became of each branch of it."""

    root: Path
    seed: int
    chance: random.Random
    fates: dict[str, str] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    clock: int = 1_750_000_000

    @property
    def clone(self) -> Path:
        return self.root / "clone"

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    def git(self, *arguments, check=True, at=None, stdin=None):
        self.clock += self.chance.choice((1, 60, 4000))
        when = {f"GIT_{role}_DATE": f"{self.clock} +0000" for role in ("AUTHOR", "COMMITTER")}
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "-c", "rerere.enabled=false", *arguments],
            cwd=at or self.clone,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
                 "GIT_EDITOR": "true", "GIT_MERGE_AUTOEDIT": "no", **WHO, **when},
            capture_output=True,
            input=stdin,
            check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}{done.stdout.decode()}")
        return done.stdout.decode(errors="surrogateescape").strip("\n")

    def say(self):
        """A line that stands nowhere else, or now and then one that stands everywhere."""
        if self.chance.random() < 0.15:
            return self.chance.choice(COMMON_LINES)
        return f"value_{self.chance.randrange(10**9)} = {self.chance.randrange(10**6)}"

    def edit(self, name=None, *, at=None):
        """Change one to three places of a file; the name of it."""
        name = name or self.chance.choice(FILES)
        file = self.clone / name
        lines = file.read_text().split("\n")
        for _ in range(self.chance.randint(1, 3)):
            place = at if at is not None else self.chance.randrange(len(lines))
            new = [self.say() for _ in range(self.chance.randint(1, 3))]
            if not any(len(line) > 10 for line in new):
                new.append(f"sure_{self.chance.randrange(10**9)} = 1")
            lines[place : place + self.chance.randint(0, 2)] = new
        file.write_text("\n".join(lines))
        return name

    def write(self, name, content):
        file = self.clone / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message="work"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def main_moves(self, *, elsewhere=()):
        """Others commit to main, in files that `elsewhere` does not name."""
        self.git("checkout", "-q", "main")
        for _ in range(self.chance.randint(0, 2)):
            free = [name for name in (*FILES, "others.txt") if name not in elsewhere]
            self.edit(self.chance.choice(free))
            self.commit("others")

    def branch(self, name):
        self.git("checkout", "-q", "main")
        self.git("checkout", "-q", "-b", name)

    def work(self, commits=None):
        """One to three commits on the branch; the files that they touch."""
        touched = []
        for number in range(commits or self.chance.randint(1, 3)):
            touched.append(self.edit())
            if self.chance.random() < 0.4:
                new = f"new/{self.chance.randrange(10**9)}.py"
                self.write(new, "\n".join(self.say() for _ in range(4)) + f"\nend = {number}\n")
                touched.append(new)
            self.commit(f"step {number}")
        return touched

    def squash(self, branch):
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--squash", branch)
        self.git("commit", "-q", "-m", f"{branch} (#1)")
        return self.git("rev-parse", "HEAD")
