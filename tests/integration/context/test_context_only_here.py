"""What exists only on this disk, in real repositories; the commands that are told are run here."""

import subprocess

import pytest


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


def run(command):
    """Run a told command in a shell, as its reader would."""
    who = {f"GIT_{role}_{what}": "a@example.invalid" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **who}
    done = subprocess.run(
        ["sh", "-c", command], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def branch_with(repo, name, *, file="new.py", text="a new line\n"):
    repo.git("checkout", "-q", "-b", name, "main")
    repo.write(file, text)
    oid = repo.commit(days_ago=1)
    repo.git("checkout", "-q", "main")
    return oid


async def test_a_branch_on_no_remote_is_unique_and_its_command_keeps_it(clone, work_of):
    oid = branch_with(clone, "it's;mine")
    told = (await work_of(clone))["branch", "it's;mine"]
    assert (told["verdict"], told["remove"], told["commits"]) == ("unique", None, 1)
    assert run(told["keep"])[0] == 0
    assert clone.git("ls-remote", "origin", "refs/heads/it's;mine").split()[0] == oid
    assert (await work_of(clone))["branch", "it's;mine"]["verdict"] == "safe"


async def test_a_squashed_branch_is_safe_and_its_command_removes_it(clone, work_of):
    branch_with(clone, "try/2")
    clone.git("merge", "-q", "--squash", "try/2")
    squashed = clone.commit()
    clone.git("push", "-q")
    told = (await work_of(clone))["branch", "try/2"]
    assert told["verdict"] == "safe"
    assert squashed[:7] in told["proof"]
    assert run(told["remove"])[0] == 0
    assert clone.git("branch", "--list", "try/2") == ""


async def test_a_branch_that_moved_on_since_is_not_removed(clone, work_of):
    branch_with(clone, "try")
    clone.git("merge", "-q", "--squash", "try")
    clone.commit()
    clone.git("push", "-q")
    told = (await work_of(clone))["branch", "try"]
    clone.git("checkout", "-q", "try")
    clone.write("later.py", "later\n")
    clone.commit()
    clone.git("checkout", "-q", "main")
    assert run(told["remove"])[0] != 0
    assert clone.git("branch", "--list", "try")


async def test_a_merged_branch_is_removed_by_gits_own_check(clone, work_of):
    branch_with(clone, "done")
    clone.git("merge", "-q", "done")
    clone.git("push", "-q")
    told = (await work_of(clone))["branch", "done"]
    assert told["remove"].endswith("branch -d done")
    assert run(told["remove"])[0] == 0


async def test_a_squash_that_was_reverted_is_safe_and_says_so(clone, work_of):
    branch_with(clone, "back")
    clone.git("merge", "-q", "--squash", "back")
    clone.commit()
    clone.git("revert", "--no-edit", "HEAD")
    clone.git("push", "-q")
    told = (await work_of(clone))["branch", "back"]
    assert told["verdict"] == "safe"
    assert "reverted since" in told["proof"]


async def test_empty_commits_prove_nothing(clone, work_of):
    clone.git("checkout", "-q", "-b", "empty")
    clone.git("commit", "-q", "--allow-empty", "-m", "nothing")
    clone.git("checkout", "-q", "main")
    clone.git("commit", "-q", "--allow-empty", "-m", "nothing", at=clone.now - 100)
    clone.git("push", "-q")
    assert (await work_of(clone))["branch", "empty"]["verdict"] == "unknown"


async def test_lines_that_only_look_the_same_are_not_taken_for_the_work(clone, work_of):
    block = "".join(f"step {n}\n" for n in range(9))
    clone.write("blocks", block + "between\n" * 20 + block)
    clone.commit()
    text = (clone.path / "blocks").read_text()
    first, second = (
        "step four is a long line\n".join(text.split("step 4\n", 1)),
        text.rsplit("step 4\n", 1),
    )
    branch_with(clone, "second", file="blocks", text="step four is a long line\n".join(second))
    clone.write("blocks", first)
    clone.commit()
    clone.git("push", "-q")
    assert (await work_of(clone))["branch", "second"]["verdict"] != "safe"


async def test_without_a_remote_it_is_said_once(make_repo, work_of):
    repo = make_repo()
    repo.write("a", "1\n")
    repo.commit()
    branch_with(repo, "merged")
    repo.git("merge", "-q", "merged")
    told = await work_of(repo)
    assert told["branch", "main"]["verdict"] == "unique"
    assert "no remote" in told["branch", "main"]["proof"]
    assert told["branch", "merged"]["verdict"] == "safe"
    assert run(told["branch", "merged"]["remove"])[0] == 0


async def test_a_remote_that_is_gone_keeps_nothing(clone, work_of, tmp_path):
    (tmp_path / "remote.git").rename(tmp_path / "elsewhere.git")
    told = await work_of(clone)
    assert told["branch", "main"]["verdict"] == "unique"
    assert "not there" in told["branch", "main"]["proof"]


async def test_a_remote_that_is_this_repository_keeps_nothing(clone, work_of):
    clone.git("remote", "set-url", "origin", str(clone.path))
    assert (await work_of(clone))["branch", "main"]["verdict"] == "unique"


async def test_a_ref_of_no_configured_remote_keeps_nothing(clone, work_of):
    oid = branch_with(clone, "other")
    clone.git("update-ref", "refs/remotes/nowhere/other", oid)
    assert (await work_of(clone))["branch", "other"]["verdict"] == "unique"


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


async def test_a_stash_with_untracked_files_is_kept_whole(clone, work_of):
    clone.write("app.py", "changed\n")
    clone.write("notes.txt", "a note\n")
    clone.git("stash", "push", "-q", "-u")
    told = (await work_of(clone))["stash", "stash@{0}"]
    assert told["verdict"] == "unique"
    assert run(told["keep"])[0] == 0
    pushed = told["keep"].split("refs/heads/")[1].strip("'")
    assert clone.git("show", f"origin/{pushed}^3:notes.txt") == "a note"


async def test_a_stash_whose_content_was_pushed_is_safe_and_dropped(clone, work_of):
    clone.write("notes.txt", "a note\n")
    clone.git("stash", "push", "-q", "-u")
    clone.write("notes.txt", "a note\n")
    clone.commit()
    clone.git("push", "-q")
    told = (await work_of(clone))["stash", "stash@{0}"]
    assert told["verdict"] == "safe"
    assert run(told["remove"])[0] == 0
    assert clone.git("stash", "list") == ""


async def test_only_the_untracked_part_of_a_stash_is_missed_when_it_is_lost(clone, work_of):
    clone.write("app.py", "changed\n")
    clone.write("notes.txt", "a note\n")
    clone.git("stash", "push", "-q", "-u")
    clone.write("app.py", "changed\n")
    clone.git("add", "app.py")
    clone.git("commit", "-q", "-m", "half of it")
    clone.git("push", "-q")
    assert (await work_of(clone))["stash", "stash@{0}"]["verdict"] != "safe"


async def test_a_detached_commit_and_one_that_was_reset_away_are_told(clone, work_of):
    clone.write("lost.py", "lost\n")
    clone.commit()
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.git("checkout", "-q", "--detach")
    clone.write("here.py", "here\n")
    oid = clone.commit()
    told = await work_of(clone)
    (detached,) = [one for (kind, _), one in told.items() if kind == "detached"]
    (logged,) = [one for (kind, _), one in told.items() if kind == "reflog"]
    assert (detached["verdict"], logged["verdict"]) == ("unique", "unique")
    assert detached["name"].startswith(oid[:10])
    assert run(detached["keep"])[0] == run(logged["keep"])[0] == 0
    assert "keep/" in clone.git("branch", "-r")


async def test_a_shallow_clone_is_not_proven_beyond_its_cut(clone, make_repo, work_of, tmp_path):
    for number in range(3):
        clone.write("more.py", f"{number}\n")
        clone.commit()
    clone.git("push", "-q")
    clone.git("clone", "-q", "--depth=1", f"file://{tmp_path}/remote.git", str(tmp_path / "cut"))
    cut = make_repo("cut", init=False)
    branch_with(cut, "mine")
    told = await work_of(cut)
    assert told["branch", "mine"]["verdict"] == "unique"
    assert told["branch", "main"]["verdict"] == "safe"


async def test_replaced_and_grafted_commits_are_seen_as_they_are(clone, work_of):
    oid = branch_with(clone, "mine")
    clone.git("replace", oid, "main")
    (clone.path / ".git/info").mkdir(exist_ok=True)
    (clone.path / ".git/info/grafts").write_text(f"{clone.git('rev-parse', 'main')} {oid}\n")
    assert (await work_of(clone))["branch", "mine"]["verdict"] == "unique"


async def test_objects_that_are_missing_are_no_proof(clone, work_of):
    oid = branch_with(clone, "broken")
    (clone.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert (await work_of(clone))["branch", "broken"]["verdict"] == "unknown"


async def test_a_bare_repository_tells_of_its_branches(clone, work_of, make_repo, tmp_path):
    branch_with(clone, "mine")
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = make_repo("bare.git", init=False)
    bare.git("remote", "remove", "origin")
    told = await work_of(bare)
    assert told["branch", "main"]["verdict"] == "unique"
    assert told["branch", "mine"]["remove"] is None


async def test_ignored_files_are_no_work_and_large_untracked_ones_are(clone, work_of):
    clone.write(".gitignore", "*.log\n")
    clone.commit()
    clone.git("push", "-q")
    clone.write("a.log", "x" * 1000)
    clone.write("model.bin", b"\0" * 3_000_000)
    told = await work_of(clone)
    assert told["untracked", "1 file"]["bytes"] == 3_000_000


async def test_looking_changes_not_a_byte(clone, gather, photograph, tmp_path):
    branch_with(clone, "mine")
    tree = tmp_path / "tree"
    clone.git("worktree", "add", "-q", str(tree), "-b", "linked")
    (tree / "app.py").write_text("changed\n")
    clone.write("u.txt", "u\n")
    clone.git("stash", "push", "-q", "-u")
    places = (clone.path, tree, tmp_path / "remote.git")
    before = [photograph(place) for place in places]
    await gather(clone.path)
    await gather(clone.path)
    assert [photograph(place) for place in places] == before


async def test_what_was_decided_is_kept_until_the_remote_moves(clone, work_of):
    branch_with(clone, "mine")
    first = await work_of(clone)
    assert (await work_of(clone))["branch", "mine"]["proof"] == first["branch", "mine"]["proof"]
    clone.git("merge", "-q", "--squash", "mine")
    clone.commit()
    clone.git("push", "-q")
    assert (await work_of(clone))["branch", "mine"]["verdict"] == "safe"


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


async def test_what_was_staged_in_a_stash_counts_of_its_own(clone, work_of):
    clone.write("app.py", "staged\n")
    clone.git("add", "app.py")
    clone.write("app.py", "working\n")
    clone.git("stash", "push", "-q")
    clone.write("app.py", "working\n")
    clone.commit()
    clone.git("push", "-q")
    told = (await work_of(clone))["stash", "stash@{0}"]
    assert (told["verdict"], told["remove"]) == ("unique", None)


async def test_a_part_of_a_work_tree_tells_of_the_whole(clone, look_at, tmp_path):
    clone.write("part/a.py", "a\n")
    clone.commit()
    clone.git("push", "-q")
    clone.git("worktree", "add", "-q", str(tmp_path / "t"))
    (tmp_path / "t" / "beside.txt").write_text("not in the part\n")
    told = (await look_at(tmp_path / "t" / "part"))["only_here"]
    (tree,) = [one for one in told if one["kind"] == "worktree"]
    assert tree["verdict"] == "unique"
