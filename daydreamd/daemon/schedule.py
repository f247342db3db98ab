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
from daydreamd.session import Outcome
from daydreamd.settings.model import Schedule
from daydreamd.settings.quiet_hours import QuietHours, quiet_until

MAX_FAILURES: Final = 5
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
"""After so long what did not fit into a tidying is taken up again."""

Reason = Literal["due", "interval", "busy", "left over", "failures", "quiet hours", "paused"]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The moment from which the wait counts, and what kind of wait it is.

    `failures` is how many sessions in a row have failed. `chance`, 0 to 1, is the share of
    `schedule.jitter` that this wait is given.
    """

    wall: float
    boot: float
    boot_id: str
    cause: Literal["began", "ended", "busy", "left"] = "ended"
    failures: int = 0
    chance: float = 0.0

    @property
    def paused(self) -> bool:
        """True after too many failures in a row: only a person's wish runs a session now."""
        return self.failures >= MAX_FAILURES


class Decision(msgspec.Struct, frozen=True):
    """Run now where `wait_seconds` is 0; not before somebody says so where it is `None`."""

    wait_seconds: float | None
    reason: Reason


def mark_now(now: Now, *, chance: float, failures: int = 0) -> Mark:
    """A full interval counts from this moment."""
    return Mark(wall=now.wall, boot=now.boot, boot_id=now.boot_id, chance=chance, failures=failures)


def mark_begun(mark: Mark, now: Now, *, chance: float) -> Mark:
    """A session begins. Written down first: one that takes the daemon along is not begun again."""
    begun = mark_now(now, chance=chance, failures=mark.failures)
    return msgspec.structs.replace(begun, cause="began")


def mark_ended(mark: Mark, now: Now, outcome: Outcome, *, timed: bool, chance: float) -> Mark:
    """A session has ended with `outcome`; `mark` is the one from before it began."""
    if outcome is Outcome.FAILED:
        return mark_now(now, chance=chance, failures=mark.failures + 1)
    if outcome in _WENT_WELL:
        return mark_now(now, chance=chance)
    if outcome is Outcome.INTERRUPTED:
        return mark_now(now, chance=chance, failures=mark.failures)
    if not timed:
        return mark  # a wish that could not be granted changes nothing
    busy = mark_now(now, chance=chance, failures=mark.failures)
    return msgspec.structs.replace(busy, cause="busy")


def mark_left(mark: Mark, now: Now) -> Mark:
    """A session has ended and left abandoned things that did not fit into its time."""
    soon = mark_now(now, chance=mark.chance, failures=mark.failures)
    return msgspec.structs.replace(soon, cause="left")


def taken_up(stored: Mark | None, now: Now, *, chance: float) -> Mark:
    """The mark to go on with at the start of the daemon."""
    if stored is None:
        return mark_now(now, chance=chance)
    if stored.boot_id == now.boot_id and stored.boot <= now.boot:
        return reanchored(stored, now)
    elapsed = now.wall - stored.wall
    if not 0 <= elapsed <= _YEAR:
        elapsed = 0.0  # the clock is, or was, wrong: nothing is known of the time between
    return msgspec.structs.replace(
        stored, wall=now.wall - elapsed, boot=now.boot - elapsed, boot_id=now.boot_id
    )


def reanchored(mark: Mark, now: Now) -> Mark:
    """The same moment in today's wall time, where the wall clock has been set since."""
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
    wait = float(schedule.interval)
    if mark.failures > 1:
        wait = min(wait * 2 ** (mark.failures - 1), max(wait, _DAY))
    return wait + mark.chance * schedule.jitter


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
    if mark.paused:
        return Decision(None, "paused")
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
    return Decision(wait, "failures" if mark.failures > 1 else "interval")


def _hush(wall: float, quiet: Sequence[QuietHours], zone: tzinfo | None) -> float | None:
    """Seconds of quiet from `wall` on; `None` where it never ends."""
    if not quiet:
        return 0.0
    moment = datetime.fromtimestamp(wall, UTC)
    until = quiet_until(quiet, moment, zone=zone)
    return None if until is None else (until - moment).total_seconds()
