"""What is forgotten, and when: by a time that no clock set wrong can hurry.

The wall clock may be a year ahead, or in 1970. So time for forgetting is counted on from the last
look: by the boot clock where it is the same boot, else by wall time, where that is believable.
What was written under a wrong clock is told by its place in the sequence.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from daydreamd.history import queries, writing
from daydreamd.history.stored_text import as_text, from_text
from daydreamd.host.boots import read_boot_id
from daydreamd.host.databases import Connection

MOST_SKIPS: Final = 200
"""Skipped sessions that are kept: two days of looks every quarter of an hour."""

_KEY: Final = "reckoned_time"
_DAY: Final = 86_400.0
_DARK: Final = 90 * _DAY
"""A machine may be off that long; a longer leap is the clock's."""


class Reckoning(msgspec.Struct, frozen=True):
    """A look at the clocks, and the `time` (seconds since the epoch) that is believed."""

    wall: float
    boot: float
    boot_id: str
    time: float


def look() -> Reckoning:
    """The clocks now, taken at their word."""
    wall, boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    return Reckoning(wall, boot, read_boot_id(), wall)


def reckon(before: Reckoning, now: Reckoning) -> Reckoning:
    """What to believe at `now`, after `before`. It never runs back, and never leaps."""
    same = before.boot_id == now.boot_id and before.boot <= now.boot
    elapsed = now.boot - before.boot if same else now.wall - before.wall
    elapsed = _DAY if elapsed > _DARK else max(0.0, elapsed)
    # Time that was not believed is made up for by double pace, as long as the clock insists.
    believed = max(before.time, min(now.wall, before.time + 2 * elapsed))
    return msgspec.structs.replace(now, time=believed)


def forget(connection: Connection, keep_seconds: float, now: Reckoning) -> int:
    """Delete sessions and kills older than `keep_seconds`, and skips beyond the newest.

    Insights stay, so that nothing is said twice. Gives the number of sessions deleted.
    """
    today = reckon(_last_look(connection, now), now)
    writing.set_state(connection, _KEY, today)
    first = as_text(datetime.fromtimestamp(max(0.0, today.time - keep_seconds), UTC))
    last = as_text(datetime.fromtimestamp(today.time + _DAY, UTC))
    connection.execute(
        """
        DELETE FROM kills
         WHERE at < ?1 AND number < (SELECT coalesce(min(number), ?3) FROM kills
                                      WHERE at BETWEEN ?1 AND ?2)
        """,
        (first, last, 1 << 62),
    )
    # What began before the first session of the window is old, whatever its clock said.
    old = connection.execute(
        """
        DELETE FROM sessions
         WHERE outcome IS NOT NULL
           AND rowid < (SELECT min(rowid) FROM sessions WHERE start_time BETWEEN ? AND ?)
        """,
        (first, last),
    ).rowcount
    return old + _forget_skips(connection)


def _forget_skips(connection: Connection) -> int:
    """A busy machine is looked at four times an hour: a year of that says nothing new."""
    return connection.execute(
        """
        DELETE FROM sessions
         WHERE outcome = 'skipped' AND session_id NOT IN (SELECT session_id FROM kills
                                                           WHERE session_id IS NOT NULL)
           AND rowid < (SELECT rowid FROM sessions WHERE outcome = 'skipped'
                         ORDER BY rowid DESC LIMIT 1 OFFSET ?)
        """,
        (MOST_SKIPS - 1,),
    ).rowcount


def _last_look(connection: Connection, now: Reckoning) -> Reckoning:
    """The look before; without one, what the session before the newest says of the time."""
    if (kept := queries.state(connection, _KEY, Reckoning)) is not None:
        return kept
    rows = connection.execute(
        "SELECT start_time FROM sessions ORDER BY rowid DESC LIMIT 1 OFFSET 1"
    ).fetchall()
    if not rows:
        return now
    wall = from_text(rows[0]["start_time"]).timestamp()
    is_believable = timedelta(0) <= timedelta(seconds=now.wall - wall) <= timedelta(seconds=_DARK)
    return now if is_believable else Reckoning(wall, 0.0, "", wall)
