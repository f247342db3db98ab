"""Quiet hours on the wall clock: across midnight, and on the days on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from daydreamd.settings.quiet_hours import QuietHours, parse_quiet_hours, quiet_at, quiet_until

ZONES = st.sampled_from(
    [
        "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
        "Africa/Casablanca",
    ]
).map(ZoneInfo)  # fmt: skip
# Both changes of the clock in Berlin, New York and on Lord Howe Island (by half an hour).
CHANGES = st.sampled_from(
    [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC),
     datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC),
     datetime(2026, 4, 4, 14, tzinfo=UTC), datetime(2026, 10, 3, 14, tzinfo=UTC)]
)  # fmt: skip
MOMENTS = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes, seconds=minutes % 60),
    CHANGES, st.integers(-2880, 2880),
)  # fmt: skip
HOURS = (
    st.tuples(st.integers(0, 1439), st.integers(0, 1440))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: QuietHours(*pair))
)


@given(HOURS)
def test_entries_round_trip(hours: QuietHours) -> None:
    assert parse_quiet_hours(str(hours)) == hours


@given(HOURS, MOMENTS, ZONES)
def test_quiet_is_what_the_wall_clock_says(
    hours: QuietHours, now: datetime, zone: ZoneInfo
) -> None:
    wall = now.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    day = [m % 1440 for m in range(hours.start, hours.end + 1440 * (hours.end <= hours.start))]
    assert (quiet_at([hours], now, zone=zone) is not None) == (minute in day)


@given(st.lists(HOURS, max_size=3), MOMENTS, ZONES)
def test_the_end_of_quiet_is_the_first_moment_that_is_not(
    entries: list[QuietHours], now: datetime, zone: ZoneInfo
) -> None:
    end = quiet_until(entries, now, zone=zone)
    if end is None:
        assert all(
            quiet_at(entries, now + timedelta(minutes=m), zone=zone) for m in range(0, 2880, 7)
        )
        return
    assert end >= now
    assert quiet_at(entries, end, zone=zone) is None
    if end > now:
        before = end - timedelta(seconds=1)
        assert quiet_at(entries, now, zone=zone)
        assert quiet_at(entries, max(before, now), zone=zone)


def test_a_night_across_midnight_and_a_change_of_the_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = [parse_quiet_hours("22:00-02:30")]
    late = datetime(2026, 3, 28, 23, tzinfo=berlin)  # that night 02:00 is followed by 03:00
    assert quiet_at(night, late, zone=berlin)
    end = quiet_until(night, late, zone=berlin)
    assert end == datetime(2026, 3, 29, 1, tzinfo=UTC)
    late = datetime(2026, 10, 24, 23, tzinfo=berlin)  # that night 02:00 to 03:00 comes twice
    assert quiet_until(night, late, zone=berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = datetime(2026, 10, 25, 2, 10, tzinfo=berlin, fold=1)
    assert quiet_at(night, again, zone=berlin), "the second time it is quiet once more"


def test_a_whole_day_is_always_quiet() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert quiet_until([parse_quiet_hours("00:00-24:00")], now, zone=ZoneInfo("UTC")) is None
