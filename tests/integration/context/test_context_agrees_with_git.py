"""Any mixture of what can happen to a repository: our counts against those of the real git."""

import os
import subprocess
import tempfile
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daydreamd.context.gathering import gather_context
from daydreamd.context.workspaces import find_workspaces
from daydreamd.records.events import Emitter
from daydreamd.settings.schema import WorkspaceSetting

from .conftest import Repo

FILES = [f"{name}.txt" for name in "abcde"] + ["part/f.txt"]


def edit(repo: Repo, file: str) -> None:
    path = repo.path / file
    if not path.is_symlink():
        repo.write(file, f"{path.read_text() if path.exists() else ''}more of {file}\n")


def link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("a.txt")


def move_submodule(repo: Repo) -> None:
    if (repo.path / "sub/.git").exists():
        repo.git("-C", "sub", "checkout", "-q", "HEAD~1", check=False)


def intend(repo: Repo, file: str) -> None:
    repo.write(f"{file}.i", "i\n")
    repo.git("add", "-N", f"{file}.i", check=False)


ON_A_FILE = {
    "stage": lambda repo, file: (edit(repo, file), repo.git("add", "-A", file, check=False)),
    "edit": edit,
    "delete": lambda repo, file: (repo.path / file).unlink(missing_ok=True),
    "remove": lambda repo, file: repo.git("rm", "-q", "-f", file, check=False),
    "unstage": lambda repo, file: repo.git("rm", "-q", "--cached", file, check=False),
    "rename": lambda repo, file: repo.git("mv", file, f"{file}.new", check=False),
    "mode": lambda repo, file: (repo.path / file).exists() and (repo.path / file).chmod(0o755),
    "link": lambda repo, file: link(repo.path / file),
    "assume": lambda repo, file: repo.git("update-index", "--assume-unchanged", file, check=False),
    "skip": lambda repo, file: repo.git("update-index", "--skip-worktree", file, check=False),
    "intend": lambda repo, file: (
        repo.write(f"{file}.i", "i\n"),
        repo.git("add", "-N", f"{file}.i", check=False),
    ),
    "untracked": lambda repo, file: repo.write(f"{file}.d/{file}", "u\n"),
}
ON_ALL = {
    "stash": lambda repo: repo.git("stash", check=False),
    "commit": lambda repo: repo.git("commit", "-q", "-m", "more", check=False),
    "reset": lambda repo: repo.git("reset", "-q", "--soft", "HEAD~1", check=False),
    "detach": lambda repo: repo.git("checkout", "-q", "--detach", check=False),
    "fetch": lambda repo: repo.git("fetch", "-q", "origin", check=False),
    "merge": lambda repo: repo.git("merge", "-q", "origin/side", check=False),
    "pick": lambda repo: repo.git("cherry-pick", "origin/side", check=False),
    "pack": lambda repo: repo.git("pack-refs", "--all"),
    "split": lambda repo: repo.git("update-index", "--split-index", check=False),
    "submodule": lambda repo: repo.git("submodule", "add", "-q", "../origin", "sub", check=False),
    "move submodule": move_submodule,
}
STEPS = st.one_of(
    st.tuples(st.sampled_from(sorted(ON_A_FILE)), st.sampled_from(FILES)),
    st.tuples(st.sampled_from(sorted(ON_ALL))),
)


def make(place: Path) -> Repo:
    """A clone that is behind and ahead of its origin, whose branch `side` conflicts with it."""
    origin = Repo(place / "origin")
    for file in FILES:
        origin.write(file, f"{file}\n" * 9)
    origin.commit()
    origin.git("checkout", "-q", "-b", "side")
    origin.write("a.txt", "side\n")
    origin.commit()
    origin.git("checkout", "-q", "main")
    origin.git("clone", "-q", ".", str(place / "app"))
    repo = Repo(place / "app", init=False)
    repo.write("a.txt", "here\n")
    repo.commit()
    origin.write("b.txt", "there\n")
    origin.commit()
    return repo


def told(repo: Repo) -> dict:
    """What the owner's own `git status` says."""
    printed = repo.git(
        "status", "--porcelain=v2", "--branch", "--show-stash", "--ignore-submodules=dirty"
    ).splitlines()
    heads = {line.split()[1]: line.split()[2:] for line in printed if line.startswith("# ")}
    codes = [line[2:4] for line in printed if line[0] in "12"]
    ahead, behind = heads.get("branch.ab", ("", ""))
    return {
        "staged": sum(code[0] != "." for code in codes),
        "unstaged": sum(code[1] != "." for code in codes),
        "untracked": sum(line[0] == "?" for line in printed),
        "conflicted": sum(line[0] == "u" for line in printed),
        "head": heads["branch.oid"][0],
        "branch": None if heads["branch.head"] == ["(detached)"] else heads["branch.head"][0],
        "ahead": int(ahead) if ahead else None,
        "behind": -int(behind) if behind else None,
        "stashes": int(heads.get("stash", ("0",))[0]),
    }


async def seen(repo: Repo, place: Path) -> dict:
    report = await gather_context(
        find_workspaces([WorkspaceSetting(path=str(repo.path))]),
        scratch=place / "scratch",
        cache=place / "cache",
        emitter=Emitter("test", lambda _: None),
        queue=None,
        seconds=25.0,
    )
    assert report.failures == ()
    (entry,) = report.workspaces.values()
    git = entry.git
    assert git.dirty.unknown == 0
    facts = ("head", "branch", "ahead", "behind", "stashes")
    counts = ("staged", "unstaged", "untracked", "conflicted")
    return {name: getattr(git.dirty, name) for name in counts} | {
        name: getattr(git, name) for name in facts
    }


@given(steps=st.lists(STEPS, max_size=8))
@settings(
    max_examples=int(os.environ.get("DAYDREAMD_EXAMPLES", "12")),
    deadline=None,
    derandomize="DAYDREAMD_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
def test_the_counts_are_those_of_the_owners_git(steps):
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", "/nonexistent")
        place = Path(directory)
        repo = make(place)
        for name, *file in steps:
            (ON_A_FILE if file else ON_ALL)[name](repo, *file)
        ours = anyio.run(seen, repo, place)
        try:
            theirs = told(repo)
        except subprocess.CalledProcessError as error:
            pytest.fail(f"git itself failed: {error.stderr!r}")
        assert ours == theirs
