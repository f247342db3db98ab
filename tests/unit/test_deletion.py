"""Deleting stays inside, whatever lies there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from daydreamd.host.files.deletion import remove_tree
from daydreamd.host.files.leftovers import Shape, find_leftovers, places_in_use, remove_leftover

NOBODY = 65534


RESTED_SECONDS = 0.3


def let_rest(*paths: Path) -> None:
    """Nobody can set back when an inode was changed: wait until it is long enough ago."""
    youngest = max(path.lstat().st_ctime for path in paths)
    time.sleep(max(0.0, youngest + RESTED_SECONDS + 0.05 - time.time()))


def globs(*names: str) -> list[Shape]:
    return [Shape.of_glob(name) for name in names]


def find(directory: Path, **kwargs):
    defaults = {
        "files": globs("old*"), "trees": globs("tree*"), "min_age": RESTED_SECONDS,
        "uids": [os.geteuid()],
    }  # fmt: skip
    return [found.name for found in find_leftovers(directory, **{**defaults, **kwargs})]


def test_links_are_removed_and_never_followed(tmp_path: Path):
    foreign = tmp_path / "foreign"
    (foreign / "sub").mkdir(parents=True)
    (foreign / "file").write_text("mine")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "dir").symlink_to(foreign)
    (tree / "file").symlink_to(foreign / "file")
    (tree / "hard").hardlink_to(foreign / "file")
    os.mkfifo(tree / "fifo")
    assert remove_tree(tree).left == []
    assert not tree.exists()
    assert (foreign / "file").read_text() == "mine"
    assert (foreign / "sub").is_dir()


def test_a_link_in_place_of_the_tree_is_removed_and_its_target_kept(tmp_path: Path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "file").touch()
    (tmp_path / "tree").symlink_to("foreign")
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").is_symlink()
    assert (tmp_path / "foreign" / "file").exists()


def test_another_users_files_stay_and_are_named(tmp_path: Path):
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "ours").touch()
    (tmp_path / "tree" / "sub" / "theirs").touch()
    os.chown(tmp_path / "tree" / "sub" / "theirs", NOBODY, NOBODY)
    done = remove_tree(tmp_path / "tree")
    assert done.left[0] == "theirs: belongs to another user"
    assert not (tmp_path / "tree" / "ours").exists()
    assert (tmp_path / "tree" / "sub" / "theirs").exists()


def test_what_is_not_there_is_already_removed(tmp_path: Path):
    assert remove_tree(tmp_path / "none" / "none").removed == 0
    assert remove_tree(tmp_path / "none").left == []


def test_only_old_files_with_a_known_name_are_found(tmp_path: Path):
    for name in ("old-1", "other"):
        (tmp_path / name).touch()
    let_rest(tmp_path / "old-1", tmp_path / "other")
    (tmp_path / "old-new").touch()
    os.utime(tmp_path / "old-new", (0, 0))  # as `cp -p` does
    assert find(tmp_path) == ["old-1"]
    assert find(tmp_path, min_age=3 * 86_400) == []
    assert find(tmp_path / "missing") == []


def test_what_was_read_lately_is_in_use(tmp_path: Path):
    (tmp_path / "old").touch()
    let_rest(tmp_path / "old")
    os.utime(tmp_path / "old", (time.time() + 60, 0))
    assert find(tmp_path, min_age=0.0) == []


def test_links_fifos_and_directories_are_not_taken_for_files(tmp_path: Path):
    (tmp_path / "target").touch()
    (tmp_path / "old-link").symlink_to("target")
    (tmp_path / "old-directory").mkdir()
    os.mkfifo(tmp_path / "old-fifo")
    assert find(tmp_path, min_age=0) == []


def test_a_tree_is_as_young_as_the_youngest_thing_in_it(tmp_path: Path):
    for name in ("tree-old", "tree-young"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").touch()
    let_rest(tmp_path / "tree-old" / "sub" / "file", tmp_path / "tree-young" / "sub" / "file")
    (tmp_path / "tree-young" / "sub" / "file").write_text("new")
    assert find(tmp_path) == ["tree-old"]


@pytest.mark.parametrize("reason", ["repository", "foreign"])
def test_a_tree_with_anything_precious_is_spared(tmp_path: Path, reason: str):
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    if reason == "repository":
        (tree / "sub" / ".git").touch()
    else:
        os.chown(tree / "sub", NOBODY, NOBODY)
    assert find(tmp_path, min_age=0) == []


def test_another_users_file_is_not_ours_to_remove(tmp_path: Path):
    (tmp_path / "old").touch()
    os.chown(tmp_path / "old", NOBODY, NOBODY)
    assert find(tmp_path, min_age=0) == []
    assert find(tmp_path, min_age=0, uids=None) == ["old"]


def test_what_somebody_has_open_is_known_to_be_in_use(tmp_path: Path):
    (tmp_path / "old").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").touch()
    with (tmp_path / "old").open(), (tmp_path / "tree" / "file").open():
        used = places_in_use()
    found = find_leftovers(tmp_path, files=globs("old"), trees=globs("tree"), min_age=0, uids=None)
    assert [bool(leftover.holds & used) for leftover in found] == [True, True]
    assert not any(leftover.holds & places_in_use() for leftover in found)


def test_what_cannot_be_looked_at_for_want_of_descriptors_is_not_told_to_be_unused(
    no_descriptor_left,
):
    with no_descriptor_left(), pytest.raises(OSError, match="Too many open files"):
        places_in_use()


def test_an_entry_that_was_exchanged_after_the_look_stays(tmp_path: Path):
    (tmp_path / "old").touch()
    (found,) = find_leftovers(tmp_path, files=globs("old"), trees=[], min_age=0, uids=None)
    (tmp_path / "old").rename(tmp_path / "looked-at")
    (tmp_path / "old").write_text("something new")
    assert remove_leftover(found).left == ["old: changed meanwhile"]
    assert (tmp_path / "old").read_text() == "something new"
