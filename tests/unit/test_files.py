"""Files are replaced whole, and reading is never led astray."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import sys
from pathlib import Path

import anyio
import pytest

from daydreamd.errors import FileError
from daydreamd.host.files.access import (
    open_beneath,
    read_text_nofollow,
    replace_file,
    sweep_half_written,
    write_atomically,
)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_a_written_file_is_private_and_whole(tmp_path: Path):
    path = tmp_path / "report.md"
    await write_atomically(path, "ä" * 10_000)
    assert path.read_text() == "ä" * 10_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["report.md"]


async def test_a_mode_is_given_whatever_the_umask(tmp_path: Path):
    await write_atomically(tmp_path / "unit", b"x", mode=0o644)
    assert stat.S_IMODE((tmp_path / "unit").stat().st_mode) == 0o644


async def test_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path):
    (tmp_path / "foreign").write_text("mine")
    (tmp_path / "report").symlink_to("foreign")
    await write_atomically(tmp_path / "report", "new")
    assert (tmp_path / "foreign").read_text() == "mine"
    assert not (tmp_path / "report").is_symlink()


async def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "x").touch()
    with pytest.raises(FileError, match=r"cannot write .*report: Is a directory"):
        await write_atomically(tmp_path / "report", "new")
    assert names(tmp_path) == ["report"]


async def test_a_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(FileError, match=r"cannot write .*/none/report: No such file"):
        await write_atomically(tmp_path / "none" / "report", "new")


async def test_a_name_of_255_bytes_can_be_written(tmp_path: Path):
    path = tmp_path / ("ü" * 127)
    await write_atomically(path, "x")
    assert path.read_text() == "x"


async def test_a_writer_that_is_killed_leaves_the_old_or_the_new_file(tmp_path: Path):
    path = tmp_path / "report"
    program = (
        "import sys; from pathlib import Path\n"
        "from daydreamd.host.files.access import replace_file\n"
        "n = 0\nprint(flush=True)\n"
        "while True: n += 1; replace_file(Path(sys.argv[1]), f'{n} ' * 200_000)"
    )
    replace_file(path, "0 " * 200_000)
    for _ in range(12):
        async with await anyio.open_process(
            [sys.executable, "-c", program, str(path)], stderr=None
        ) as writer:
            assert writer.stdout is not None
            await writer.stdout.receive()
            await anyio.sleep(0.02)  # any moment of its work will do
            writer.send_signal(signal.SIGKILL)
            await writer.wait()
        assert len(set(path.read_text().split())) == 1
        sweep_half_written(tmp_path)
        assert names(tmp_path) == ["report"]


def test_a_sweep_takes_leftovers_only(tmp_path: Path):
    for name in (".a.0123abcd.tmp", ".a\nb.0123abcd.tmp", "a.tmp", ".a.tmp", ".a.0123abcd.tmp.md"):
        (tmp_path / name).touch()
    (tmp_path / ".dir.0123abcd.tmp").mkdir()
    (tmp_path / ".link.0123abcd.tmp").symlink_to("a.tmp")
    assert sorted(sweep_half_written(tmp_path)) == [".a\nb.0123abcd.tmp", ".a.0123abcd.tmp"]
    assert len(names(tmp_path)) == 5


def test_a_sweep_spares_what_a_living_writer_holds(tmp_path: Path):
    with (tmp_path / ".a.0123abcd.tmp").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert sweep_half_written(tmp_path) == []
    assert sweep_half_written(tmp_path / "missing") == []


def test_nothing_above_the_root_is_opened(tmp_path: Path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to("../secret")
    (root / "up").symlink_to("..")
    os.mkfifo(root / "fifo")
    for hostile in ("../secret", "/etc/passwd", "", "link", "up/secret", "fifo", "sub", "none"):
        with pytest.raises(FileError):
            open_beneath(root, hostile)


def test_a_file_beneath_is_read(tmp_path: Path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x\xff" * 9)
    file = open_beneath(tmp_path, "a/b/c")
    assert os.read(file, 4) == b"x\xffx\xff"
    os.close(file)
    assert read_text_nofollow(tmp_path / "a" / "b" / "c", max_bytes=2) == "x\ufffd"
