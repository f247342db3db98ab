"""Deleting what is deeper than any path, and against an attacker who swaps directories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from daydreamd.host.files.deletion import remove_tree

ATTACKER = Path(__file__).parent.parent / "fakes" / "swapping_attacker.py"
RUNS = 60


def fill(directory: Path, count: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (directory / f"file-{number}").write_text("x")


def deep(root: Path, depth: int) -> None:
    """A chain of directories deeper than any path may be long."""
    root.mkdir()
    handle = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


def test_a_tree_5000_deep_is_removed(tmp_path: Path):
    deep(tmp_path / "tree", 5000)
    done = remove_tree(tmp_path / "tree")
    assert (done.removed, done.left) == (5002, [])
    assert not (tmp_path / "tree").exists()


def test_a_directory_swapping_attacker_gains_nothing_in_60_runs(tmp_path: Path):
    foreign = tmp_path / "foreign"
    for run in range(RUNS):
        fill(foreign / "precious", 3)
        tree = tmp_path / str(run) / "tree"
        for number in range(30):
            fill(tree / f"d{number:02}" / "precious", 3)
        with subprocess.Popen(
            [sys.executable, ATTACKER, tree / "d15", foreign],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as attacker:
            assert attacker.stdout is not None
            attacker.stdout.readline()
            remove_tree(tree)
            attacker.communicate()
        assert len(list((foreign / "precious").iterdir())) == 3
