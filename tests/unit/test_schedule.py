"""When the next timed session is due, moment by moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from daydreamd.daemon.clock import MachineClock, Now
from daydreamd.daemon.schedule import (
    Mark,
    decide,
    mark_begun,
    mark_ended,
    mark_now,
    reanchored,
    reflection_wait,
    taken_up,
)
from daydreamd.records.daydream_session import Outcome
from daydreamd.settings.quiet_hours import parse_quiet_hours
from daydreamd.settings.schema import Schedule
from daydreamd.units import Duration

HOUR = 3600.0
YEAR = 365 * 24 * HOUR
SIX_HOURS = Schedule(interval=Duration(6 * HOUR), jitter=Duration(300))
START = Now(wall=1_800_000_000.0, boot=1000.0, boot_id="a")


def later(seconds: float, *, jump: float = 0.0, boot_id: str = "a") -> Now:
    return Now(START.wall + seconds + jump, START.boot + seconds, boot_id)


def wait_at(mark: Mark, now: Now) -> float | None:
    return decide(mark, now, SIX_HOURS, ()).wait_seconds


def test_a_session_is_due_after_the_interval_and_its_share_of_the_jitter() -> None:
    mark = mark_now(START, chance=0.5)
    assert wait_at(mark, START) == 6 * HOUR + 150
    assert wait_at(mark, later(6 * HOUR + 149)) == 1
    assert decide(mark, later(6 * HOUR + 150), SIX_HOURS, ()).reason == "due"


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR])
def test_a_wall_clock_that_jumps_changes_nothing(jump: float) -> None:
    mark = mark_now(START, chance=0)
    assert wait_at(mark, later(HOUR, jump=jump)) == 5 * HOUR


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR])
def test_a_wall_clock_that_jumped_while_the_daemon_was_down_changes_nothing(jump: float) -> None:
    now = later(HOUR, jump=jump)
    taken = taken_up(mark_now(START, chance=0), now, chance=0)
    assert wait_at(taken, now) == 5 * HOUR
    assert taken.wall == now.wall - HOUR


@pytest.mark.parametrize("jump", [10 * YEAR, -10 * YEAR])
def test_after_a_reboot_with_an_absurd_clock_the_wait_begins_anew(jump: float) -> None:
    now = Now(START.wall + HOUR + jump, 20.0, "b")
    assert wait_at(taken_up(mark_now(START, chance=0), now, chance=0), now) == 6 * HOUR


def test_after_a_reboot_the_wait_goes_on_by_wall_time() -> None:
    now = Now(START.wall + HOUR, 20.0, "b")
    assert wait_at(taken_up(mark_now(START, chance=0), now, chance=0), now) == 5 * HOUR


def test_a_session_missed_ten_times_is_due_once() -> None:
    now = Now(START.wall + 60 * HOUR, 20.0, "b")
    mark = taken_up(mark_now(START, chance=0), now, chance=0)
    assert wait_at(mark, now) == 0
    after = mark_ended(mark, now, Outcome.COMPLETED, timed=True, chance=0)
    assert wait_at(after, now) == 6 * HOUR


def test_a_machine_that_is_busy_is_looked_at_again_soon() -> None:
    mark = mark_ended(
        mark_now(START, chance=0), later(HOUR), Outcome.SKIPPED, timed=True, chance=0.9
    )
    assert decide(mark, later(HOUR), SIX_HOURS, ()).wait_seconds == SIX_HOURS.retry_when_busy


def test_a_wish_that_was_skipped_changes_nothing() -> None:
    mark = mark_now(START, chance=0.3)
    assert mark_ended(mark, later(HOUR), Outcome.SKIPPED, timed=False, chance=0.9) == mark


def test_a_session_that_took_the_daemon_along_is_not_begun_again_at_once() -> None:
    mark = mark_begun(mark_now(START, chance=0), later(6 * HOUR), chance=0)
    now = later(6 * HOUR + 5)
    assert wait_at(taken_up(mark, now, chance=0), now) == 6 * HOUR - 5


def test_failures_double_the_time_without_a_model_up_to_a_day() -> None:
    mark, now, waits = mark_now(START, chance=0), START, []
    for _ in range(6):
        mark = mark_ended(mark, now, Outcome.FAILED, timed=True, chance=0)
        assert wait_at(mark, now) == 6 * HOUR, "tidying goes on at every interval"
        waits.append(reflection_wait(mark, now, SIX_HOURS))
    assert waits == [0, 12 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR]
    assert reflection_wait(mark, later(25 * HOUR), SIX_HOURS) == 0, "it ends by itself"
    assert mark.failing_since == START.wall


def test_an_interval_above_a_day_is_not_shortened_by_failures() -> None:
    weekly = Schedule(interval=Duration(7 * 24 * HOUR), jitter=Duration(0))
    mark = msgspec.structs.replace(mark_now(START, chance=0), failures=3, failed_at=START.boot)
    assert decide(mark, START, weekly, ()).wait_seconds == weekly.interval
    assert reflection_wait(mark, START, weekly) == weekly.interval


def test_only_a_good_session_ends_the_waiting() -> None:
    failed = msgspec.structs.replace(
        mark_now(START, chance=0),
        failures=5,
        failed_at=START.boot,
        failing_since=START.wall,
        failed_in="ai_analysis",
    )
    held_back_ones = [(outcome, True) for outcome in (Outcome.SKIPPED, Outcome.CLEANUP_ONLY)]
    for outcome, held_back in ((Outcome.INTERRUPTED, False), *held_back_ones):
        after = mark_ended(failed, later(60), outcome, timed=True, chance=0, held_back=held_back)
        assert (after.failures, after.failed_at, after.cause) == (5, START.boot, "ended")
    assert mark_ended(failed, START, Outcome.COMPLETED, timed=False, chance=0).failures == 0


def test_the_time_without_a_model_is_kept_across_a_reboot() -> None:
    failed = mark_ended(mark_now(START, chance=0), START, Outcome.FAILED, timed=True, chance=0)
    failed = mark_ended(failed, START, Outcome.FAILED, timed=True, chance=0)
    rebooted = Now(START.wall + 2 * HOUR, 30.0, "another boot")
    mark = taken_up(failed, rebooted, chance=0)
    assert reflection_wait(mark, rebooted, SIX_HOURS) == 10 * HOUR


def in_quiet_hours(entry: str, clock: str) -> tuple[float | None, str]:
    """What is decided for an overdue session at this local time."""
    zone = timezone(timedelta(hours=2))
    wall = datetime.fromisoformat(clock).replace(tzinfo=zone).timestamp()
    now = Now(wall, START.boot + 7 * HOUR, "a")
    quiet = [parse_quiet_hours(entry)]
    decision = decide(mark_now(START, chance=0), now, SIX_HOURS, quiet, zone=zone)
    return decision.wait_seconds, decision.reason


def test_quiet_hours_hold_back_what_is_due_until_their_very_end() -> None:
    assert in_quiet_hours("22:00-06:00", "2026-01-10T23:00") == (7 * HOUR, "quiet hours")
    assert in_quiet_hours("22:00-06:00", "2026-01-10T05:59:59") == (1, "quiet hours")
    assert in_quiet_hours("22:00-06:00", "2026-01-10T06:00") == (0, "due")
    assert in_quiet_hours("00:00-24:00", "2026-01-10T06:00") == (None, "quiet hours")


def test_a_session_that_would_come_in_quiet_hours_is_announced_for_their_end() -> None:
    quiet = [parse_quiet_hours("00:00-12:00"), parse_quiet_hours("12:00-18:00")]
    midnight = Now(datetime.fromisoformat("2026-01-10T00:00+00:00").timestamp(), 0, "a")
    decision = decide(mark_now(midnight, chance=0), midnight, SIX_HOURS, quiet, zone=UTC)
    assert decision.wait_seconds == 18 * HOUR


def test_a_reloaded_interval_counts_from_the_same_moment() -> None:
    mark = mark_now(START, chance=0)
    hourly = Schedule(interval=Duration(HOUR), jitter=Duration(0))
    assert decide(mark, later(0.5 * HOUR), hourly, ()).wait_seconds == 0.5 * HOUR


def test_a_slipping_clock_is_not_written_down_again_and_again() -> None:
    mark = mark_now(START, chance=0)
    assert reanchored(mark, later(HOUR, jump=4)) is mark
    assert reanchored(mark, later(HOUR, jump=40)).wall == START.wall + 40


def test_the_machines_clocks_can_be_read() -> None:
    first, second = MachineClock().now(), MachineClock().now()
    assert first.boot_id == second.boot_id
    assert first.boot <= second.boot
