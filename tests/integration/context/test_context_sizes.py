"""Repositories of a size and a depth that real ones have: what is true of them is said."""

import os
import subprocess

import pytest

FILES = 12_000  # above 10,000 git looks at them with as many threads as it ever does
DEPTH = 1_900  # as deep as one path can lead


async def test_a_repository_of_many_files_is_looked_at_whole(make_repo, gather):
    repo = make_repo()
    for number in range(FILES):
        directory = repo.path / f"d{number % 40}"
        directory.mkdir(exist_ok=True)
        (directory / f"f{number}.py").write_text("x = 1\n")
    repo.commit()
    (repo.path / "d0" / "f0.py").write_text("x = 2\n")
    report = await gather(repo.path)
    assert report.failures == ()
    entry = report.workspaces["app"]
    assert entry["git"]["dirty"]["unstaged"] == 1
    assert entry["languages"]["Python"]["files"] == FILES


@pytest.fixture
def deep(make_repo):
    """A repository whose only file has a path as long as one can be."""
    repo = make_repo()
    here = os.open(repo.path, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(
        "f.py", "w", opener=lambda name, flags: os.open(name, flags, 0o644, dir_fd=here)
    ) as f:
        f.write("x = 1\n")
    os.close(here)
    repo.commit()
    yield repo
    # Python takes a tree away by recursion, which has an end before this one.
    subprocess.run(["rm", "-rf", repo.path / "d"], check=True)


async def test_a_tree_as_deep_as_a_path_can_be_is_looked_at_whole(deep, gather):
    report = await gather(deep.path)
    assert report.failures == ()
    assert report.workspaces["app"]["activity"]["commits_7d"] == 1
