"""Branches that exist only on this disk, in real repositories; told commands are run here."""

from tests.integration.context.told_commands import branch_with, run


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
