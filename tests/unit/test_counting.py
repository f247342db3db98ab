"""Counting is exact where it ends, and says "at least" where it does not."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from daydreamd.agents.disk_places import HeldPlace, linked_worktrees, places_held
from daydreamd.cleanup.disk_steward import FILE_NAME, Steward
from daydreamd.host.files.counting import SeenLinks, TreeCount
from daydreamd.host.files.deletion import remove_tree
from daydreamd.records.disk import DiskUse, KnownUse

UID = os.geteuid()


def counted(root: Path, *, seconds: float = 60.0, apart: bytes = b"") -> TreeCount:
    count, links = TreeCount(os.fsencode(root)), SeenLinks()
    count.begin(UID, links)
    count.go_on(UID, links, until=time.monotonic() + seconds, apart=apart)
    return count


def blocks(*paths: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "a/b/large").write_bytes(b"x" * 300_000)
    (tree / "small").write_bytes(b"x")
    return tree


def test_a_tree_counts_for_its_blocks(tree: Path):
    count = counted(tree)
    assert count.is_finished
    assert count.files == 2
    assert count.size == blocks(tree, tree / "a", tree / "a/b", tree / "a/b/large", tree / "small")


def test_a_file_with_several_names_counts_once(tree: Path):
    before = counted(tree)
    os.link(tree / "a/b/large", tree / "again")
    os.link(tree / "a/b/large", tree / "a/and again")
    after = counted(tree)
    assert (after.size, after.files) == (before.size, before.files)


def test_it_counts_once_in_two_trees_and_over_two_sessions(tree: Path):
    (tree / "c").mkdir()
    os.link(tree / "a/b/large", tree / "c/again")
    first, second, links = (
        TreeCount(os.fsencode(tree / "a")),
        TreeCount(os.fsencode(tree / "c")),
        SeenLinks(),
    )
    first.begin(UID, links)
    first.go_on(UID, links, until=time.monotonic() + 60)
    links = SeenLinks(links.chunks())
    second.begin(UID, links)
    second.go_on(UID, links, until=time.monotonic() + 60)
    assert (first.files, second.files) == (1, 0)


def test_a_sparse_file_counts_for_what_it_takes(tmp_path: Path):
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    assert counted(tmp_path / "hole").size < 1 << 20


def test_no_link_is_followed_and_nothing_is_opened(tree: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "huge").write_bytes(b"x" * 1_000_000)
    before = counted(tree)
    (tree / "link").symlink_to(elsewhere)
    (tree / "loop").symlink_to(tree)
    os.mkfifo(tree / "pipe")
    after = counted(tree)
    assert after.size - before.size < 100_000
    assert after.files == before.files + 3
    (tmp_path / "root").symlink_to(tree)
    assert counted(tmp_path / "root").files == 1, "a root that is a link is that link"


def test_another_file_system_is_not_entered():
    proc = TreeCount(b"/")
    proc.begin(UID, SeenLinks())
    proc.pending = [(b"/proc", 0)]
    proc.go_on(UID, SeenLinks(), until=time.monotonic() + 5)
    assert (proc.files, proc.missed) == (0, 1)


def test_what_is_anothers_is_missed_and_said(tree: Path):
    count, links = TreeCount(os.fsencode(tree)), SeenLinks()
    count.begin(UID, links)
    count.go_on(UID + 1, links, until=time.monotonic() + 60)
    assert (count.files, count.missed) == (0, 1)


def test_a_very_deep_tree_ends(tmp_path: Path):
    directory = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("deeper", dir_fd=directory)
        below = os.open("deeper", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(directory)
    count = counted(tmp_path)
    assert count.is_finished
    assert count.missed == 1, "what no path reaches is not known"
    remove_tree(tmp_path / "deeper")  # pytest itself does not get to the ground of it


def test_what_is_cut_off_is_taken_up_where_it_was(tmp_path: Path):
    wide = tmp_path / "wide"
    wide.mkdir()
    for number in range(4_500):
        (wide / f"{number}").touch()
    (wide / "below").mkdir()
    (wide / "below/more").write_bytes(b"x" * 9_000)
    whole = counted(tmp_path)
    count, links, turns = TreeCount(os.fsencode(tmp_path)), SeenLinks(), 0
    count.begin(UID, links)
    while not count.is_finished:
        count.go_on(UID, links, until=time.monotonic() + 1e-5)
        assert count.files <= whole.files
        turns += 1
        assert turns < 1_000
    assert (count.size, count.files) == (whole.size, whole.files)
    assert turns > 1


def test_node_modules_are_told_apart(tree: Path):
    (tree / "a/node_modules/x").mkdir(parents=True)
    (tree / "a/node_modules/x/y").write_bytes(b"x" * 50_000)
    assert counted(tree, apart=b"node_modules").apart_size == blocks(tree / "a/node_modules/x/y")


def test_only_so_many_links_are_remembered_and_the_others_count_for_their_share():
    links = SeenLinks()
    assert links.add(1, 5) is True
    for chunk in range(5_000):
        links.add(2, chunk << 15)
    assert links.add(3, 7) is None
    assert links.add(1, 5) is False


def use_of(tmp_path: Path, held: list[HeldPlace], known=None, *, seconds: float = 60.0) -> DiskUse:
    return Steward(tmp_path, UID).count(held, known or {}, seconds=seconds)


def test_a_round_that_was_not_finished_is_at_least_and_goes_on(tree: Path, tmp_path: Path):
    held = [HeldPlace("claude", tree)]
    first = use_of(tmp_path, held, seconds=0.0)
    assert not first.complete
    assert (tmp_path / FILE_NAME).exists()
    second = use_of(tmp_path, held)
    assert second.complete
    assert second.bytes == counted(tree).size
    assert not (tmp_path / FILE_NAME).exists()


def test_growth_is_told_since_the_last_count(tree: Path, tmp_path: Path):
    known = {"claude": KnownUse(time.time() - 86_400, 1_000)}
    (kind,) = use_of(tmp_path, [HeldPlace("claude", tree)], known).kinds
    assert kind.grown_bytes == kind.bytes - 1_000
    assert kind.daily_bytes == pytest.approx(kind.grown_bytes, rel=0.01)


@pytest.mark.parametrize("ahead", [86_400, 0])
def test_a_clock_that_was_set_back_makes_no_growth(tree: Path, tmp_path: Path, ahead: float):
    at = time.time() + ahead
    (kind,) = use_of(tmp_path, [HeldPlace("c", tree)], {"c": KnownUse(at, 1)}).kinds
    assert kind.daily_bytes is None


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"\x92\x80"])
def test_a_broken_round_is_begun_anew(tree: Path, tmp_path: Path, data: bytes):
    (tmp_path / FILE_NAME).write_bytes(data)
    assert use_of(tmp_path, [HeldPlace("claude", tree)]).complete


def test_what_is_not_there_is_nothing_and_no_fault(tmp_path: Path):
    use = use_of(tmp_path, [HeldPlace("codex", tmp_path / "nowhere")])
    assert (use.kinds, use.complete) == ((), True)


def test_each_thing_in_a_home_is_of_one_kind(tmp_path: Path):
    home, temp = tmp_path / "home", tmp_path / "tmp"
    for name in (
        ".claude/debug/x.txt", ".claude/projects/-x/y.jsonl", ".claude/plugins/z",
        ".codex/sessions/2026/r.jsonl", ".local/share/opencode/opencode.db",
        ".local/share/opencode/opencode.db-wal", ".gemini/tmp/9f/logs.json",
    ):  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"x" * 5_000)
    outputs = temp / f"claude-{UID}/-x/tasks"
    outputs.mkdir(parents=True)
    (outputs / "b1.output").write_bytes(b"x" * 5_000)
    held = places_held({"HOME": str(home)}, UID, temp=[temp], workspaces=[])
    kinds = {one.kind: one.files for one in use_of(tmp_path, held).kinds}
    assert kinds == {
        "debug logs of claude": 1, "transcripts of claude": 1, "the rest of claude": 1,
        "sessions of codex": 1, "database of opencode": 2, "sessions of gemini": 1,
        "task outputs of claude": 1,
    }  # fmt: skip


def test_worktrees_count_where_they_say_themselves_that_they_are(tmp_path: Path):
    for words in (
        "init -q main",
        "-C main -c user.name=a -c user.email=a@b commit -q --allow-empty -m one",
        "-C main worktree add -q ../fix",
    ):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    assert list(linked_worktrees(tmp_path / "main")) == [tmp_path / "fix"]
    (tmp_path / "main/.git/worktrees/fix/gitdir").write_text("/.git\n")
    assert list(linked_worktrees(tmp_path / "main")) == []
