"""The survival estimate finds the curve that made the observations, and learning heeds it."""

from __future__ import annotations

import math
import random

import pytest

from daydreamd.agents.idle_watch import Watch, Watched, ended_spells, spells_under_way
from daydreamd.agents.learning import learn
from daydreamd.agents.spells import Spell, worth_keeping
from daydreamd.agents.survival import Survival

HOUR = 3_600.0


def test_without_censoring_it_is_the_share_that_is_left():
    survival = Survival((float(n), True) for n in range(1, 11))
    assert [survival.lasts(n).value for n in (0, 1, 5, 9)] == pytest.approx([1, 0.9, 0.5, 0.1])
    assert survival.lasts(10).value == 0


def test_a_published_example_is_met():
    """Remission of leukaemia in weeks, 6-MP arm: Freireich 1963, in Collett's table 2.2."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    survival = Survival([*((t, True) for t in ended), *((t, False) for t in censored)])
    known = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for weeks, share in known.items():
        assert survival.lasts(weeks).value == pytest.approx(share, abs=0.001)
    at_23 = survival.lasts(23)
    assert (at_23.low, at_23.high) == pytest.approx((0.188, 0.680), abs=0.002)


def test_nobody_observed_means_that_nothing_is_known():
    share = Survival([]).lasts(5)
    assert (share.low, share.high) == (0, 1)


def test_all_that_were_broken_off_early_say_nothing_of_later():
    share = Survival([(1.0, False)] * 50).lasts(5)
    assert (share.low, share.high) == (0, 1)


def test_none_of_many_leaves_a_small_chance():
    share = Survival([(9.0, False)] * 214).lasts(5)
    assert 0.98 < share.low < 0.985


def simulated_history(dice: random.Random, count: int) -> list[Spell]:
    """Spells as the watch writes them: looks every 5 minutes, ends of every kind.

    Idle time is Weibull with shape 0.7 and a scale of 5 h; whatever else ends the watching comes by
    chance, after 14 h on average.
    """
    spells: list[Spell] = []
    for pid in range(count):
        back = dice.weibullvariate(5 * HOUR, 0.7)
        broken_off = dice.expovariate(1 / (14 * HOUR))
        last_look = min(back, broken_off) // 300 * 300
        now = last_look + 300
        moved = [idle(pid, now, since=now, active=now)] if back < broken_off else []
        spells += ended_spells(Watch("boot", [idle(pid, last_look)]), Watch("boot", moved))
    return spells


def idle(pid: int, now: float, *, since: float = 0.0, active: float | None = None) -> Watched:
    return Watched(
        pid=pid, start_ticks=pid, kind="claude", seen_at=now, quiet_since=since, active_at=active,
        first_parent=1, adopted=False, rss_bytes=0, cpu_ticks=0, io_bytes=0, members=(pid,),
        alone=True,
    )  # fmt: skip


def test_the_table_of_simulated_histories_recovers_the_known_curve_within_its_interval():
    dice, hits, asked = random.Random(20261124), 0, 0
    for _ in range(40):
        spells = simulated_history(dice, 150)
        survival = Survival((spell.seconds, spell.came_back) for spell in spells)
        for hours in (1, 2, 4, 6, 9, 14):
            # whatever ends between two looks is written down as of the first
            true = math.exp(-(((hours * HOUR + 300) / (5 * HOUR)) ** 0.7))
            share = survival.lasts(hours * HOUR)
            hits += share.low <= true <= share.high
            asked += 1
    assert hits / asked >= 0.93


@pytest.mark.parametrize(
    ("after", "end"),
    [
        (Watch("boot", [idle(1, 7_500.0, since=7_500.0, active=7_500.0)]), "came back"),
        (Watch("boot", [idle(1, 9_000.0, since=9_000.0, active=9_000.0)]), "not seen"),
        (Watch("boot", [idle(1, 7_500.0, since=7_500.0)]), "not seen"),
        (Watch("boot", []), "gone"),
        (Watch("another", []), "reboot"),
        (Watch("another", [idle(1, 7_500.0)]), "reboot"),
    ],
)
def test_only_what_was_seen_to_work_again_came_back(after: Watch, end: str):
    before = Watch("boot", [idle(1, 7_200.0)])
    assert list(ended_spells(before, after)) == [Spell("claude", True, 7_200.0, end)]


def test_what_we_ended_is_told_from_what_ended_by_itself():
    before = Watch("boot", [idle(1, 7_200.0), idle(2, 7_200.0)])
    ends = [spell.end for spell in ended_spells(before, Watch("boot", []), {(1, 1)})]
    assert ends == ["ended", "gone"]


def test_one_that_goes_on_being_idle_ends_no_spell():
    assert list(ended_spells(Watch("b", [idle(1, 0.0)]), Watch("b", [idle(1, 300.0)]))) == []
    assert spells_under_way(Watch("b", [idle(1, 300.0)])) == [
        Spell("claude", True, 300.0, "still idle")
    ]


def test_pauses_for_thought_are_not_kept():
    assert worth_keeping([Spell("claude", True, 599.0, "came back")]) == []


def test_none_came_back_of_many():
    learned = learn([Spell("claude", True, 9 * HOUR, "gone")] * 214, "claude", alone=True,
                    asked=6 * HOUR)  # fmt: skip
    assert learned.used_seconds == 6 * HOUR
    assert "of 214 that were idle for 6 h, none came back" in str(learned)


def test_few_are_not_learned_from_and_it_is_said():
    spells = [Spell("claude", True, 9 * HOUR, "came back")] * 3
    learned = learn(spells, "claude", alone=True, asked=6 * HOUR)
    assert learned.used_seconds == 6 * HOUR
    assert "too few to learn from" in str(learned)


def test_where_many_came_back_later_more_is_asked():
    spells = [Spell("claude", True, 8 * HOUR, "came back")] * 10
    spells += [Spell("claude", True, 30 * HOUR, "gone")] * 30
    learned = learn(spells, "claude", alone=True, asked=6 * HOUR)
    assert learned.used_seconds == 8 * HOUR
    assert learned.came_back == 10
    assert learned.low is not None
    assert learned.low < 0.25 < (learned.high or 0)


def test_what_people_come_back_to_says_nothing_of_what_nobody_owns():
    spells = [Spell("claude", False, 12 * HOUR, "came back")] * 50
    spells += [Spell("claude", True, 9 * HOUR, "gone")] * 50
    assert learn(spells, "claude", alone=True, asked=6 * HOUR).used_seconds == 6 * HOUR


def test_what_we_ended_for_being_idle_is_no_proof_that_nobody_comes_back():
    spells = [Spell("claude", True, 6 * HOUR, "ended")] * 500
    assert not learn(spells, "claude", alone=True, asked=6 * HOUR).is_enough
