"""Work trees and submodules that exist only on this disk, and what lies in them."""

import pytest

from tests.integration.context.told_commands import run


async def test_an_agents_work_tree_is_told_with_what_is_uncommitted(clone, work_of):
    tree = clone.path / ".claude" / "worktrees" / "fix"
    clone.git("worktree", "add", "-q", str(tree), "-b", "fix-cart")
    (tree / "app.py").write_text("changed\n")
    (tree / "new file.py").write_text("untracked\n")
    told = await work_of(clone)
    assert told["worktree", "fix-cart"]["verdict"] == "unique"
    assert "claude" in told["worktree", "fix-cart"]["agent"]
    assert told["uncommitted", "1 file"]["path"] == str(tree)
    assert run(told["untracked", "1 file"]["keep"])[0] == 0
    listed = clone.git("ls-tree", "-r", "--name-only", "origin/keep/fix-cart-uncommitted")
    assert "new file.py" in listed.split("\n")


async def test_a_clean_work_tree_of_kept_work_is_removed_by_its_command(clone, work_of, tmp_path):
    tree = tmp_path / "a tree"
    clone.git("worktree", "add", "-q", str(tree), "-b", "idle")
    told = (await work_of(clone))["worktree", "idle"]
    assert told["verdict"] == "safe"
    (tree / "late.txt").write_text("late\n")
    assert run(told["remove"])[0] != 0, "git's own check stands in between"
    (tree / "late.txt").unlink()
    assert run(told["remove"])[0] == 0
    assert not tree.exists()


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
async def test_a_change_that_git_was_told_not_to_see_is_not_called_safe(
    clone, work_of, tmp_path, flag
):
    tree = tmp_path / "quiet"
    clone.git("worktree", "add", "-q", str(tree), "-b", "quiet", "main")
    assert (await work_of(clone))["worktree", "quiet"]["verdict"] == "safe"
    clone.git("-C", str(tree), "update-index", flag, "app.py")
    tree.joinpath("app.py").write_text("work that no status shows\n")
    told = (await work_of(clone))["worktree", "quiet"]
    assert (told["verdict"], told["remove"]) == ("unknown", None)


async def test_a_locked_work_tree_is_left_to_the_owner(clone, work_of, tmp_path):
    clone.git("worktree", "add", "-q", "--lock", "--reason", "mine", str(tmp_path / "t"))
    told = (await work_of(clone))["worktree", "t"]
    assert told["remove"] is None
    assert "locked: mine" in told["proof"]


async def test_a_work_tree_that_is_gone_keeps_its_commits_told(clone, work_of, tmp_path):
    tree = tmp_path / "gone"
    clone.git("worktree", "add", "-q", "--detach", str(tree))
    (tree / "x").write_text("x\n")
    clone.git("-C", str(tree), "add", "x")
    clone.git("-C", str(tree), "commit", "-q", "-m", "x")
    tree.rename(tmp_path / "moved")
    told = (await work_of(clone))["worktree", "gone"]
    assert told["verdict"] == "unique"
    assert "its directory is gone" in told["proof"]


async def test_a_work_tree_that_does_not_point_back_is_not_looked_into(clone, work_of, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret").write_text("x\n")
    entry = clone.path / ".git" / "worktrees" / "p"
    entry.mkdir(parents=True)
    (entry / "gitdir").write_text(f"{tmp_path}/private/.git\n")
    (entry / "HEAD").write_text("ref: refs/heads/main\n")
    (entry / "commondir").write_text("../..\n")
    told = await work_of(clone)
    assert not [one for one in told.values() if "secret" in one["name"]]
    assert told["worktree", "main"]["verdict"] != "safe"


async def test_a_repository_that_is_ignored_in_a_work_tree_would_go_with_it(
    clone, work_of, make_repo, tmp_path
):
    clone.write(".gitignore", "scratch/\n")
    clone.commit()
    clone.git("push", "-q")
    clone.git("worktree", "add", "-q", str(tmp_path / "t"))
    make_repo("t/scratch/inner")
    told = (await work_of(clone))["worktree", "t"]
    assert (told["verdict"], told["remove"]) == ("unknown", None)


async def test_a_commit_in_a_submodule_is_told_with_its_place(clone, work_of, tmp_path):
    clone.git("submodule", "add", "-q", str(tmp_path / "remote.git"), "lib")
    clone.commit()
    clone.git("push", "-q")
    lib = clone.path / "lib"
    clone.git("-C", str(lib), "checkout", "-q", "-b", "inside")
    (lib / "inner.py").write_text("inner\n")
    clone.git("-C", str(lib), "add", "inner.py")
    clone.git("-C", str(lib), "commit", "-q", "-m", "inner")
    told = (await work_of(clone))["branch", "inside"]
    assert (told["verdict"], told["path"]) == ("unique", str(lib))
    assert run(told["keep"])[0] == 0


async def test_a_part_of_a_work_tree_tells_of_the_whole(clone, look_at, tmp_path):
    clone.write("part/a.py", "a\n")
    clone.commit()
    clone.git("push", "-q")
    clone.git("worktree", "add", "-q", str(tmp_path / "t"))
    (tmp_path / "t" / "beside.txt").write_text("not in the part\n")
    told = (await look_at(tmp_path / "t" / "part"))["only_here"]
    (tree,) = [one for one in told if one["kind"] == "worktree"]
    assert tree["verdict"] == "unique"
