"""Workspaces that are not what one expects: each is reported, and none stops the others."""

import json
import os
import subprocess

import pytest

from daydreamd.context.workspaces import find_workspaces
from daydreamd.errors import WorkspaceError
from daydreamd.settings.schema import Queue, WorkspaceSetting


async def test_a_missing_workspace_is_named_and_the_others_go_on(make_repo, gather, tmp_path):
    repo = make_repo()
    repo.write("a.py", "1\n")
    repo.commit()
    events = []
    report = await gather(tmp_path / "gone", repo.path, events=events)
    assert list(report.workspaces) == ["app"]
    assert report.failures == (f"cannot look at {tmp_path}/gone: no such directory",)
    assert [(event.what, event.facts["workspace"]) for event in events] == [
        ("context source failed", "gone")
    ]


async def test_an_empty_directory(tmp_path, look_at):
    (tmp_path / "void").mkdir()
    entry = await look_at(tmp_path / "void")
    assert entry["git"] is None
    assert entry["languages"] == {}
    assert entry["activity"]["commits_7d"] == 0


async def test_a_directory_without_git_has_code_and_markers(tmp_path, gather):
    code = tmp_path / "plain"
    (code / "node_modules").mkdir(parents=True)
    (code / "a.py").write_text("if 1:\n    pass  # TODO mend\n")
    (code / "node_modules" / "b.js").write_text("// TODO not ours\n")
    report = await gather(code)
    entry = report.workspaces["plain"]
    assert entry["git"] is None
    assert entry["languages"]["Python"]["code"] == 2
    assert entry["markers"]["todo"] == 1
    assert entry["markers"]["added_7d"] is None
    assert [(one.path, one.commit) for one in report.excerpts] == [("a.py", "")]
    (code / "a.py").write_text("if 2:\n    pass  # TODO mend\n")
    again = (await gather(code)).workspaces["plain"]
    assert again["fingerprint"] != entry["fingerprint"]
    assert (await gather(code)).workspaces["plain"]["cached"] is True


async def test_a_repository_without_a_commit(make_repo, look_at):
    repo = make_repo()
    repo.write("a.py", "if 1:\n    pass  # TODO\n")
    repo.git("add", "a.py")
    repo.write("b.py", "1\n")
    entry = await look_at(repo.path)
    assert entry["git"]["head"] is None
    assert entry["git"]["branch"] == "main"
    assert (entry["git"]["dirty"]["staged"], entry["git"]["dirty"]["untracked"]) == (1, 1)
    assert entry["activity"]["commits_7d"] == 0
    assert entry["markers"]["todo"] == 1


async def test_a_bare_repository_has_a_history_only(make_repo, look_at, tmp_path):
    repo = make_repo()
    repo.write("a.py", "1\n")
    head = repo.commit(days_ago=1)
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    entry = await look_at(tmp_path / "bare.git")
    assert (entry["git"]["bare"], entry["git"]["head"]) == (True, head)
    assert entry["git"]["dirty"] is None
    assert entry["activity"]["commits_7d"] == 1


async def test_names_that_are_no_utf8_survive_into_json(make_repo, gather):
    repo = make_repo()
    strange = os.fsdecode(b'caf\xe9 "x"\n.py')
    repo.write(strange, "if 1:\n    pass  # TODO\n")
    repo.commit(days_ago=1)
    repo.write(strange, "if 2:\n    pass  # TODO\n    # FIXME\n")
    repo.write(os.fsdecode(b"n\xff.py"), "x\n")
    report = await gather(repo.path)
    assert report.failures == ()
    entry = json.loads(json.dumps(report.workspaces["app"]).encode())
    assert entry["activity"]["files_7d"] == ['caf\ufffd "x"\n.py']
    assert entry["markers"]["fixme"] == 1
    assert entry["markers"]["newest"][0]["kind"] == "FIXME"
    assert report.excerpts[0].path == 'caf\ufffd "x"\n.py'


async def test_a_file_of_a_gigabyte_costs_nothing(make_repo, gather):
    repo = make_repo()
    repo.write("a.py", "if 1:\n    pass\n")
    repo.commit()
    with (repo.path / "huge.py").open("wb") as file:
        file.truncate(1 << 30)
    report = await gather(repo.path)
    assert report.failures == ()
    assert report.workspaces["app"]["git"]["dirty"]["untracked"] == 1
    assert report.workspaces["app"]["languages"]["Python"]["files"] == 1
    assert "huge.py" not in {one.path for one in report.excerpts}


async def test_a_big_tree_is_looked_at_whole(make_repo, look_at):
    repo = make_repo()
    for number in range(1500):
        repo.write(f"d{number % 50}/f{number}.py", f"if {number}:\n    pass\n")
    repo.commit(days_ago=1)
    entry = await look_at(repo.path)
    assert entry["complexity"]["files"] == 1500
    assert len(entry["complexity"]["hotspots"]) == 10
    assert len(entry["activity"]["files_7d"]) == 100
    assert entry["activity"]["files_changed_7d"] == 1500


async def test_a_fifo_where_git_expects_a_file_costs_only_the_git_facts(make_repo, gather):
    repo = make_repo()
    repo.write("a.py", "1\n")
    repo.commit()
    os.mkfifo(repo.path / ".gitignore")
    report = await gather(repo.path, seconds=4)
    entry = report.workspaces["app"]
    assert any("it waits for a FIFO" in failure for failure in report.failures)
    assert entry["git"]["head"]
    assert entry["git"]["dirty"] is None
    assert entry["fingerprint"] is None  # what cannot be known is never "unchanged"


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        ("[extensions]\n refStorage = reftable\n", "reftable, which is not supported"),
        ("[core]\n repositoryFormatVersion = 7\n", "format version 7 is not supported"),
        ("[core]\n repositoryFormatVersion = 1\n[extensions]\n novel = 1\n", "extension novel"),
        ("this is no configuration\n", "line 1 is not git configuration"),
    ],
)
async def test_a_repository_beyond_us_is_said_to_be(make_repo, gather, breakage, reason):
    repo = make_repo()
    repo.write("a.py", "1\n")
    repo.commit()
    config = repo.path / ".git" / "config"
    config.write_text(breakage + config.read_text().replace("repositoryformatversion", "ignored"))
    report = await gather(repo.path)
    assert any(reason in failure for failure in report.failures)
    assert report.workspaces["app"]["git"] is None
    assert report.workspaces["app"]["languages"]["Python"]["files"] == 1


@pytest.mark.parametrize("content", ["gitdir: ../app", "gitdir: /nowhere", "nonsense", ""])
async def test_a_git_file_that_leads_nowhere(tmp_path, gather, content):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".git").write_text(content)
    report = await gather(tmp_path / "app")
    assert report.failures == (
        f"app: repository: cannot read {tmp_path}/app/.git: no repository there",
    )


async def test_a_damaged_repository_gives_what_it_can(make_repo, gather):
    repo = make_repo()
    repo.write("a.py", "if 1:\n    pass\n")
    head = repo.commit()
    (repo.path / ".git" / "objects" / head[:2] / head[2:]).unlink()
    report = await gather(repo.path)
    entry = report.workspaces["app"]
    assert report.failures
    assert entry["complexity"]["files"] == 1
    assert entry["activity"] is None
    assert entry["fingerprint"] is None


async def test_a_repository_of_somebody_else_around_it_does_not_count(tmp_path, gather):
    shared = tmp_path / "shared"
    mine = shared / "mine"
    mine.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(shared)], check=True)  # noqa: ASYNC221 - no loop yet
    os.chown(shared, 12345, 12345)
    report = await gather(mine)
    assert report.workspaces["mine"]["git"] is None
    assert report.failures == ()


def test_typed_paths_must_be_there(tmp_path):
    (tmp_path / "file").write_text("")
    for path, reason in (
        (tmp_path / "gone", "no such directory"),
        (tmp_path / "file", "not a directory"),
        ("/", "the root of the machine"),
        ("nul\0", "nul"),
    ):
        with pytest.raises(WorkspaceError, match=reason):
            find_workspaces([path])


def test_names_are_unique_and_paths_looked_at_once(tmp_path):
    for name in ("x/app", "y/app"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "x" / "app")
    found = find_workspaces([tmp_path / "x/app", tmp_path / "link", tmp_path / "y/app"])
    assert [one.name for one in found] == ["app", "y/app"]
    settings = [
        WorkspaceSetting(path=str(tmp_path / "x"), priority=1, name="same"),
        WorkspaceSetting(path=str(tmp_path / "y"), priority=9, name="same"),
    ]
    assert [(one.name, one.path) for one in find_workspaces(settings)] == [
        ("same", str(tmp_path / "y")),
        ("same-2", str(tmp_path / "x")),
    ]


@pytest.fixture
def queue_file(tmp_path):
    """A queue with a few tasks, as its own program would have made it."""
    import sqlite3

    path = tmp_path / "queue.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE promises (id INTEGER, status TEXT, created_at TEXT, completed_at TEXT)"
        )
        for status, created, completed in (
            ("completed", "-2 days", "-1 days"),
            ("completed", "-30 days", "-29 days"),
            ("pending", "-1 hours", None),
        ):
            connection.execute(
                "INSERT INTO promises VALUES (1, ?, datetime('now', ?), datetime('now', ?))",
                (status, created, completed),
            )
    connection.close()
    return path


async def test_the_queue_of_the_last_week(queue_file, gather):
    report = await gather(queue=Queue(backend="sqlite", path=str(queue_file)))
    assert report.recent_activity["queue"] == {
        "created": 2,
        "by_status": {"completed": 1, "pending": 1},
        "completed": 1,
        "mean_minutes_to_complete": 1440.0,
    }


async def test_a_queue_that_cannot_be_read_is_reported(tmp_path, gather):
    report = await gather(queue=Queue(backend="sqlite", path=str(tmp_path / "gone.db")))
    assert report.recent_activity["queue"] is None
    (failure,) = report.failures
    assert "cannot read" in failure
    assert "gone.db" in failure
