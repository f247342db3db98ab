"""When memory runs short the kernel says so, and the daemon tidies up: once, not in a storm."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from daydreamd.daemon.pressure_watch import PressureWatch, next_backoff
from daydreamd.errors import HostError
from daydreamd.host.system.pressure import pressure_trigger, why_not_watched
from daydreamd.settings.cleanup import CleanupPressure
from daydreamd.units import Duration
from tests.integration.daemons import DaemonRun, running
from tests.integration.pressed import PressedGroup, pressed_group


@pytest.fixture
def group() -> Iterator[PressedGroup]:
    with pressed_group() as group:
        yield group


def settings(group: PressedGroup, *more: str) -> str:
    return "\n".join(
        [
            "cleanup.dry_run = true",
            f'cleanup.pressure.file = "{group.pressure}"',
            'cleanup.pressure.stall = "50ms"',
            *more,
        ]
    )


async def test_the_kernel_wakes_who_waits(group: PressedGroup):
    told = anyio.Event()
    with pressure_trigger(group.pressure, 0.05, told.set) as trigger:
        assert not trigger.has_fired()
        with group.at_work(), anyio.fail_after(60):
            await told.wait()
        assert trigger.has_fired()


async def test_a_group_that_is_gone_is_an_error_and_no_pressure(group: PressedGroup):
    told = anyio.Event()
    with pressure_trigger(group.pressure, 0.05, told.set) as trigger:
        group.close()
        with anyio.fail_after(60):
            await told.wait()
        with pytest.raises(HostError, match="gone"):
            trigger.has_fired()


@pytest.mark.parametrize("made", ["nothing", "a file", "a link"])
def test_what_is_no_pressure_file_is_refused_in_one_line(tmp_path: Path, made: str):
    file = tmp_path / "memory.pressure"
    if made == "a link":
        file.symlink_to("/proc/pressure/memory")
    elif made == "a file":
        file.write_text("some avg10=0.00\n")
    said = why_not_watched(file)
    assert said.startswith(f"cannot watch {file}: ")
    assert "\n" not in said
    assert made != "a file" or file.read_text() == "some avg10=0.00\n"


def test_pressure_begins_a_session_that_only_tidies(tmp_path: Path, group: PressedGroup):
    with running(tmp_path, settings=settings(group)) as daemon:
        with group.at_work():
            daemon.until(daemon.starts, "begun")
        ((_, _, trigger),) = daemon.starts()
        assert trigger == "pressure"
        assert daemon.said("memory is short")


def test_it_does_not_storm(tmp_path: Path, group: PressedGroup):
    with running(tmp_path, settings=settings(group)) as daemon:
        with group.at_work():
            daemon.until(daemon.starts, "begun")
            group.wait(3)
        assert len(daemon.starts()) == 1
        assert len(daemon.said("memory is short")) == 1


def test_the_next_timed_session_stays_when_it_was(tmp_path: Path, group: PressedGroup):
    with running(tmp_path, settings=settings(group)) as daemon:
        before = daemon.ask("status")["status"]
        with group.at_work():
            daemon.until(daemon.starts, "begun")
        daemon.outcomes(1)
        daemon.until(lambda: daemon.ask("status")["status"]["state"] == "waiting", "waiting")
        after = daemon.ask("status")["status"]
        assert after["next"]["in_seconds"] <= before["next"]["in_seconds"]
        assert after["next"]["reason"] == "interval"
        assert after["last"] is None


@pytest.mark.parametrize(
    "more", ['schedule.quiet_hours = ["00:00-12:00", "12:00-24:00"]', "cleanup.enabled = false"]
)
def test_what_puts_off_all_tidying_puts_off_this(tmp_path: Path, group: PressedGroup, more: str):
    with running(tmp_path, settings=settings(group, more)) as daemon:
        with group.at_work():
            daemon.until(lambda: daemon.said("memory is short"), "told")
        assert daemon.ask("status")["status"]["state"] == "waiting"
        assert daemon.starts() == []


def test_switched_off_it_watches_nothing(tmp_path: Path, group: PressedGroup):
    off = settings(group, "cleanup.pressure.enabled = false")
    with running(tmp_path, settings=off) as daemon:
        with group.at_work():
            group.wait(2)
        assert daemon.said("memory is short") == []


def test_where_it_cannot_be_watched_that_is_said_once_and_all_goes_on(tmp_path: Path):
    nowhere = f'cleanup.pressure.file = "{tmp_path}/memory.pressure"'
    with running(tmp_path, settings=nowhere) as daemon:
        (said,) = daemon.until(lambda: daemon.said("memory pressure not watched"), "told")
        assert "No such file" in said["reason"]
        daemon.ask("trigger")
        assert daemon.outcomes(1) == ["completed"]
        assert daemon.ask("status")["status"]["health"]["late"] == []
        assert len(daemon.said("memory pressure not watched")) == 1


@contextmanager
def real_daemon(directory: Path, text: str) -> Iterator[DaemonRun]:
    daemon = DaemonRun(directory)
    (directory / "config/daydreamd").mkdir(parents=True)
    (directory / "config/daydreamd/daydreamd.toml").write_text(text)
    words = [sys.executable, "-P", "-m", "daydreamd", "--user", "run"]
    with (directory / "log").open("ab") as log:
        daemon.process = subprocess.Popen(words, env=daemon.environment(), stderr=log)
    try:
        daemon.until(lambda: daemon.said("daemon ready"), "ready")
        yield daemon
    finally:
        daemon.stop()


def test_a_real_session_under_pressure_tidies_and_does_nothing_else(
    tmp_path: Path, group: PressedGroup
):
    with real_daemon(tmp_path, settings(group)) as daemon:
        with group.at_work():
            assert daemon.outcomes(1) == ["skipped"]
        connection = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
        (record,) = connection.execute("SELECT record FROM sessions").fetchone()
        connection.close()
    session = json.loads(record)
    assert session["trigger"] == "pressure"
    assert set(session["phase_seconds"]) == {"pre_cleanup", "post_cleanup"}
    assert session["reasons"] == ["memory is short: only tidied up"]


def test_the_pause_doubles_while_pressure_stays_and_begins_anew_when_it_went():
    assert next_backoff(0, 300, quiet_seconds=0) == 300
    assert next_backoff(300, 300, quiet_seconds=2) == 600
    assert next_backoff(600, 300, quiet_seconds=601) == 300
    assert next_backoff(3000, 300, quiet_seconds=0) == 3600
    assert next_backoff(3600, 7200, quiet_seconds=0) == 7200


async def test_new_settings_are_taken_up_at_once(group: PressedGroup):
    pressed, chosen = anyio.Event(), [CleanupPressure(enabled=False)]
    watch = PressureWatch(lambda: chosen[-1], pressed.set, lambda *_, **__: None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch.serve, lambda _: None)
        await anyio.lowlevel.checkpoint()
        chosen.append(CleanupPressure(file=str(group.pressure), stall=Duration(0.05)))
        watch.wake()
        with group.at_work(), anyio.fail_after(60):
            await pressed.wait()
        tasks.cancel_scope.cancel()
