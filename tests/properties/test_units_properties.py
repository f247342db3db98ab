"""Durations and sizes: what is written is read again, exactly."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daydreamd.units import Duration, Size


@given(st.integers(0, 100 * 365 * 86_400).map(Duration))
def test_whole_seconds_round_trip(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration


@given(st.integers(0, 10**9).map(lambda millis: Duration(millis / 1000)))
def test_milliseconds_round_trip(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == pytest.approx(duration, abs=1e-9)


@given(st.integers(0, 1 << 60).map(Size))
def test_sizes_round_trip(size: Size) -> None:
    assert Size.parse(str(size)) == size


@given(st.text(max_size=30))
def test_any_text_is_a_unit_or_says_why_not(text: str) -> None:
    for kind in (Duration, Size):
        with suppress(ValueError):
            value = kind.parse(text)
            assert value >= 0
            assert type(value).parse(str(value)) == pytest.approx(value)
