"""Durations and sizes as people write and say them.

`Duration` and `Size` are numbers (seconds, bytes) that settings files write as text: `str()` gives
the text back, exactly. `say_duration` and `say_size` are for people and round.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_BYTES: Final = {
    "TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10,
    "TB": 10**12, "GB": 10**9, "MB": 10**6, "KB": 10**3, "kB": 10**3, "B": 1,
}  # fmt: skip
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[wdhms])")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(TiB|GiB|MiB|KiB|TB|GB|MB|KB|kB|B)?")
_WORDS: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip
_LONGEST: Final = 100 * 365 * 86_400
_LARGEST: Final = 1 << 60


class Duration(float):
    """Seconds, written `"6h"`, `"1h30m"`, `"90s"`, `"250ms"`. Never negative, at most 100 years."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a duration; ValueError says what is wrong and what to write instead."""
        parts = _DURATION.findall(text)
        if not parts or "".join(n + u for n, u in parts) != text:
            raise ValueError('not a duration; write "6h", "90m" or "1d"')
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        if seconds > _LONGEST:
            raise ValueError("longer than 100 years")
        return cls(seconds)

    def __str__(self) -> str:
        if not self.is_integer():
            millis = round(self * 1000)
            return f"{millis}ms" if abs(self * 1000 - millis) < 1e-6 else f"{float(self)!r}s"
        left, text = int(self), ""
        for unit in ("d", "h", "m", "s"):
            count, left = divmod(left, int(_SECONDS[unit]))
            text += f"{count}{unit}" if count else ""
        return text or "0s"


class Size(int):
    """Bytes, written `"500MiB"`, `"50MB"`, `"2GiB"`. Never negative, at most 1 EiB."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read a size; ValueError says what is wrong and what to write instead."""
        match = _SIZE.fullmatch(text)
        if match is None or match.group(2) is None:
            raise ValueError('not a size; write "500MiB", "2GiB" or "50MB"')
        number, unit = match.group(1), _BYTES[match.group(2)]
        count = round(float(number) * unit) if "." in number else int(number) * unit
        if count > _LARGEST:
            raise ValueError("larger than 1 EiB")
        return cls(count)

    def __str__(self) -> str:
        for unit, count in _BYTES.items():
            if self >= count and self % count == 0:
                return f"{self // count}{unit}"
        return "0B"


def say_duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `41 s`, `1 min 52 s`, `3 h 55 min`, `3 d 4 h`."""
    if seconds < 0:
        return "-" + say_duration(-seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for (large, per_large), (small, per_small) in (
        (("d", 86_400), ("h", 3_600)),
        (("h", 3_600), ("min", 60)),
        (("min", 60), ("s", 1)),
    ):
        if whole >= per_large:
            rest = whole % per_large // per_small
            return f"{whole // per_large} {large}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def say_size(count: float) -> str:
    """Bytes as people say them: `640 MiB`, `1.1 GiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            exact = unit == "GiB" or (unit != "B" and size < 10)
            return f"{size:.1f} {unit}" if exact else f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def say_count(number: int, one: str, many: str = "") -> str:
    """So many things: `1 file`, `1,200 files`; `many` where the plural is no mere `s`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def say_number(number: int) -> str:
    """A number as people write it in a sentence: `no`, `three`, `ten`, `11`."""
    return _WORDS[number] if number < len(_WORDS) else str(number)


def say_path(path: Path) -> str:
    """A path as people write it: `~` for their home."""
    home = os.environ.get("HOME", "")
    at_home = home.startswith("/") and path.is_relative_to(home)
    return f"~/{path.relative_to(home)}" if at_home else str(path)
