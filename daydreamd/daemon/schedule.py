"""When the next timed session is due: pure, every moment is handed in.

What is remembered is not a due time but a `Mark`: what happened last, when by both clocks, and the
dice of the jitter. The due time follows from mark and settings, so that a reload needs no
replanning, a restart loses nothing, and one overdue session never becomes a burst: however long
nobody looked, the mark is still one mark.

While the machine runs only the boot clock counts (suspend included, cannot jump). Across a reboot
there is nothing but wall time; where that is absurd the wait begins anew, so a session may come
late after a clock that jumped, but never early and never twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

import msgspec

from daydreamd.daemon.clock import Now
from daydreamd.records.daemon_status import WaitReason
from daydreamd.records.daydream_session import Outcome, Phase
from daydreamd.settings.quiet_hours import QuietHours, quiet_until
from daydreamd.settings.schema import Schedule

_DAY: Final = 86_400.0
_YEAR: Final = 366 * _DAY
_CLOCK_SLIP: Final = 5.0
"""Seconds by which the wall clock may differ from the boot clock before it counts as set."""

_WENT_WELL: Final = (
    Outcome.COMPLETED,
    Outcome.UNCHANGED,
    Outcome.CLEANUP_ONLY,
    Outcome.TIMED_OUT,
)

_LEFT_SECONDS: Final = 120.0
"""The wait before a tidying is continued that did not get through all there was."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The moment from which the wait counts, and what kind of wait it is.

    `failures` is how many sessions in a row have failed, the first at `failing_since` (wall time),
    the last at `failed_at` (boot clock) and in the phase `failed_in`, "" where it had not come to
    any. `chance`, 0 to 1, is the share of `schedule.jitter` that
    this wait is given.
    """

    wall: float
    boot: float
    boot_id: str
    cause: Literal["began", "ended", "busy", "left"] = "ended"
    failures: int = 0
    chance: float = 0.0
    failed_at: float | None = None
    failing_since: float | None = None
    failed_in: str = ""


class Decision(msgspec.Struct, frozen=True):
    """How long to wait for a timed session: 0 is now, None is never by itself."""

    wait_seconds: float | None
    reason: WaitReason


def mark_now(now: Now, *, chance: float) -> Mark:
    """A mark from which a full interval counts, with no failures."""
    return Mark(wall=now.wall, boot=now.boot, boot_id=now.boot_id, chance=chance)


def mark_begun(mark: Mark, now: Now, *, chance: float) -> Mark:
    """The mark of a session that begins. It is saved first: a restart does not begin it again."""
    return msgspec.structs.replace(_again(mark, now, chance), cause="began")


def mark_ended(
    mark: Mark,
    now: Now,
    outcome: Outcome,
    *,
    timed: bool,
    chance: float,
    held_back: bool = False,
    failed_in: str = "",
) -> Mark:
    """A session has ended with `outcome`; `mark` is the one from before it began.

    One that was `held_back` did all but ask the model, and a full interval counts from it. Where it
    came through the phase that had failed, the cause is gone; if that was the asking, nobody knows.
    """
    if outcome is Outcome.FAILED:
        return msgspec.structs.replace(
            _again(mark, now, chance),
            failures=mark.failures + 1,
            failed_at=now.boot,
            failing_since=now.wall if mark.failing_since is None else mark.failing_since,
            failed_in=failed_in,
        )
    if held_back and mark.failed_in == Phase.AI_ANALYSIS and outcome in _WENT_WELL:
        return _again(mark, now, chance)
    if outcome in _WENT_WELL:
        return mark_now(now, chance=chance)
    if outcome is Outcome.INTERRUPTED or held_back:
        return _again(mark, now, chance)
    if not timed:
        return mark  # a wish that could not be granted changes nothing
    return msgspec.structs.replace(_again(mark, now, chance), cause="busy")


def _again(mark: Mark, now: Now, chance: float) -> Mark:
    """`mark` moved to this moment, its failures kept."""
    return msgspec.structs.replace(
        mark, wall=now.wall, boot=now.boot, boot_id=now.boot_id, cause="ended", chance=chance
    )


def reflection_wait(mark: Mark, now: Now, schedule: Schedule) -> float:
    """Seconds for which the model is not asked any more, after sessions that failed in a row.

    Twice as long after each, a day at most (or the interval, where that is longer): then it is
    tried again by itself. Only reflecting waits; sessions tidy up and look at every interval.
    """
    if mark.failures < 2 or mark.failed_at is None:
        return 0.0
    interval = float(schedule.interval)
    doubled = interval * 2.0 ** min(mark.failures - 1, 30)
    return max(0.0, min(doubled, max(interval, _DAY)) - (now.boot - mark.failed_at))


def mark_left(mark: Mark, now: Now) -> Mark:
    """The mark after a session whose tidying did not get through all there was."""
    return msgspec.structs.replace(_again(mark, now, mark.chance), cause="left")


def taken_up(stored: Mark | None, now: Now, *, chance: float) -> Mark:
    """The mark to go on with when the daemon starts; `stored` may be of an earlier boot."""
    if stored is None:
        return mark_now(now, chance=chance)
    if stored.boot_id == now.boot_id and stored.boot <= now.boot:
        return reanchored(stored, now)
    elapsed = now.wall - stored.wall
    if not 0 <= elapsed <= _YEAR:
        elapsed = 0.0  # the clock is, or was, wrong: nothing is known of the time between
    boot = now.boot - elapsed
    failed_at = None if stored.failed_at is None else boot - (stored.boot - stored.failed_at)
    return msgspec.structs.replace(
        stored, wall=now.wall - elapsed, boot=boot, boot_id=now.boot_id, failed_at=failed_at
    )


def reanchored(mark: Mark, now: Now) -> Mark:
    """`mark` with its wall time corrected where the wall clock has been set since."""
    wall = now.wall - (now.boot - mark.boot)
    if abs(wall - mark.wall) <= _CLOCK_SLIP:
        return mark
    return msgspec.structs.replace(mark, wall=wall)


def full_wait(mark: Mark, schedule: Schedule) -> float:
    """Seconds from the mark to the next session, quiet hours aside."""
    if mark.cause == "busy":
        return min(schedule.retry_when_busy, schedule.interval)
    if mark.cause == "left":
        return min(_LEFT_SECONDS, schedule.interval)
    return float(schedule.interval) + mark.chance * schedule.jitter


def decide(
    mark: Mark,
    now: Now,
    schedule: Schedule,
    quiet: Sequence[QuietHours],
    *,
    at_once: bool = False,
    zone: tzinfo | None = None,
) -> Decision:
    """Whether a timed session runs now, or how long to wait and why.

    With `at_once` (`schedule.on_start`) the interval counts as over, quiet hours as ever.
    """
    passed = now.boot - mark.boot
    wait = 0.0 if at_once else max(0.0, full_wait(mark, schedule) - passed)
    hush = _hush(now.wall + wait, quiet, zone)
    if hush is None:
        return Decision(None, "quiet hours")
    if hush > 0:
        return Decision(wait + hush, "quiet hours")
    if wait == 0:
        return Decision(0.0, "due")
    if mark.cause in ("busy", "left"):
        return Decision(wait, "busy" if mark.cause == "busy" else "left over")
    return Decision(wait, "interval")


def _hush(wall: float, quiet: Sequence[QuietHours], zone: tzinfo | None) -> float | None:
    """Seconds of quiet from `wall` on; `None` where it never ends."""
    if not quiet:
        return 0.0
    moment = datetime.fromtimestamp(wall, UTC)
    until = quiet_until(quiet, moment, zone=zone)
    return None if until is None else (until - moment).total_seconds()
