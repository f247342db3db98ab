"""Short memory begins a tidying at once, beside the schedule and never at its cost."""

from daydreamd.records.daydream_session import Outcome, Trigger
from daydreamd.settings.schema import Schedule
from daydreamd.units import Duration
from tests.unit.test_scheduler import HOUR, scenario, wish


def press(house):
    house.scheduler.press()


def test_it_begins_at_once_and_the_timed_one_comes_when_it_would_have(run_in_virtual_time):
    house = scenario(run_in_virtual_time, HOUR + 10, (100, press), takes=30)
    assert house.runs == [(100, Trigger.PRESSURE), (3600, Trigger.TIMER)]


def test_during_a_session_it_waits_for_its_end(run_in_virtual_time):
    house = scenario(run_in_virtual_time, HOUR + 100, (HOUR + 5, press))
    assert house.runs == [(3600, Trigger.TIMER), (3660, Trigger.PRESSURE)]


def test_a_persons_wish_is_not_lost_to_it(run_in_virtual_time):
    def both(house):
        press(house)
        wish(house)

    house = scenario(run_in_virtual_time, 1000, (100, both))
    assert house.runs == [(100, Trigger.SIGNAL)], "that one tidies up as well"


def test_one_that_fails_is_no_failed_session(run_in_virtual_time):
    def fail(house):
        house.outcome = Outcome.FAILED
        press(house)

    house = scenario(run_in_virtual_time, 1000, (100, fail), (300, fail), (500, fail))
    assert len(house.runs) == 3
    assert house.scheduler.mark.failures == 0
    assert house.notices == []


def test_the_session_at_the_start_is_still_held(run_in_virtual_time):
    on_start = Schedule(interval=Duration(HOUR), jitter=Duration(0), on_start=True)

    def before_it_begins(house):
        house.scheduler.press()

    house = scenario(run_in_virtual_time, 200, (0, before_it_begins), schedule=on_start)
    assert {trigger for _, trigger in house.runs} >= {Trigger.START}


def test_quiet_hours_put_it_off_and_it_is_said(run_in_virtual_time):
    whole_day = Schedule(quiet_hours=("00:00-12:00", "12:00-24:00"))
    house = scenario(run_in_virtual_time, 200, (100, press), schedule=whole_day)
    assert house.runs == []
    assert house.notices == ["tidying put off"]
