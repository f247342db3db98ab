"""Whatever the facts: what must never be ended is not, and more doubt never means more kills."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from daydreamd.cleanup.decision import Pressure, ProcessFacts, Rule, Verdict, choose, decide, shrink
from daydreamd.cleanup.owners import Kind, Owner

SECONDS = st.floats(min_value=0, max_value=1e7, allow_nan=False)
OWNERS = st.builds(
    Owner,
    st.sampled_from(list(get_args(Kind))),
    st.just("somebody"),
)
RULES = st.builds(
    Rule,
    name=st.just("claude"),
    ends=st.booleans(),
    max_age=SECONDS,
    idle_for=SECONDS,
    attended_idle_for=st.none() | SECONDS,
    max_count=st.none() | st.integers(0, 5),
)
PRESSURES = st.builds(
    Pressure, st.none() | st.floats(0, 100), st.none() | st.floats(0, 1, allow_nan=False)
)
TEXTS = st.lists(st.just("something"), max_size=2).map(tuple)


@st.composite
def households(draw: st.DrawFn) -> list[ProcessFacts]:
    """Processes of one kind, some of them in the trees of others."""
    count = draw(st.integers(1, 8))
    return [
        ProcessFacts(
            pid=pid,
            start_ticks=pid,
            rule="claude",
            command="claude",
            age_seconds=draw(SECONDS),
            owner=draw(OWNERS),
            never=draw(st.sampled_from(["", "", "stopped"])),
            dead_session=draw(st.sampled_from(["", "", "20261120-010203-dead"])),
            unknown=draw(TEXTS),
            working=draw(TEXTS),
            idle_seconds=draw(st.none() | SECONDS),
            family=frozenset({pid, *draw(st.sets(st.integers(pid, count)))}),
        )
        for pid in range(1, count + 1)
    ]


def verdicts_on(
    household: list[ProcessFacts], rule: Rule, pressure: Pressure
) -> dict[int, Verdict]:
    return choose(household, {"claude": rule}, pressure)


@given(households(), RULES, PRESSURES)
def test_every_process_has_a_verdict_with_a_reason(household, rule, pressure):
    verdicts = verdicts_on(household, rule, pressure)
    assert verdicts.keys() == {facts.pid for facts in household}
    assert all(verdict.reasons and all(verdict.reasons) for verdict in verdicts.values())


@given(households(), RULES, PRESSURES)
def test_what_must_never_be_ended_is_not_even_as_part_of_a_tree(household, rule, pressure):
    verdicts = verdicts_on(household, rule, pressure)
    ending = [facts for facts in household if verdicts[facts.pid].word == "kill"]
    gone = {pid for facts in ending for pid in facts.family}
    for facts in household:
        if facts.never or (facts.owner.kind == "client" and not facts.dead_session):
            assert facts.pid not in gone
        if (facts.unknown or facts.working) and not facts.dead_session:
            assert facts.pid not in gone


@given(households(), RULES, PRESSURES)
def test_a_rule_that_only_reports_ends_nothing(household, rule, pressure):
    verdicts = verdicts_on(household, replace(rule, ends=False), pressure)
    assert all(verdict.word != "kill" for verdict in verdicts.values())


@given(households(), RULES)
def test_nothing_is_ended_before_its_time_except_to_keep_the_count(household, rule):
    verdicts = verdicts_on(household, replace(rule, max_count=None), Pressure())
    alone = {facts.pid for facts in household if facts.family == {facts.pid}}
    for facts in household:
        killed = verdicts[facts.pid].word == "kill" and not facts.dead_session
        inside = any(facts.pid in other.family for other in household if other is not facts)
        if killed and facts.pid in alone and not inside:
            assert facts.age_seconds >= rule.max_age
            assert facts.idle_seconds is not None
            assert facts.idle_seconds >= rule.idle_for or facts.owner.kind != "nobody"


@given(households(), RULES, PRESSURES)
def test_an_unknown_idle_time_never_kills(household, rule, pressure):
    strangers = [
        replace(facts, idle_seconds=None, dead_session="", family=frozenset({facts.pid}))
        for facts in household
    ]
    verdicts = verdicts_on(strangers, rule, pressure)
    assert all(verdict.word != "kill" for verdict in verdicts.values())


@given(households(), RULES)
def test_a_process_with_an_owner_is_only_ended_where_the_rule_asks_for_it(household, rule):
    rule = replace(rule, attended_idle_for=None)
    for facts in household:
        if facts.owner.kind != "nobody" and not facts.dead_session:
            assert decide(facts, rule).word == "spare"


@given(households(), RULES)
def test_the_count_is_kept_by_ending_no_more_than_it_takes(household, rule):
    rule = replace(rule, max_age=1e9, attended_idle_for=None, max_count=3, ends=True)
    living = [replace(facts, dead_session="", family=frozenset({facts.pid})) for facts in household]
    verdicts = verdicts_on(living, rule, Pressure())
    killed = [facts for facts in living if verdicts[facts.pid].word == "kill"]
    assert len(killed) <= max(0, len(living) - 3)
    idle = {facts.pid: facts.idle_seconds or 0 for facts in living}
    could = [facts for facts in living if decide(facts, replace(rule, max_age=0)).word == "kill"]
    for facts in could:
        if facts not in killed:
            assert all(idle[facts.pid] <= idle[gone.pid] for gone in killed)


@given(RULES, PRESSURES)
def test_pressure_only_ever_shortens_and_never_below_the_floor(rule, pressure):
    shrunk = shrink(rule, pressure)
    assert min(rule.max_age, 3600) <= shrunk.max_age <= rule.max_age
    assert min(rule.idle_for, 1800) <= shrunk.idle_for <= rule.idle_for
    assert shrunk.attended_idle_for == rule.attended_idle_for


@given(households(), RULES)
def test_a_kill_that_only_pressure_allows_says_so(household, rule):
    rule = replace(rule, max_count=None)
    lone = [replace(facts, family=frozenset({facts.pid})) for facts in household]
    calm, tight = (verdicts_on(lone, rule, Pressure(some)) for some in (0.0, 90.0))
    for pid, verdict in tight.items():
        if verdict.word == "kill" and calm[pid].word != "kill":
            assert any("memory is short" in reason for reason in verdict.reasons)
        if calm[pid].word == "kill":
            assert verdict.word == "kill"


@given(households(), RULES, PRESSURES)
def test_its_own_word_is_outweighed_by_a_day_of_quiet_and_nothing_less(household, rule, pressure):
    rule = replace(rule, max_count=None)
    plain = verdicts_on(household, rule, pressure)
    said = [replace(facts, witness="Claude says it is busy") for facts in household]
    for facts in household:
        quiet = facts.idle_seconds is not None and facts.idle_seconds >= 86_400
        with_word = decide(replace(facts, witness="Claude says it is busy"), rule)
        if not (quiet and facts.owner.kind == "nobody") and not facts.dead_session:
            assert with_word.word == "spare"
        elif not facts.dead_session:
            assert with_word == decide(facts, rule)
    kept = {pid for pid, verdict in plain.items() if verdict.word != "kill"}
    assert kept <= {p for p, v in verdicts_on(said, rule, pressure).items() if v.word != "kill"}
