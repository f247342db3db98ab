"""Whatever was seen: learning never shortens a time, and never ends what was spared without it."""

from __future__ import annotations

import math
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from daydreamd.agents.learning import learn
from daydreamd.agents.spells import End, Spell
from daydreamd.agents.survival import Survival
from daydreamd.cleanup.decision import choose, shrink
from daydreamd.cleanup.learned_times import lengthen
from tests.properties.test_decision_properties import PRESSURES, RULES, households

SECONDS = st.floats(min_value=0, max_value=1e7, allow_nan=False)
SPELLS = st.lists(
    st.builds(
        Spell,
        kind=st.sampled_from(["claude", "claude", "mcp"]),
        alone=st.booleans(),
        seconds=SECONDS | st.sampled_from([3600.0, 7200.0]),
        end=st.sampled_from(get_args(End)),
    ),
    max_size=80,
)


@given(SPELLS, SECONDS, st.booleans())
def test_learning_never_shortens(spells, asked, alone):
    learned = learn(spells, "claude", alone=alone, asked=asked)
    assert learned.used_seconds >= asked
    assert math.isfinite(learned.used_seconds)
    assert learned.used_seconds <= max(asked, *(spell.seconds for spell in spells), 0.0)
    assert learned.came_back <= learned.seen
    assert str(learned)


@given(RULES, SPELLS, PRESSURES)
def test_a_rule_never_asks_for_less_than_its_setting_with_or_without_pressure(
    rule, spells, pressure
):
    (longer,) = lengthen({"claude": rule}, spells)[0].values()
    for one, other in ((longer, rule), (shrink(longer, pressure), shrink(rule, pressure))):
        assert one.idle_for >= other.idle_for
        assert (one.attended_idle_for or 0) >= (other.attended_idle_for or 0)
        assert (one.max_age, one.ends, one.max_count) == (
            other.max_age, other.ends, other.max_count,
        )  # fmt: skip


@given(households(), RULES, SPELLS, PRESSURES)
def test_whoever_was_spared_is_spared_with_learning_too(household, rule, spells, pressure):
    rules = {"claude": rule}
    before = choose(household, rules, pressure)
    after = choose(household, lengthen(rules, spells)[0], pressure)
    ended = [{pid for pid, one in said.items() if one.word == "kill"} for said in (before, after)]
    if rule.max_count is None:  # with a count, whoever is spared may leave a place to another
        assert ended[1] <= ended[0]
    assert len(ended[1]) <= len(ended[0])


@given(st.lists(st.tuples(SECONDS, st.booleans()), max_size=60), SECONDS, SECONDS)
def test_the_estimate_is_a_share_inside_its_interval(observations, given_seconds, seconds):
    share = Survival(observations).lasts(max(seconds, given_seconds), given=given_seconds)
    assert 0 <= share.low <= share.high <= 1
    assert share.low - 1e-9 <= share.value <= share.high + 1e-9
