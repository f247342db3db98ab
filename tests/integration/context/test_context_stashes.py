"""Stashes and detached commits that exist only on this disk."""

from tests.integration.context.told_commands import run


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
