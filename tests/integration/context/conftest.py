"""Real repositories, made by the real git, and what they look like before and after."""

import hashlib
import os
import stat
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from daydreamd.context.gathering import gather_context
from daydreamd.context.workspaces import find_workspaces
from daydreamd.records.events import Emitter
from daydreamd.settings.schema import WorkspaceSetting

DAY = 86_400


def as_printed(facts):
    """Facts as `--json` prints them."""
    return msgspec.json.decode(msgspec.json.encode(facts))


class Repo:
    """A repository and the plain git that works in it."""

    def __init__(self, path: Path, *, init: bool = True, arguments: tuple[str, ...] = ()) -> None:
        self.path = path
        self.now = int(time.time())
        if init:
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "-b", "main", *arguments)

    def git(self, *arguments: str, at: int | None = None, check: bool = True) -> str:
        when = {name: f"{at} +0000" for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE") if at}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "Ann",
                "GIT_AUTHOR_EMAIL": "ann@example.invalid",
                "GIT_COMMITTER_NAME": "Ann",
                "GIT_COMMITTER_EMAIL": "ann@example.invalid",
                **when,
            },
            capture_output=True,
            check=check,
        )
        return os.fsdecode(done.stdout).strip("\n")

    def write(self, name: str, text: str | bytes, *, days_ago: float = 0) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if days_ago:
            when = self.now - days_ago * DAY
            os.utime(file, (when, when))
        return file

    def commit(self, *, days_ago: float = 0, author: str = "ann@example.invalid") -> str:
        self.git("add", "-A")
        self.git(
            "commit", "-q", "--allow-empty", "-m", "work", f"--author=A <{author}>",
            at=int(self.now - days_ago * DAY),
        )  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def porcelain(self) -> dict[str, int]:
        """What `git status --porcelain` counts."""
        codes = [line[:2] for line in self.git("status", "--porcelain").splitlines()]
        conflicts = ("DD", "AU", "UD", "UA", "DU", "AA", "UU")
        plain = [code for code in codes if code != "??" and code not in conflicts]
        return {
            "staged": sum(code[0] != " " for code in plain),
            "unstaged": sum(code[1] != " " for code in plain),
            "untracked": codes.count("??"),
            "conflicted": sum(code in conflicts for code in codes),
        }


@pytest.fixture
def make_repo(tmp_path):
    """A function that makes a repository below the test's directory."""

    def make(name: str = "app", **options) -> Repo:
        return Repo(tmp_path / name, **options)

    return make


@pytest.fixture
def gather(tmp_path):
    """A function that gathers the context of paths (or settings); it raises for none of them."""

    async def run(*paths, queue=None, events=None, seconds=25.0, before=None, **setting):
        wanted = [WorkspaceSetting(path=str(path), **setting) for path in paths]
        report = await gather_context(
            find_workspaces(wanted),
            scratch=tmp_path / "scratch",
            cache=tmp_path / "cache",
            emitter=Emitter("test", events.append if events is not None else lambda _: None),
            queue=queue,
            seconds=seconds,
            before=before or {},
        )
        printed = {
            "workspaces": as_printed(report.workspaces),
            "trends": as_printed(report.trends),
            "recent_activity": as_printed(report.recent_activity),
        }
        typed = {"typed": report.workspaces, "one_line": report.one_line}
        return SimpleNamespace(**{**vars(report), **printed, **typed})

    return run


@pytest.fixture
def look_at(gather):
    """A function that gives the entry of one path, which must come without a failure."""

    async def run(path, **setting):
        report = await gather(path, **setting)
        assert report.failures == ()
        (entry,) = report.workspaces.values()
        return entry

    return run


@pytest.fixture
def photograph():
    """A function that records all there is to see of a tree: contents, modes, times, links."""

    def see(root: Path) -> dict[str, tuple]:
        seen = {}
        for directory, directories, files in os.walk(root):
            for name in (".", *directories, *files):
                path = Path(directory, name)
                facts = path.lstat()
                content = None
                if stat.S_ISREG(facts.st_mode):
                    content = hashlib.blake2b(path.read_bytes()).hexdigest()
                elif stat.S_ISLNK(facts.st_mode):
                    content = str(path.readlink())
                seen[str(path)] = (facts.st_mode, facts.st_size, facts.st_mtime_ns, content)
        return seen

    return see


@pytest.fixture
def repo(make_repo):
    """Three commits, a rename, and every kind of uncommitted change."""
    repo = make_repo()
    repo.write("a.py", "if a:\n    pass\n" * 20)
    repo.write("b.py", "b = 1\n")
    repo.write("gone.py", "x = 1\n")
    repo.commit(days_ago=3)
    repo.write("b.py", "b = 2\nif b:\n    b = 3\n")
    repo.commit(days_ago=2)
    return repo


@pytest.fixture
def clone(make_repo, tmp_path):
    """A clone of a remote, with one commit that both have."""
    remote = make_repo("remote.git", arguments=("--bare",))
    repo = make_repo("app")
    repo.git("remote", "add", "origin", str(remote.path))
    repo.write("app.py", "".join(f"line {n}\n" for n in range(60)))
    repo.commit(days_ago=9)
    repo.git("push", "-q", "-u", "origin", "main")
    repo.git("remote", "set-head", "origin", "main")
    return repo


@pytest.fixture
def work_of(look_at):
    """A function that gives what is told of a repository, by kind and name."""

    async def look(repo):
        entry = await look_at(repo.path)
        return {(one["kind"], one["name"].split(":")[0]): one for one in entry["only_here"]}

    return look
