"""What is found in the code itself, and how it is remembered."""

import pytest


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
    for one in (*first["only_here"], *second["only_here"]):
        one.pop("age_seconds")  # which grows
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
    for file in (tmp_path / "cache").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_bytes(file.read_bytes()[:50])
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


SAME = {
    "a touch": lambda repo: (repo.path / "b.py").touch(),
    "an amended message": lambda repo: repo.git("commit", "-q", "--amend", "-m", "better words"),
    "an excluded file": lambda repo: repo.write("notes/x.py", "1\n"),
    "a committed file that is excluded": lambda repo: (
        repo.write("notes/y.py", "1\n"), repo.git("add", "notes"),
        repo.git("commit", "-q", "-m", "notes", "notes"),
    ),
    "an installed library": lambda repo: repo.write("node_modules/x/y.js", "1\n"),
    "staging": lambda repo: repo.git("add", "b.py"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
async def test_what_shows_nothing_new_has_the_same_fingerprint(repo, look_at, kind):
    repo.write("b.py", "b = 7\n")
    first = await look_at(repo.path, exclude=("notes/",))
    SAME[kind](repo)
    again = await look_at(repo.path, exclude=("notes/",))
    assert again["fingerprint"] == first["fingerprint"]


async def test_one_change_among_thirty_thousand_untracked_files_is_seen(repo, look_at):
    for number in range(30_000):
        (repo.path / "many" / str(number // 1000)).mkdir(parents=True, exist_ok=True)
        (repo.path / f"many/{number // 1000}/{number}").touch()
    first = await look_at(repo.path)
    repo.write("many/9/9999", "x")
    repo.write("many/29/29999", "x")
    assert (await look_at(repo.path))["fingerprint"] != first["fingerprint"]


async def test_data_prose_and_other_peoples_code_are_no_code(make_repo, look_at):
    repo = make_repo()
    repo.write("app.py", "x = 1\n")
    for name in ("data.csv", "LICENSE", "notes.txt", "README.md", "a.json", "b.yaml", "c.toml"):
        repo.write(name, "one, two\n" * 50)
    for name in ("vendor/v.go", "third_party/t.c", "node_modules/n.js", "web/app.min.js"):
        repo.write(name, "int main() { return 1; }\n" * 50)
    entry = await look_at(repo.path)
    assert list(entry["languages"]) == ["Python"]
    assert (entry["complexity"]["files"], entry["complexity"]["code"]) == (1, 1)


async def test_only_manifests_are_read_as_manifests(make_repo, look_at):
    repo = make_repo()
    repo.write("CMakeLists.txt", "add_library(react)\nfind_package(click)\nset(serde 1)\n")
    repo.write("requirements.txt", "flask>=2  # not django\n-r react\ngit+https://x/celery\n")
    stack = [item["name"] for item in (await look_at(repo.path))["tech_stack"]]
    assert sorted(stack) == ["CMake", "Flask", "Python"]
