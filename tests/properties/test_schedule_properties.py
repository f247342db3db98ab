"""The schedule in a simulated year: suspends, clock jumps, restarts, reboots, all outcomes.

The world keeps true time. It ticks the schedule as the daemon does, and every start of a timed
session is held against the promise: never early, never twice, never a burst, never forgotten.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daydreamd.daemon.clock import Now
from daydreamd.daemon.schedule import (
    Decision,
    Mark,
    decide,
    full_wait,
    mark_begun,
    mark_ended,
    mark_now,
    reanchored,
    taken_up,
)
from daydreamd.records.daydream_session import Outcome
from daydreamd.settings.quiet_hours import QuietHours, quiet_at
from daydreamd.settings.schema import Schedule
from daydreamd.units import Duration

HOUR, DAY = 3600.0, 86_400.0
TEN_YEARS = 3652 * DAY
LOOK = 4 * HOUR


@dataclass
class World:
    """True time, and the clocks that the daemon can read."""

    schedule: Schedule
    quiet: tuple[QuietHours, ...]
    dice: random.Random
    true: float = 0.0
    wall_error: float = 1_800_000_000.0
    boot_at: float = -500.0
    boots: int = 0
    mark: Mark = field(init=False)
    starts: list[tuple[float, float]] = field(default_factory=list)  # true time, promised wait
    clock_was_set_while_off: bool = False

    def __post_init__(self) -> None:
        self.mark = mark_now(self.now(), chance=self.dice.random())
        self.promised_from, self.promised = 0.0, full_wait(self.mark, self.schedule)

    def now(self) -> Now:
        return Now(self.true + self.wall_error, self.true - self.boot_at, str(self.boots))

    def tick(self) -> Decision:
        """One look, as the daemon's loop takes it; runs a session where one is due."""
        self.mark = reanchored(self.mark, self.now())
        decision = decide(self.mark, self.now(), self.schedule, self.quiet, zone=UTC)
        if decision.wait_seconds == 0:
            self._run()
        return decision

    def _run(self) -> None:
        moment = datetime.fromtimestamp(self.now().wall, UTC)
        assert quiet_at(self.quiet, moment, zone=UTC) is None
        self.starts.append((self.true - self.promised_from, self.promised))
        before = self.mark
        self.mark = mark_begun(before, self.now(), chance=self.dice.random())
        if self.dice.random() < 0.1:  # killed in mid-session, restarted at once
            self.mark = taken_up(through_the_database(self.mark), self.now(), chance=0)
        else:
            self.true += self.dice.choice([0.5, 60, 400])
            outcome = self.dice.choice(list(Outcome))
            chance = self.dice.random()
            self.mark = mark_ended(before, self.now(), outcome, timed=True, chance=chance)
        self.promised_from = self.true
        self.promised = full_wait(self.mark, self.schedule)

    def live(self, seconds: float) -> None:
        """Looks for so long, never sleeping past what the schedule asked for."""
        end = self.true + seconds
        while self.true < end:
            wait = self.tick().wait_seconds
            self.true += LOOK if wait is None else min(max(wait, 0.001), LOOK)

    def sleep(self, seconds: float) -> None:
        self.true += seconds

    def jump(self, seconds: float) -> None:
        self.wall_error += seconds

    def restart(self, seconds: float) -> None:
        self.true += seconds
        self.mark = taken_up(through_the_database(self.mark), self.now(), chance=0)

    def reboot(self, seconds: float) -> None:
        self.true += seconds
        self.boot_at, self.boots = self.true - 10, self.boots + 1
        self.mark = taken_up(through_the_database(self.mark), self.now(), chance=0)


def through_the_database(mark: Mark) -> Mark:
    return msgspec.json.decode(msgspec.json.encode(mark), type=Mark)


def durations(low: float, high: float) -> st.SearchStrategy[Duration]:
    return st.floats(low, high).map(lambda seconds: Duration(round(seconds)))


SCHEDULES = st.builds(
    Schedule,
    interval=durations(HOUR, 3 * DAY),
    jitter=durations(0, HOUR),
    retry_when_busy=durations(1200, 6 * HOUR),
)
QUIET = st.sampled_from(
    [
        (),
        (QuietHours(540, 1080),),
        (QuietHours(1320, 360),),
        (QuietHours(0, 60), QuietHours(60, 90)),
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("live"), st.floats(0, 3 * DAY)),
        st.tuples(st.just("sleep"), st.floats(0, 30 * DAY)),
        st.tuples(st.just("restart"), st.floats(0, DAY)),
        st.tuples(st.just("reboot"), st.floats(0, 30 * DAY)),
    ),
    max_size=8,
)
JUMPS = st.floats(-TEN_YEARS, TEN_YEARS)


def run(world: World, steps: list[tuple[str, float]]) -> World:
    for step, seconds in steps:
        getattr(world, step)(seconds)
    return world


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, QUIET, STEPS, st.integers())
def test_never_early_whatever_happens(schedule, quiet, steps, seed) -> None:
    world = run(World(schedule, quiet, random.Random(seed)), [*steps, ("live", DAY)])
    for waited, promised in world.starts:
        assert waited >= promised - 0.01


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, STEPS, st.integers(), st.lists(JUMPS, min_size=1, max_size=4))
def test_never_early_and_never_a_burst_when_the_clock_jumps_while_it_runs(
    schedule, steps, seed, jumps
) -> None:
    world = World(schedule, (), random.Random(seed))
    for jump in jumps:
        run(world, [s for s in steps if s[0] != "reboot"])
        world.jump(jump)
        world.live(DAY)
    for waited, promised in world.starts:
        assert waited >= promised - 0.01


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, st.integers(), JUMPS, st.floats(0, 30 * DAY))
def test_one_session_at_most_follows_a_reboot_with_a_wrong_clock(schedule, seed, jump, off) -> None:
    world = World(schedule, (), random.Random(seed))
    world.live(DAY)
    world.jump(jump)
    world.reboot(off)
    before = len(world.starts)
    world.live(full_wait(world.mark, schedule) + LOOK)
    first_after, *rest = world.starts[before:] or [(0, 0)]
    assert first_after is not None
    for waited, promised in rest:
        assert waited >= promised - 0.01


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, STEPS, st.integers())
def test_what_is_due_runs_at_the_first_look(schedule, steps, seed) -> None:
    world = run(World(schedule, (), random.Random(seed)), steps)
    remaining = decide(world.mark, world.now(), schedule, ()).wait_seconds
    assert remaining is not None
    before = len(world.starts)
    world.sleep(remaining + 1e-3)
    world.tick()
    assert len(world.starts) == before + 1


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, st.floats(0, 1), st.integers(0, 4))
def test_the_wait_keeps_its_bounds(schedule, chance, failures) -> None:
    mark = Mark(wall=0, boot=0, boot_id="", chance=chance, failures=failures)
    wait = full_wait(mark, schedule)
    assert schedule.interval <= wait <= schedule.interval + schedule.jitter
    busy = msgspec.structs.replace(mark, cause="busy")
    assert full_wait(busy, schedule) <= schedule.interval
