"""Logs: none is torn or lost unsaid, and old reports go where a disk is full."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daydreamd.cleanup.log_rotation import make_room, rotate_log
from daydreamd.errors import FileError
from daydreamd.host.log_files.rotation import rotate
from daydreamd.host.log_files.writers import Writer, openers
from daydreamd.settings.cleanup import CleanupLog
from daydreamd.units import Size

REOPENING = textwrap.dedent(
    """
    import signal, sys
    path, log = sys.argv[1], open(sys.argv[1], "a")
    def reopen(*_):
        global log
        log.close()
        log = open(path, "a")
        log.write("after\\n")
        log.flush()
    signal.signal(signal.SIGHUP, reopen)
    print("ready", flush=True)
    sys.stdin.read()
    """
)


HAMMERING = textwrap.dedent(
    """
    import itertools, os, sys
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
    print("ready", flush=True)
    for number in itertools.count():
        os.write(log, b"%09d\\n" % number)
        if number % 1000 == 0 and os.path.exists(sys.argv[2]):
            break
    """
)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def private(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir(mode=0o700)
    return directory


def test_a_log_over_its_size_is_packed_and_the_last_n_are_kept(private: Path):
    log = private / "app.log"
    for number in range(5):
        log.write_text(f"{number}\n" * 100)
        done = rotate(log, max_bytes=10, keep=3)
        assert (done.rotated, done.bytes, done.lost_bytes) == (True, 200, 0)
    assert names(private) == ["app.log", "app.log.1.gz", "app.log.2.gz", "app.log.3.gz"]
    assert gzip.decompress((private / "app.log.1.gz").read_bytes()) == b"4\n" * 100
    assert gzip.decompress((private / "app.log.3.gz").read_bytes()) == b"2\n" * 100
    assert log.read_text() == ""


def test_a_log_that_is_written_all_the_time_has_one_gap_at_most(private: Path):
    log, enough = private / "app.log", private / "enough"
    log.touch()
    with subprocess.Popen(
        [sys.executable, "-c", HAMMERING, log, enough], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        while log.stat().st_size < 100_000:
            time.sleep(0.01)
        done = rotate(log, max_bytes=10, keep=2)
        enough.touch()
        writer.wait()
    packed = gzip.decompress((private / "app.log.1.gz").read_bytes())
    numbers = [int(line) for line in (packed + log.read_bytes()).split()]
    steps = [later - earlier for earlier, later in itertools.pairwise(numbers)]
    assert numbers[0] == 0
    assert len([step for step in steps if step != 1]) <= 1
    assert sum(step - 1 for step in steps) * 10 >= done.lost_bytes


def test_a_log_of_its_size_stays(private: Path):
    (private / "app.log").write_text("x")
    assert not rotate(private / "app.log", max_bytes=10, keep=3).rotated
    assert not rotate(private / "none.log", max_bytes=10, keep=3).rotated


def test_a_writer_that_reopens_loses_nothing(private: Path):
    log = private / "app.log"
    log.write_text("before\n" * 100)
    log.chmod(0o640)
    with subprocess.Popen(
        [sys.executable, "-c", REOPENING, log], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        (private / "app.pid").write_text(f"{writer.pid}\n")
        done = rotate(log, max_bytes=10, keep=2, writer=Writer(private / "app.pid"))
        writer.communicate()
    assert done.said == f"pid {writer.pid} has reopened it"
    assert gzip.decompress((private / "app.log.1.gz").read_bytes()) == b"before\n" * 100
    assert log.read_text() == "after\n"
    assert log.stat().st_mode & 0o777 == 0o640
    assert names(private) == ["app.log", "app.log.1.gz", "app.pid"]


def test_a_stale_pid_file_tells_nobody(private: Path):
    (private / "app.log").write_text("x" * 100)
    (private / "app.pid").write_text(str(os.getpid()))
    with pytest.raises(FileError, match="it has not opened the log"):
        rotate(private / "app.log", max_bytes=10, keep=2, writer=Writer(private / "app.pid"))
    assert (private / "app.log").read_text() == "x" * 100


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_directory_that_others_can_write_is_refused(private: Path, mode: int):
    (private / "app.log").write_text("x" * 100)
    private.chmod(mode)
    with pytest.raises(FileError, match="others can write there"):
        rotate(private / "app.log", max_bytes=10, keep=2)
    assert names(private) == ["app.log"]


def test_another_users_directory_is_refused(private: Path):
    (private / "app.log").write_text("x" * 100)
    os.chown(private, 65534, 65534)
    with pytest.raises(FileError, match="another user owns it"):
        rotate(private / "app.log", max_bytes=10, keep=2)


def test_a_log_with_a_second_name_or_none_of_its_own_is_refused(private: Path):
    (private / "precious").write_text("x" * 100)
    (private / "hard.log").hardlink_to(private / "precious")
    (private / "soft.log").symlink_to("precious")
    os.mkfifo(private / "fifo.log")
    for name in ("hard.log", "soft.log", "fifo.log"):
        with pytest.raises(FileError):
            rotate(private / name, max_bytes=10, keep=2)
    assert (private / "precious").read_text() == "x" * 100


def test_a_log_too_large_for_the_time_is_carried_on_by_the_next_run(private: Path):
    log = private / "app.log"
    log.write_bytes(os.urandom(1 << 20) * 10 + b"end")
    rule = CleanupLog(path=str(log), max_size=Size(10), keep=3)
    turns = [rotate_log(rule, act=True, stop_at=0.0) for _ in range(3)]
    assert [turn.outcome for turn in turns] == ["packed in part", "packed in part", "rotated"]
    assert "4 of 10 MiB so far" in turns[0].said
    packed = gzip.decompress((private / "app.log.1.gz").read_bytes())
    assert (len(packed), packed[-3:]) == ((10 << 20) + 3, b"end")
    assert names(private) == ["app.log", "app.log.1.gz"]


def test_a_part_of_a_log_that_others_have_cut_is_kept(private: Path):
    log = private / "app.log"
    log.write_bytes(b"a" * (10 << 20))
    rotate(log, max_bytes=10, keep=3, stop_at=0.0)
    log.write_bytes(b"b" * 20)
    rotate(log, max_bytes=10, keep=3)
    kept = [gzip.decompress((private / f"app.log.{n}.gz").read_bytes()) for n in (1, 2)]
    assert kept == [b"b" * 20, b"a" * (4 << 20)]


def test_a_moved_log_whose_writer_cannot_be_told_is_said(private: Path):
    log = private / "app.log"
    log.write_text("")
    (private / "app.log.0").write_text("old\n")
    writer = Writer(private / "none.pid")
    program = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (private / "app.log.0").open("a") as old:
        other = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=old)
    said = rotate(log, max_bytes=10, keep=3, writer=writer, stop_at=0.0).said
    other.communicate()
    assert f"nobody was told: cannot read a pid from {private / 'none.pid'}" in said
    assert f"pid {other.pid} still writes to it" in said
    assert (private / "app.log.0").read_text() == "old\n"


def test_what_a_log_rule_did_is_said(private: Path):
    (private / "app.log").write_text("x" * 100)
    rule = CleanupLog(path=str(private / "app.log"), max_size=Size(10))
    assert rotate_log(rule, act=False).outcome == "would be rotated"
    assert rotate_log(rule, act=True).outcome == "rotated"
    assert rotate_log(rule, act=True).said == "not over 10 B"


ARCHIVED = [f"daydream_insights-2026010{day}-120000.md" for day in (1, 2, 3)]


def free_bytes(directory: Path) -> int:
    room = os.statvfs(directory)
    return room.f_bavail * room.f_frsize


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """A file system of its own, so that nobody else changes how much is free."""
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


def test_old_archives_go_first_where_the_disk_is_full(tmp_path: Path):
    with small_disk(tmp_path / "disk") as disk:
        for name in (*ARCHIVED, "daydream_insights-20260101-mine.md", "letter.md"):
            (disk / name).write_bytes(bytes(100_000))
        free = free_bytes(disk)
        assert make_room(disk, state=disk, min_free=free, act=True) == []
        shown = make_room(disk, state=disk, min_free=free + 150_000, act=False)
        assert make_room(disk, state=disk, min_free=free + 150_000, act=True) == shown
        assert shown == ARCHIVED[:2]
        assert names(disk) == [
            "daydream_insights-20260101-mine.md", ARCHIVED[2], "letter.md",
        ]  # fmt: skip


def test_archives_stay_where_removing_them_cannot_make_the_room(tmp_path: Path):
    with small_disk(tmp_path / "disk") as disk:
        (disk / ARCHIVED[0]).write_bytes(bytes(100_000))
        free = free_bytes(disk)
        assert make_room(disk, state=disk, min_free=free + 500_000, act=True) == []
        assert make_room(disk, state=tmp_path, min_free=1 << 60, act=True) == []
        assert names(disk) == [ARCHIVED[0]]


def test_a_log_is_not_told_to_be_let_go_for_want_of_descriptors(tmp_path, no_descriptor_left):
    facts = tmp_path.stat()
    with no_descriptor_left(), pytest.raises(OSError, match="Too many open files"):
        openers(facts, (os.getppid(),))
