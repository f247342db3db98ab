"""A rotation that is killed at any line loses nothing: the next one carries it on."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from daydreamd.cleanup.log_rotation import rotate_log
from daydreamd.host.files.private import open_private
from daydreamd.host.log_files.cutting import can_collapse
from daydreamd.host.log_files.rotation import rotate
from daydreamd.host.log_files.writers import Writer
from daydreamd.settings.cleanup import CleanupLog
from daydreamd.units import Size

_STEPPED = ("rotation.py", "packing.py", "archives.py", "cutting.py")
_KEEP = 9
_LINES = 2_000


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a child that is killed at its `step`th line; whether it got so far."""
    pid = os.fork()
    if pid == 0:
        left = step

        def trace(frame: FrameType, event: str, _argument: object):
            nonlocal left
            if not frame.f_code.co_filename.endswith(_STEPPED):
                return None
            left -= event == "line"
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@contextmanager
def writing(log: Path, *, reopens: bool = False) -> Iterator[int]:
    """A process that appends numbered lines to the log, without a pause worth the name."""
    log.touch()
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(tell)
        _append_for_ever(log, hear, reopens=reopens)
    os.close(hear)
    try:
        while log.stat().st_size < _LINES * 16:
            time.sleep(0.001)
        yield pid
    finally:
        os.close(tell)
        os.waitpid(pid, 0)


def _append_for_ever(log: Path, hear: int, *, reopens: bool) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    file, wishes = os.open(log, flags), []
    if reopens:
        signal.signal(signal.SIGHUP, lambda *_: wishes.append(1))
    os.set_blocking(hear, False)
    number = 0
    while True:
        if wishes:
            wishes.clear()
            os.close(file)
            file = os.open(log, flags)
        os.write(file, b"%015d\n" % number)  # of 16 bytes, so that no block splits one
        number += 1
        if number > _LINES:
            time.sleep(0.0001)
        try:
            if os.read(hear, 1) == b"":
                os._exit(0)
        except BlockingIOError:
            continue


def everything_in(directory: Path, log: str) -> list[int]:
    """All numbers in the log, what waits to be packed, and the archives."""
    found = b""
    for path in sorted(directory.iterdir()):
        if path.suffix == ".gz":
            found += gzip.decompress(path.read_bytes())
        elif path.name in (log, f"{log}.0"):
            found += path.read_bytes()
    return sorted({int(line) for line in found.replace(b"\0", b"").split()})


def made_below(place: Path) -> Callable[[], Path]:
    def make() -> Path:
        directory = place / f"logs-{len(list(place.iterdir()))}"
        directory.mkdir(mode=0o700)
        return directory

    return make


@pytest.fixture
def directories(tmp_path: Path) -> Callable[[], Path]:
    return made_below(tmp_path)


@pytest.fixture
def cut_directories(tmp_path: Path, need_here) -> Iterator[Callable[[], Path]]:
    """Directories of a file system that takes blocks out of a file; our own ext4 where none is."""
    if _cuts_without_a_gap(tmp_path):
        yield made_below(tmp_path)
        return
    image, place = tmp_path / "ext4", tmp_path / "mounted"
    place.mkdir()
    image.touch()
    os.truncate(image, 64 << 20)
    make = ["mkfs.ext4", "-q", "-b", "4096", image]
    mount = ["mount", "-o", "loop", image, place]
    done = os.geteuid() == 0 and all(
        subprocess.run(argv, check=False).returncode == 0 for argv in (make, mount)
    )
    need_here(done and _cuts_without_a_gap(place), "ext4 or XFS to rotate logs on")
    yield made_below(place)
    subprocess.run(["umount", place], check=True)


def _cuts_without_a_gap(directory: Path) -> bool:
    handle = open_private(directory)
    try:
        return can_collapse(handle, "x")
    finally:
        os.close(handle)


def test_a_resting_log_is_whole_wherever_the_rotation_is_killed(directories):
    lines = b"".join(b"%09d\n" % number for number in range(_LINES))
    step, killed = 0, True
    while killed:
        log = directories() / "app.log"
        log.write_bytes(lines)
        killed = killed_at(step, lambda log=log: rotate(log, max_bytes=10, keep=_KEEP))
        assert rotate(log, max_bytes=10, keep=_KEEP).lost_bytes == 0
        assert everything_in(log.parent, "app.log") == list(range(_LINES)), f"step {step}"
        step += 1
    assert step > 50


def test_former_logs_survive_wherever_the_rotation_is_killed(directories):
    step, killed = 0, True
    while killed:
        log = directories() / "app.log"
        for number in range(3):
            former = log.with_name(f"app.log.{3 - number}.gz")
            former.write_bytes(gzip.compress(b"%09d\n" % number))
        log.write_bytes(b"%09d\n" % 3)
        killed = killed_at(step, lambda log=log: rotate(log, max_bytes=1, keep=5))
        rotate(log, max_bytes=1, keep=5)
        assert everything_in(log.parent, "app.log") == [0, 1, 2, 3], f"step {step}"
        step += 1


def test_a_log_under_one_block_is_not_cut_while_somebody_writes_to_it(cut_directories):
    """Less than a block cannot be taken out without a gap, in which a line would be lost."""
    log = cut_directories() / "app.log"
    log.write_bytes(b"%015d\n" % 0)
    with log.open("ab") as out, subprocess.Popen(["sleep", "1000"], stdout=out) as writer:
        done = rotate(log, max_bytes=10, keep=_KEEP)
        told = rotate_log(CleanupLog(path=str(log), max_size=Size(10)), act=True)
        writer.kill()
    assert (told.outcome, told.said) == ("", done.said)
    assert (done.rotated, done.lost_bytes) == (False, 0)
    assert "is being written" in done.said
    assert [path.name for path in log.parent.iterdir()] == ["app.log"]
    assert everything_in(log.parent, "app.log") == [0]
    assert rotate(log, max_bytes=10, keep=_KEEP).rotated, "once nobody writes, it goes"


def test_a_log_that_is_written_meanwhile_is_whole_wherever_it_is_killed(cut_directories):
    step, killed = 0, True
    while killed:
        log = cut_directories() / "app.log"
        with writing(log):
            killed = killed_at(step, lambda log=log: rotate(log, max_bytes=10, keep=_KEEP))
            rotate(log, max_bytes=10, keep=_KEEP)
        found = everything_in(log.parent, "app.log")
        assert found == list(range(len(found))), f"step {step}"
        assert len(found) >= _LINES
        step += 1


def test_a_writer_that_reopens_loses_nothing_wherever_it_is_killed(directories):
    step, killed = 0, True
    while killed:
        log = directories() / "app.log"
        writer = Writer(log.with_name("app.pid"))
        with writing(log, reopens=True) as pid:
            writer.pidfile.write_text(str(pid))
            carry_on = partial(rotate, log, max_bytes=10, keep=_KEEP, writer=writer)
            killed = killed_at(step, carry_on)
            again = carry_on()
            assert "still writes" not in again.said
        found = everything_in(log.parent, "app.log")
        assert found == list(range(len(found))), f"step {step}"
        assert not log.with_name("app.log.0").exists()
        step += 3  # its waiting for processes takes long
