"""The session lock: one holder, a message that names him, and nothing stale."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.errors import FileError, SessionBusy
from daydreamd.host.files.locks import hold_lock

HOLDER = """
import sys
from pathlib import Path
from daydreamd.host.files.locks import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[bytes]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    return holder


def end(holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate()


def test_the_second_is_told_who_holds_it_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path)
    try:
        with (
            pytest.raises(SessionBusy, match=rf"held by pid {holder.pid} since \d\d:\d\d"),
            hold_lock(path),
        ):
            pass
    finally:
        end(holder)


def test_a_killed_holder_leaves_no_stale_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    end(hold(path))
    with hold_lock(path):
        assert path.read_text().split()[0] == str(os.getpid())


def test_a_lock_is_free_again_once_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(2):
        with hold_lock(path):
            pass


def test_children_do_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold_lock(path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with hold_lock(path):
            pass
    finally:
        child.communicate(b"\n")


def test_a_holder_that_has_not_said_who_it_is_is_still_respected(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = hold(path)
    path.write_text("rubbish \x00")
    try:
        with pytest.raises(SessionBusy, match="another process holds it"), hold_lock(path):
            pass
    finally:
        end(holder)


def test_a_lock_is_never_a_link_to_somewhere_else(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(FileError, match="cannot open the lock"), hold_lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "precious").exists()
