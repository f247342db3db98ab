"""Reports on a real disk: written whole, put away, bounded, and intact when the disk refuses."""

import os
import re
import subprocess
from datetime import UTC, datetime

import pytest

from daydreamd.errors import FileError
from daydreamd.insights.archive import write_report
from daydreamd.insights.report import Report
from daydreamd.settings.schema import Insights
from daydreamd.units import Size

NAME = "daydream_insights.md"


def report(number=1, *, body=""):
    return Report(
        session_id=f"session-{number}",
        at=datetime.now(UTC),
        workspaces=("shop",),
        tidied=body,
        failure="no model",
    )


def archived(directory):
    return sorted(entry.name for entry in (directory / "archive").iterdir())


async def write(directory, number, *, at=None, body="", **settings):
    path = await write_report(
        report(number, body=body), directory=directory, settings=Insights(**settings)
    )
    if at is not None:
        os.utime(path, (at, at))
    return path


async def test_the_first_report_makes_its_directories_for_its_owner_alone(tmp_path):
    path = await write(tmp_path / "new" / "logs", 1)
    assert path.name == NAME
    assert "session-1" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert archived(path.parent) == []


async def test_the_former_report_is_archived_under_the_time_it_was_written(tmp_path):
    await write(tmp_path, 1, at=1_790_000_000)
    path = await write(tmp_path, 2)
    assert "session-2" in path.read_text()
    assert archived(tmp_path) == ["daydream_insights-20260921-141320.md"]
    assert "session-1" in (tmp_path / "archive" / archived(tmp_path)[0]).read_text()


async def test_two_reports_of_one_second_do_not_overwrite_each_other(tmp_path):
    for number in range(4):
        await write(tmp_path, number, at=1_790_000_000)
    assert archived(tmp_path) == [
        "daydream_insights-20260921-141320-02.md",
        "daydream_insights-20260921-141320-03.md",
        "daydream_insights-20260921-141320.md",
    ]
    texts = "".join((tmp_path / "archive" / name).read_text() for name in archived(tmp_path))
    assert re.findall(r"session-\d", texts) == ["session-1", "session-2", "session-0"]


async def test_only_the_last_versions_are_kept(tmp_path):
    for number in range(15):
        await write(tmp_path, number, at=1_790_000_000 + number, keep_versions=10)
    texts = [(tmp_path / "archive" / name).read_text() for name in archived(tmp_path)]
    assert [re.search(r"session-(\d+)", text)[1] for text in texts] == [
        str(n) for n in range(4, 14)
    ]


async def test_keeping_none_leaves_the_newest(tmp_path):
    for number in range(3):
        await write(tmp_path, number, at=1_790_000_000 + number, keep_versions=0)
    assert archived(tmp_path) == []
    assert "session-2" in (tmp_path / NAME).read_text()


async def test_all_reports_together_stay_below_the_limit(tmp_path):
    limit = Size(5_000)
    for number in range(20):
        await write(
            tmp_path,
            number,
            at=1_790_000_000 + number,
            body="x" * 800,
            keep_versions=100,
            max_total_size=limit,
        )
        total = sum(entry.stat().st_size for entry in tmp_path.rglob("*.md"))
        assert total <= limit
    assert len(archived(tmp_path)) >= 3
    assert archived(tmp_path)[-1] == "daydream_insights-20260921-141338.md"


async def test_what_is_not_a_report_is_never_pruned(tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "notes.md").write_text("mine")
    outside = tmp_path / "outside.md"
    outside.write_text("mine too")
    (archive / "daydream_insights-20200101-000000.md").symlink_to(outside)
    for number in range(3):
        await write(tmp_path, number, at=1_790_000_000 + number, keep_versions=0)
    assert archived(tmp_path) == ["daydream_insights-20200101-000000.md", "notes.md"]
    assert outside.read_text() == "mine too"


async def test_a_link_in_the_reports_place_is_replaced_and_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("somebody's")
    directory = tmp_path / "logs"
    directory.mkdir()
    (directory / NAME).symlink_to(outside)
    path = await write(directory, 1)
    assert not path.is_symlink()
    assert outside.read_text() == "somebody's"


async def test_a_directory_in_the_reports_place_is_a_clear_error(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(FileError, match=r"daydream_insights\.md"):
        await write(tmp_path, 1)


async def test_a_file_in_the_directorys_place_is_a_clear_error(tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(FileError, match=r"cannot write .*/logs: File exists"):
        await write(tmp_path / "logs", 1)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB; unmounted afterwards, whatever the test did to it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", place)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.root
async def test_a_full_disk_leaves_the_old_report_whole(small_disk):
    path = await write(small_disk, 1, at=1_790_000_000)
    (small_disk / "filler").write_bytes(b"x" * 48_000)
    befores = [path.read_bytes()]

    async def fill_it():
        for number in range(2, 20):
            await write(small_disk, number, at=1_790_000_000 + number, body="y" * 900)
            befores.append(path.read_bytes())

    with pytest.raises(FileError, match=r"cannot write .*: No space left on device"):
        await fill_it()
    assert path.read_bytes() == befores[-1]
    names = {entry.name for entry in small_disk.rglob("*") if entry.is_file()}
    assert all(name == "filler" or re.fullmatch(r"daydream_insights.*\.md", name) for name in names)

    (small_disk / "filler").unlink()
    assert "session-99" in (await write(small_disk, 99)).read_text()


@pytest.mark.root
async def test_a_disk_that_cannot_be_written_leaves_the_old_report_whole(small_disk):
    path = await write(small_disk, 1)
    before = path.read_bytes()
    mount("-o", "remount,ro", small_disk)
    with pytest.raises(FileError, match="Read-only file system"):
        await write(small_disk, 2)
    assert path.read_bytes() == before


@pytest.mark.root
async def test_what_a_failed_session_put_away_is_not_put_away_twice(small_disk):
    await write(small_disk, 1, at=1_790_000_000)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 56_000)
    # room for one more page: the copy fits, the new report does not
    for _ in range(2):
        with pytest.raises(FileError, match="No space left"):
            await write(small_disk, 2, body="y" * 990)
    filler.unlink()
    await write(small_disk, 3)
    assert archived(small_disk) == ["daydream_insights-20260921-141320.md"]
