"""Reading a time out of somebody else's table, however it is written there.

SQLite has no type for times, so that programs keep text of several kinds, seconds or milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_ZONE_NAME: Final = re.compile(r"\s*(?:UTC|GMT)$", re.IGNORECASE)
_JULIAN: Final = (2_440_588.0, 2_500_000.0)  # as seconds these would all be in January 1970
_JULIAN_EPOCH: Final = 2_440_587.5
_LATEST: Final = 253_402_300_799.0  # the last second that has four digits of a year
_DATE_DIGITS: Final = 8


def read_time(value: object) -> float | None:
    """Seconds since 1970 behind a stored `value`; None where that cannot be told.

    Understood are ISO 8601 (`T` or a blank; UTC where no zone is given), and numbers, also as text:
    seconds, milliseconds, microseconds, nanoseconds, or the Julian days of SQLite.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(float(value))
    if not isinstance(value, str):
        return None
    text = _ZONE_NAME.sub("+00:00", value.strip())
    if _NUMBER.fullmatch(text) and len(text) != _DATE_DIGITS:
        return _from_number(float(text))
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _from_number(number: float) -> float | None:
    if _JULIAN[0] <= number <= _JULIAN[1]:
        return (number - _JULIAN_EPOCH) * 86_400
    # Ten digits are seconds until the year 2286; three more are the next finer unit.
    for factor in (1.0, 1e3, 1e6, 1e9):
        if abs(number) / factor < 1e11:
            at = number / factor
            return at if 0 <= at <= _LATEST else None
    return None
