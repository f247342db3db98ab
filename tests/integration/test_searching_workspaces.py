"""A real workspace is searched for what may refute a claim, and its moved files are found again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from daydreamd.insights.workspace_search import FileSearch, Snapshot
from daydreamd.records.insight import Evidence, InsightItem
from daydreamd.records.workspace import Workspace
from daydreamd.sessions.searchable import look_around

CODE = """\
def charge(order):
    return send(order)


def refund(order):
    return send(order, negative=True)
"""


def git(root: Path, *arguments: str) -> str:
    named = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ["git", "-C", root, *named, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def a_repository(root: Path) -> str:
    (root / "pay").mkdir(parents=True)
    (root / "pay/client.py").write_text(CODE)
    (root / "main.py").write_text("from pay.client import charge\n\ncharge(None)\n")
    (root / "private.py").write_text("charge = 'never to be read'\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return git(root, "rev-parse", "HEAD")


def an_insight(commit: str) -> InsightItem:
    evidence = Evidence(path="pay/client.py", line=2, end_line=2, quote="return", commit=commit)
    return InsightItem(
        id="a3f", workspace="shop", title="t", body="b", category="bug", evidence=(evidence,),
        grounded=True,
    )  # fmt: skip


async def test_the_files_of_a_workspace_are_searched_without_those_that_are_excluded(
    tmp_path: Path,
) -> None:
    root = tmp_path / "shop"
    a_repository(root)
    (root / "link.py").symlink_to("/etc/passwd")
    workspace = Workspace(name="shop", path=str(root), exclude=("private.py",))
    found = await look_around([workspace], [], tmp_path / "scratch")
    search = FileSearch(found.snapshots)
    places = search.places("shop", "charge")
    assert sorted(map(str, places.found)) == ["main.py:1", "main.py:3", "pay/client.py:1"]
    assert not places.whole, "what is excluded may name it, too"
    assert search.text("shop", "pay/client.py") == CODE
    assert search.places("shop", "root").found == ()
    assert not search.places("other", "charge").whole


async def test_git_says_where_a_cited_file_lies_now(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    commit = a_repository(root)
    git(root, "mv", "pay/client.py", "gateway.py")
    (root / "gateway.py").write_text(CODE + "\n\nLIMIT = 3\n")
    git(root, "commit", "-q", "-a", "-m", "move")
    workspace = Workspace(name="shop", path=str(root))
    found = await look_around([workspace], [an_insight(commit)], tmp_path / "scratch")
    assert found.renamed("shop", "pay/client.py", commit) == "gateway.py"
    assert found.renamed("shop", "main.py", commit) is None
    unknown = await look_around([workspace], [an_insight("f" * 40)], tmp_path / "again")
    assert unknown.renamed("shop", "pay/client.py", "f" * 40) is None


async def test_what_cannot_be_listed_is_not_searched(tmp_path: Path) -> None:
    gone = Workspace(name="gone", path=str(tmp_path / "gone"))
    found = await look_around([gone], [], tmp_path / "scratch")
    assert found.snapshots == {}
    assert not FileSearch(found.snapshots).places("gone", "charge").whole


def test_what_was_not_read_proves_no_absence(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("charge = 1\n")
    os.mkfifo(tmp_path / "b.py")
    search = FileSearch({"shop": Snapshot(root=tmp_path, files=("a.py", "b.py"), whole=False)})
    assert [str(place) for place in search.places("shop", "charge").found] == ["a.py:1"]
    assert not search.places("shop", "charge").whole
