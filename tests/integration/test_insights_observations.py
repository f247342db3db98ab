"""Observations of a real repository: the shape that context gathers is the one they read."""

import os
import subprocess
import time

import pytest

from daydreamd.context.gathering import gather_context
from daydreamd.insights.observations import observe
from daydreamd.records.events import Emitter
from daydreamd.records.workspace import Workspace

DAY = 86_400


class Repository:
    """A repository in the making, with its commits at chosen times."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments, days_ago=0, check=True):
        at = f"{int(time.time()) - days_ago * DAY} +0000"
        environment = os.environ | {
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_DATE": at,
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        person = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", *person, *arguments]
        subprocess.run(command, cwd=self.path, env=environment, check=check, capture_output=True)

    def commit(self, text, *, days_ago, name="shop.py"):
        (self.path / name).write_text(text)
        self.git("add", "--all", days_ago=days_ago)
        self.git("commit", "--quiet", "--message", text[:20], days_ago=days_ago)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "shop")


async def facts_of(repository, tmp_path):
    workspace = Workspace(name="shop", path=str(repository.path))
    gathered = await gather_context(
        [workspace],
        scratch=tmp_path / "scratch",
        cache=tmp_path / "cache",
        emitter=Emitter("s", lambda _: None),
    )
    assert gathered.failures == ()
    return {seen.kind: seen for seen in observe(gathered.workspaces)}


async def test_a_busy_repository_says_what_lies_about(repository, tmp_path):
    repository.commit("x = 1\n", days_ago=100)
    repository.git("branch", "spike")
    repository.commit("x = 1 if True else 2\n", days_ago=20)
    repository.commit("x = 1 if True else 2  # TODO: choose\nif x:\n    x = 3\n", days_ago=2)
    (repository.path / "shop.py").write_text("put aside\n")
    repository.git("stash")
    (repository.path / "notes.txt").write_text("new\n")

    seen = await facts_of(repository, tmp_path)
    assert seen["uncommitted"].text == "1 file uncommitted"
    assert seen["stashes"].text == "1 stash put aside and easily forgotten"
    assert seen["commits"].text == "1 commit this week, 0.2 a week in the four weeks before"
    assert seen["commits"].spark.endswith("█")
    assert seen["hottest"].text.startswith("the hottest file is shop.py: 2 commits in 90 d")
    assert seen["markers"].text.startswith("1 TODO, 1 new this week; the newest: shop.py:1 ")
    assert seen["stale_branches"].text == "1 branch without a commit in 90 d: spike"


async def test_a_rebase_that_stopped_comes_first(repository, tmp_path):
    repository.commit("one\n", days_ago=3)
    repository.git("checkout", "--quiet", "-b", "fix")
    repository.commit("two\n", days_ago=2)
    repository.git("checkout", "--quiet", "main")
    repository.commit("three\n", days_ago=1)
    repository.git("checkout", "--quiet", "fix")
    repository.git("rebase", "main", check=False)

    seen = await facts_of(repository, tmp_path)
    assert next(iter(seen)) == "unfinished"
    assert seen["unfinished"].text == "a rebase is under way on fix, 1 file in conflict"


async def test_a_directory_without_a_repository_has_no_such_facts(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.py").write_text("x = 1\n")
    report = await gather_context(
        [Workspace(name="plain", path=str(tmp_path / "plain"))],
        scratch=tmp_path / "scratch",
        cache=tmp_path / "cache",
        emitter=Emitter("s", lambda _: None),
    )
    kinds = {seen.kind for seen in observe(report.workspaces)}
    assert not kinds & {"unfinished", "uncommitted", "unpushed", "stashes", "commits"}
