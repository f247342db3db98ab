"""Temp files: only what is ours, old and unused goes."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from daydreamd.cleanup.temp import clean_temp
from daydreamd.settings.cleanup import CleanupTemp
from daydreamd.units import Duration


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def aged(path: Path, days: float = 3) -> Path:
    path.touch()
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


PATIENCE_SECONDS = 0.3


def temp(directory: Path, **kwargs) -> CleanupTemp:
    return CleanupTemp(directories=(str(directory),), max_age=Duration(PATIENCE_SECONDS), **kwargs)


def let_rest(*paths: Path) -> None:
    """Nobody can set back when an inode was changed: wait until it is long ago."""
    youngest = max(path.lstat().st_ctime for path in paths)
    time.sleep(max(0.0, youngest + PATIENCE_SECONDS + 0.1 - time.time()))


def made_by_tempfile(path: Path) -> Path:
    path.touch(mode=0o600)
    return path


def test_known_leftovers_that_are_old_and_unused_go(tmp_path: Path):
    for name in ("claude-8c89-cwd", "tmpclaude-427a-cwd", "notes", "claude-fade-out-cwd"):
        aged(tmp_path / name)
    made_by_tempfile(tmp_path / "aider-x2y4z6_8")
    used = made_by_tempfile(tmp_path / "aider-used0000.md")
    let_rest(*tmp_path.iterdir())
    (tmp_path / "claude-8c90-cwd").touch()
    with used.open():
        files, failures = clean_temp(temp(tmp_path), all_users=False, act=True)
    assert failures == []
    assert [(Path(file.path).name, file.decision) for file in files] == [
        ("aider-used0000.md", "spare"),
        ("aider-x2y4z6_8", "remove"),
        ("claude-8c89-cwd", "remove"),
        ("tmpclaude-427a-cwd", "remove"),
    ]
    assert names(tmp_path) == [
        "aider-used0000.md", "claude-8c90-cwd", "claude-fade-out-cwd", "notes",
    ]  # fmt: skip


def test_an_old_time_of_writing_that_was_brought_along_is_not_age(tmp_path: Path):
    source, packed = aged(tmp_path / "source", days=300), tmp_path / "packed.tar"
    subprocess.run(["tar", "-C", tmp_path, "-cf", packed, "source"], check=True)
    place = tmp_path / "temp"
    place.mkdir()
    subprocess.run(["cp", "-p", source, place / "claude-8c89-cwd"], check=True)
    renamed = "--transform=s/source/claude-8c8a-cwd/"
    subprocess.run(["tar", "-C", place, "-xpf", packed, renamed], check=True)
    (place / "robot").mkdir()
    subprocess.run(["cp", "-p", source, place / "robot" / "x"], check=True)
    os.utime(place / "robot", (0, 0))
    rule = CleanupTemp(directories=(str(place),), patterns=("robot",))
    assert clean_temp(rule, all_users=False, act=True) == ([], [])
    assert names(place) == ["claude-8c89-cwd", "claude-8c8a-cwd", "robot"]


def test_what_people_have_named_after_aider_stays(tmp_path: Path):
    (tmp_path / "aider-settings").touch(mode=0o644)  # eight letters, but open to others
    for name in ("aider-notes.md", "aider_todo", "aider-", "aider-history-2026.txt"):
        made_by_tempfile(tmp_path / name)
    let_rest(*tmp_path.iterdir())
    assert clean_temp(temp(tmp_path), all_users=False, act=True) == ([], [])


def test_a_dry_run_touches_no_temp_file(tmp_path: Path):
    let_rest(aged(tmp_path / "claude-8c89-cwd"))
    (file,), _ = clean_temp(temp(tmp_path), all_users=False, act=False)
    assert file.outcome == "would be removed"
    assert names(tmp_path) == ["claude-8c89-cwd"]


def test_a_users_pattern_may_name_directories(tmp_path: Path):
    (tmp_path / "robot-1").mkdir()
    aged(tmp_path / "robot-1" / "x")
    let_rest(tmp_path / "robot-1", tmp_path / "robot-1" / "x")
    clean_temp(temp(tmp_path, patterns=("robot-*",)), all_users=False, act=True)
    assert names(tmp_path) == []


def test_a_temp_directory_that_cannot_be_looked_at_is_said(tmp_path: Path):
    (tmp_path / "file").touch()
    _, failures = clean_temp(temp(tmp_path / "file"), all_users=False, act=True)
    assert failures == [f"cannot look into {tmp_path / 'file'}: Not a directory"]


def test_temp_settings_have_a_day_of_patience():
    assert CleanupTemp().max_age == Duration(86_400)
