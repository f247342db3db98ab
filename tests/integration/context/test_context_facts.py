"""Facts held against what plain git says of the same repository."""

import os
from datetime import datetime

import pytest


def said_by_git(repo):
    """The facts as the plain git tells them."""
    return {"dirty": repo.porcelain(), "head": repo.git("rev-parse", "HEAD")}


def told(entry):
    dirty = entry["git"]["dirty"]
    kinds = ("staged", "unstaged", "untracked", "conflicted")
    return {"dirty": {kind: dirty[kind] for kind in kinds}, "head": entry["git"]["head"]}


async def test_a_clean_work_tree(repo, look_at):
    entry = await look_at(repo.path)
    assert told(entry) == said_by_git(repo)
    assert entry["git"]["dirty"]["files"] == 0
    assert entry["git"]["dirty"]["oldest_at"] is None


async def test_every_kind_of_change_is_counted_as_git_does(repo, look_at):
    repo.git("mv", "a.py", "renamed.py")
    repo.write("b.py", "b = 3\n")
    repo.git("add", "b.py")
    repo.write("b.py", "b = 4\n")
    (repo.path / "gone.py").unlink()
    repo.write("new/one.py", "1\n")
    repo.write("new/two.py", "2\n")
    repo.write("ignored.log", "x\n")
    repo.write(".gitignore", "*.log\n")
    repo.write("excluded.tmp", "x\n")
    repo.write(".git/info/exclude", "*.tmp\n")
    assert repo.porcelain() == {"staged": 2, "unstaged": 2, "untracked": 2, "conflicted": 0}
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_the_oldest_uncommitted_file_is_named_with_its_age(repo, look_at):
    first = repo.write("draft/plan.py", "x\n").stat().st_ctime
    repo.write("b.py", "b = 5\n")
    dirty = (await look_at(repo.path))["git"]["dirty"]
    assert dirty["oldest_path"] == "draft/plan.py"
    assert datetime.fromisoformat(dirty["oldest_at"]).timestamp() == pytest.approx(first, abs=1)


async def test_a_file_copied_with_its_old_time_is_not_old_work(repo, look_at):
    repo.write("copied.py", "x\n", days_ago=1_000)
    assert (await look_at(repo.path))["git"]["dirty"]["oldest_seconds"] < 3_600


async def test_a_change_within_the_tick_of_the_index_is_seen(repo, look_at):
    # Same size and time as the index has noted: git looks at the content only because the index
    # itself is as young as that, so its copy must not be younger
    repo.git("config", "core.trustctime", "false")
    tick = (repo.now - 100, repo.now - 100)
    os.utime(repo.write("b.py", "b = 3\n"), tick)
    repo.git("add", "b.py")
    os.utime(repo.write("b.py", "b = 4\n"), tick)
    os.utime(repo.path / ".git" / "index", tick)
    entry = await look_at(repo.path)
    assert told(entry) == said_by_git(repo)
    assert entry["git"]["dirty"]["unstaged"] == 1


async def test_a_conflicted_merge(repo, look_at):
    repo.git("checkout", "-q", "-b", "other")
    repo.write("b.py", "other\n")
    repo.commit(days_ago=1)
    repo.git("checkout", "-q", "main")
    repo.write("b.py", "mine\n")
    repo.commit(days_ago=1)
    repo.git("merge", "other", check=False)
    entry = await look_at(repo.path)
    assert told(entry) == said_by_git(repo)
    assert entry["git"]["dirty"]["conflicted"] == 1
    assert entry["git"]["state"] == "merge"


async def test_a_rebase_under_way_keeps_its_branch(repo, look_at):
    repo.git("checkout", "-q", "-b", "topic")
    repo.write("b.py", "topic\n")
    repo.commit(days_ago=1)
    repo.git("checkout", "-q", "main")
    repo.write("b.py", "main\n")
    repo.commit(days_ago=1)
    repo.git("rebase", "main", "topic", check=False)
    entry = await look_at(repo.path)
    assert entry["git"]["state"] == "rebase"
    assert entry["git"]["branch"] == "topic"
    assert told(entry) == said_by_git(repo)


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
async def test_line_endings_are_converted_as_the_repository_says(make_repo, look_at, autocrlf):
    repo = make_repo()
    repo.git("config", "core.autocrlf", autocrlf)
    repo.write("dos.txt", b"one\r\ntwo\r\n")
    repo.commit()
    repo.git("config", "core.autocrlf", "true")
    os.utime(repo.path / "dos.txt", (1, 1))  # has git look at the content again
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_a_sparse_checkout_is_not_a_heap_of_deletions(make_repo, look_at):
    repo = make_repo()
    repo.write("kept/a.py", "1\n")
    repo.write("left/b.py", "2\n")
    repo.commit()
    repo.git("sparse-checkout", "set", "--cone", "kept")
    assert not (repo.path / "left").exists()
    assert told(await look_at(repo.path)) == said_by_git(repo)
    repo.git("sparse-checkout", "reapply", "--sparse-index")
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_a_second_work_tree_has_its_own_state(repo, look_at, tmp_path):
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = type(repo)(tmp_path / "side", init=False)
    side.write("b.py", "changed\n")
    entry = await look_at(side.path)
    assert told(entry) == said_by_git(side)
    assert entry["git"]["branch"] == "side"
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_a_submodule_is_a_workspace_of_its_own(repo, make_repo, look_at):
    library = make_repo("library")
    library.write("lib.py", "1\n")
    library.commit()
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit()
    inner = type(repo)(repo.path / "lib", init=False)
    inner.write("lib.py", "2\n")
    entry = await look_at(inner.path)
    assert told(entry) == said_by_git(inner)
    outer = await look_at(repo.path)
    assert outer["git"]["dirty"]["files"] == 0  # what is in a submodule is not looked into


async def test_a_shallow_clone(repo, look_at, tmp_path):
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    shallow = type(repo)(tmp_path / "shallow", init=False)
    entry = await look_at(shallow.path)
    assert told(entry) == said_by_git(shallow)
    assert entry["activity"]["commits_7d"] == 1
    assert entry["git"]["upstream"] == "origin/main"


async def test_a_partial_clone_is_read_without_fetching(repo, look_at, tmp_path):
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = ("clone", "-q", "--filter=blob:none", f"file://{repo.path}")
    repo.git(*clone, str(tmp_path / "partial"))
    partial = type(repo)(tmp_path / "partial", init=False)
    packs = sorted((partial.path / ".git/objects/pack").iterdir())
    entry = await look_at(partial.path)
    assert sorted((partial.path / ".git/objects/pack").iterdir()) == packs
    assert told(entry) == said_by_git(partial)
    assert entry["activity"]["commits_7d"] == 2


async def test_packed_refs_and_loose_ones(repo, look_at, tmp_path):
    clone = tmp_path / "clone"
    repo.git("clone", "-q", str(repo.path), str(clone))
    ours = type(repo)(clone, init=False)
    ours.write("c.py", "1\n")
    ours.commit()
    repo.write("d.py", "1\n")
    repo.commit()
    repo.commit()
    ours.git("fetch", "-q")
    for _ in range(2):
        git = (await look_at(clone))["git"]
        counted = ours.git("rev-list", "--left-right", "--count", "HEAD...origin/main").split()
        assert [git["ahead"], git["behind"]] == [int(count) for count in counted] == [1, 2]
        assert git["upstream"] == ours.git("rev-parse", "--abbrev-ref", "@{upstream}")
        ours.git("pack-refs", "--all")


async def test_assumed_unchanged_files_are_believed(repo, look_at):
    repo.git("update-index", "--assume-unchanged", "b.py")
    repo.git("update-index", "--skip-worktree", "a.py")
    repo.write("b.py", "changed\n")
    repo.write("a.py", "changed\n")
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_a_split_index(repo, look_at):
    repo.git("update-index", "--split-index")
    repo.write("c.py", "1\n")
    repo.git("add", "c.py")
    assert told(await look_at(repo.path)) == said_by_git(repo)


async def test_a_sha256_repository(make_repo, look_at):
    repo = make_repo(arguments=("--object-format=sha256",))
    repo.write("a.py", "if 1:\n    pass\n")
    repo.commit(days_ago=1)
    repo.write("a.py", "if 2:\n    pass\n")
    entry = await look_at(repo.path)
    assert told(entry) == said_by_git(repo)
    assert len(entry["git"]["head"]) == 64
    assert entry["activity"]["commits_7d"] == 1


async def test_alternates_with_a_relative_path(repo, look_at, tmp_path):
    repo.git("clone", "-q", "--shared", str(repo.path), str(tmp_path / "borrower"))
    borrower = type(repo)(tmp_path / "borrower", init=False)
    alternates = borrower.path / ".git/objects/info/alternates"
    alternates.write_text("../../../app/.git/objects\n")
    assert told(await look_at(borrower.path)) == said_by_git(borrower)


async def test_detached_stashed_and_stale(repo, look_at):
    repo.git("branch", "forgotten", repo.git("rev-parse", "HEAD~1"))
    repo.write("b.py", "to be stashed\n")
    repo.git("stash", "-q")
    repo.git("checkout", "-q", "--orphan", "ancient")
    repo.commit(days_ago=200)
    repo.git("checkout", "-q", "--detach", "main")
    git = (await look_at(repo.path))["git"]
    assert git["branch"] is None
    assert git["stashes"] == 1
    assert git["stale_branches"] == ["ancient"]
    assert git["last_commit_at"][:16] == repo.git("log", "-1", "--format=%cI")[:16]


async def test_activity_is_what_git_logs(make_repo, look_at):
    repo = make_repo()
    repo.write("old.py", "1\n")
    repo.commit(days_ago=40)
    repo.write("a.py", "x\n" * 5)
    repo.commit(days_ago=10, author="Bob@example.invalid")
    repo.git("mv", "a.py", "moved.py")
    repo.write("moved.py", "x\n" * 6)
    repo.commit(days_ago=2, author="Bob@example.invalid")
    repo.commit(days_ago=1, author="bob@EXAMPLE.invalid")
    repo.write("old.py", "2\n3\n")
    repo.commit()
    activity = (await look_at(repo.path))["activity"]
    weeks = activity["weeks"]
    assert [week["commits"] for week in weeks] == [0, 0, 0, 1, 3]
    assert activity["commits_7d"] == int(repo.git("rev-list", "--count", "--since=7.days", "HEAD"))
    assert weeks[-1]["authors"] == 2
    assert set(activity["files_7d"]) == {"moved.py", "old.py"}
    numstat = repo.git("log", "--since=7.days", "--numstat", "--format=").split("\n")
    lines = [line.split("\t") for line in numstat if line]
    assert weeks[-1]["added"] == sum(int(added) for added, _, _ in lines) == 3
    assert weeks[-1]["deleted"] == sum(int(deleted) for _, deleted, _ in lines) == 1


async def test_the_end_of_a_shallow_history_added_nothing(repo, look_at, tmp_path):
    repo.write("big.py", "x = 1  # TODO\n" * 500)
    repo.commit()
    repo.write("b.py", "b = 7\n")
    repo.commit()
    copy = tmp_path / "copy"
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(copy))
    entry = await look_at(copy)
    assert entry["git"]["shallow"] is True
    assert entry["activity"]["weeks"][-1]["added"] == 1
    assert entry["markers"]["added_7d"] == 0


async def test_old_work_that_was_rebased_today_is_old_work(repo, look_at):
    when = repo.now - 40 * 86_400
    repo.write("c.py", "c = 1\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "old", f"--date={when} +0000")
    assert (await look_at(repo.path))["activity"]["commits_7d"] == 2


async def test_an_author_from_the_future_counts_when_it_was_committed(repo, look_at):
    repo.git("commit", "-q", "--allow-empty", "-m", "x", f"--date={repo.now + 9_000_000} +0000")
    assert (await look_at(repo.path))["activity"]["commits_7d"] == 3
