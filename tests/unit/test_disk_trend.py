"""A disk is said to fill only where it was seen to, for long enough, up to the last look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daydreamd.daemon.disk_trend import Free, fills_in

GIB = 1 << 30


def line(*gib: float, every: float = 300.0) -> list[Free]:
    return [Free(number * every, round(free * GIB)) for number, free in enumerate(gib)]


def test_steady_loss_is_carried_on():
    assert fills_in(line(10, 9, 8, 7, 6)) == pytest.approx(6 * 300, rel=0.01)


@pytest.mark.parametrize(
    "looks",
    [
        line(10, 9, 8),
        line(10, 9, 8, 7, every=60),
        line(10, 10, 10, 10, 10),
        line(10, 4, 4, 4, 4),
        line(10, 6, 2, 6, 7),
        line(5, 6, 7, 8, 9),
    ],
    ids=["few looks", "too short", "steady", "one download", "freed again", "emptying"],
)
def test_whatever_else_happens_is_no_filling(looks: list[Free]):
    assert fills_in(looks) is None


def test_what_was_hours_ago_does_not_count():
    old = [Free(number * 300.0, 90 * GIB) for number in range(5)]
    new = [Free(90_000 + one.at, one.bytes) for one in line(10, 9, 8, 7, 6)]
    assert fills_in([*old, *new]) == pytest.approx(6 * 300, rel=0.01)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 1 << 44)), min_size=1))
def test_it_is_never_negative(looks):
    found = fills_in([Free(*one) for one in sorted(looks)])
    assert found is None or found >= 0
