"""Facts held against what plain git says of the same repository."""

import os

import pytest


def said_by_git(repo):
    """The facts as the plain git tells them."""
    return {"dirty": repo.porcelain(), "head": repo.git("rev-parse", "HEAD")}


def told(entry):
    dirty = entry["git"]["dirty"]
    kinds = ("staged", "unstaged", "untracked", "conflicted")
    return {"dirty": {kind: dirty[kind] for kind in kinds}, "head": entry["git"]["head"]}


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
    repo.write("b.py", "b = 5\n", days_ago=1)
    repo.write("draft/plan.py", "x\n", days_ago=4)
    dirty = (await look_at(repo.path))["git"]["dirty"]
    assert dirty["oldest_path"] == "draft/plan.py"
    assert dirty["oldest_seconds"] == pytest.approx(4 * 86_400, abs=60)


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


async def test_churn_follows_a_renamed_file(repo, look_at):
    repo.git("mv", "b.py", "c.py")
    repo.commit(days_ago=1)
    spots = (await look_at(repo.path))["complexity"]["hotspots"]
    by_path = {spot["path"]: spot for spot in spots}
    assert by_path["c.py"]["commits"] == 3
    assert by_path["c.py"]["churn"] == 1 + 4  # one line, then one of it replaced and two added
    assert "b.py" not in by_path


async def test_markers_are_counted_and_the_newest_found(repo, look_at):
    repo.write("old.py", "# TODO old\n" + "x = 1\n" * 5)
    repo.commit(days_ago=30)
    repo.write(
        "new.py", "x = 1\n# FIXME new\n# TODO newer, too\n# todo is not counted, TODOS neither\n"
    )
    repo.commit(days_ago=1)
    repo.write("old.py", "x = 1\n" * 5 + "# TODO old\n# HACK just now\n")
    markers = (await look_at(repo.path))["markers"]
    assert {kind: markers[kind] for kind in ("todo", "fixme", "hack")} == {
        "todo": 2, "fixme": 1, "hack": 1,
    }  # fmt: skip
    newest = [(one["path"], one["line"], one["kind"]) for one in markers["newest"]]
    assert newest[:2] == [("old.py", 6, "TODO"), ("old.py", 7, "HACK")]
    assert set(newest[2:]) == {("new.py", 2, "FIXME"), ("new.py", 3, "TODO")}
    assert (markers["added_7d"], markers["removed_7d"]) == (4, 1)


async def test_a_marker_beside_a_secret_is_counted_and_not_shown(repo, look_at):
    repo.write(".env", "KEY=hidden # TODO rotate\n")
    repo.write("a.py", f"key = 'ghp_{'a' * 36}'  # TODO hidden\n")
    repo.commit()
    entry = await look_at(repo.path)
    assert entry["markers"]["todo"] == 2
    assert entry["markers"]["newest"] == []


async def test_a_directory_of_a_repository_sees_its_own_share(repo, look_at):
    repo.write("pkg/inner.py", "if 1:\n    pass  # TODO\n")
    repo.commit()
    repo.write("pkg/inner.py", "if 2:\n    pass  # TODO\n")
    repo.write("a.py", "outside the directory\n")
    entry = await look_at(repo.path / "pkg")
    assert entry["git"]["dirty"]["unstaged"] == 1
    assert entry["git"]["dirty"]["oldest_path"] == "inner.py"
    assert entry["activity"]["commits_7d"] == 1
    assert entry["activity"]["files_7d"] == ["inner.py"]
    assert entry["markers"]["todo"] == 1
    assert entry["complexity"]["hotspots"][0]["path"] == "inner.py"
    assert entry["complexity"]["hotspots"][0]["commits"] == 1


async def test_excluded_files_are_in_no_fact(repo, look_at, gather):
    repo.write("private/x.py", "if 1:\n    pass  # TODO hidden\n")
    repo.write("deep/gen.pb.py", "if 1:\n    pass  # TODO hidden\n")
    repo.commit()
    entry = await look_at(repo.path, exclude=("private", "*.pb.py"))
    assert "hidden" not in repr(entry)
    assert "private" not in repr((entry["complexity"], entry["activity"], entry["markers"]))
    assert "gen.pb" not in repr(entry)
    assert entry["languages"]["Python"]["files"] == 3
    assert entry["markers"]["todo"] == 0


async def test_the_tech_stack_names_its_evidence(make_repo, look_at):
    repo = make_repo()
    repo.write("pyproject.toml", '[project]\nname = "x"\ndependencies = ["django>=4", "huey"]\n')
    repo.write("web/package.json", '{"devDependencies": {"react": "1"}}')
    repo.write("requirements-dev.txt", "# pandas\npytest==8\n")
    repo.write("broken/composer.json", "{")
    stack = {item["name"]: item["evidence"] for item in (await look_at(repo.path))["tech_stack"]}
    assert stack["Django"] == "pyproject.toml: django"
    assert stack["React"] == "web/package.json: react"
    assert stack["pytest"] == "requirements-dev.txt: pytest"
    assert stack["PHP"] == "broken/composer.json"
    assert "pandas" not in stack


async def test_an_unchanged_workspace_is_remembered(repo, look_at):
    first = await look_at(repo.path)
    second = await look_at(repo.path)
    assert (first["cached"], second["cached"]) == (False, True)
    anew = {"cached", "seconds"}
    assert {k: v for k, v in first.items() if k not in anew} == {
        k: v for k, v in second.items() if k not in anew
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.write("b.py", "b = 9\n"),
        lambda repo: repo.write("untracked/x.py", "1\n"),
        lambda repo: repo.commit(),
        lambda repo: repo.git("branch", "another"),
        lambda repo: repo.git("stash", "list") or repo.git("checkout", "-q", "-b", "moved"),
    ],
)
async def test_a_change_is_not_taken_for_the_past(repo, look_at, change):
    await look_at(repo.path)
    change(repo)
    assert (await look_at(repo.path))["cached"] is False


async def test_an_edit_of_a_file_that_was_dirty_already_is_seen(repo, look_at):
    repo.write("b.py", "b = 7\n")
    first = await look_at(repo.path)
    repo.write("b.py", "b = 8\n")
    second = await look_at(repo.path)
    assert second["cached"] is False
    assert first["fingerprint"] != second["fingerprint"]


async def test_a_damaged_cache_is_gathered_anew(repo, look_at, tmp_path):
    await look_at(repo.path)
    (file,) = (tmp_path / "cache").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(file.read_bytes()[:100])
    assert (await look_at(repo.path))["cached"] is False
    assert (await look_at(repo.path))["cached"] is True


async def test_the_report_sums_up_all_workspaces(repo, make_repo, gather):
    other = make_repo("other")
    other.write("x.py", "1\n")
    other.commit(days_ago=9)
    report = await gather(repo.path, other.path)
    assert list(report.workspaces) == ["app", "other"]
    assert report.recent_activity["commits"] == 2
    assert report.trends["other"]["commits"] == {"this_week": 0, "weekly_before": 0.2}
    assert "app: 3 files" in report.one_line()
    assert "2 commits this week" in report.one_line()
