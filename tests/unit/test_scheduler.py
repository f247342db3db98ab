"""The loop in which sessions begin, on a clock that jumps: days pass at once."""

import anyio
import pytest

from daydreamd.daemon.clock import Now
from daydreamd.daemon.scheduler import Scheduler
from daydreamd.errors import DaemonError, HistoryError
from daydreamd.records.daydream_session import Outcome, Trigger
from daydreamd.records.session_end import SessionEnd
from daydreamd.settings.schema import Schedule
from daydreamd.units import Duration

HOUR = 3600.0
HOURLY = Schedule(interval=Duration(HOUR), jitter=Duration(0), retry_when_busy=Duration(600))


class House:
    """A scheduler with everything around it, and what it did."""

    def __init__(self, schedule=HOURLY, *, stored=None, outcome=Outcome.COMPLETED, takes=60.0):
        self.schedule, self.kept, self.outcome, self.takes = schedule, stored, outcome, takes
        self.disk_is_full = False
        self.failed_in = "ai_analysis"
        self.left = []
        self.runs, self.asked, self.notices, self.at_once = [], [], [], 0
        self.scheduler = Scheduler(
            history=self,
            settings=lambda: self.schedule,
            run_session=self.run_session,
            on_change=lambda: None,
            notice=lambda _level, what, /, **_facts: self.notices.append(what),
            clock=self.now,
            dice=lambda: 0.0,
        )

    @staticmethod
    def now():
        return Now(1.8e9 + anyio.current_time(), anyio.current_time(), "a")

    async def get_state(self, _key, _kind):
        return self.kept

    async def set_state(self, _key, mark):
        if self.disk_is_full:
            raise HistoryError("cannot write: disk full")
        self.kept = mark

    async def run_session(self, trigger, _beat, held_back):
        self.at_once += 1
        assert self.at_once == 1
        self.runs.append((round(anyio.current_time()), trigger))
        if not held_back:
            self.asked.append(self.runs[-1])
        await anyio.sleep(self.takes)
        self.at_once -= 1
        left = self.left.pop(0) if self.left else 0
        outcome = Outcome.CLEANUP_ONLY if held_back else self.outcome
        failed_in = self.failed_in if outcome is Outcome.FAILED else ""
        return SessionEnd("id", trigger, outcome, self.takes, left=left, failed_in=failed_in)

    async def live(self, seconds, *visits):
        """So long, with `visits`: pairs of a moment and what happens then."""
        await self.scheduler.take_up()
        async with anyio.create_task_group() as group:
            group.start_soon(self.scheduler.serve, lambda _: None)
            for moment, visit in visits:
                await anyio.sleep(moment - anyio.current_time())
                if (done := visit()) is not None:
                    await done
            await anyio.sleep(seconds - anyio.current_time())
            group.cancel_scope.cancel()

    @property
    def times(self):
        return [moment for moment, _ in self.runs]


def scenario(run_in_virtual_time, seconds, *visits, **how):
    async def play():
        house = House(**how)
        await house.live(seconds, *((at, lambda do=do: do(house)) for at, do in visits))
        return house

    return run_in_virtual_time(play)


def wish(house):
    house.scheduler.request(Trigger.SIGNAL)


def test_sessions_come_an_interval_after_the_end_of_the_last(run_in_virtual_time):
    house = scenario(run_in_virtual_time, 3 * HOUR + 200)
    assert house.times == [3600, 7260, 10920]


def test_a_busy_machine_is_looked_at_again_soon(run_in_virtual_time):
    house = scenario(run_in_virtual_time, HOUR + 1400, outcome=Outcome.SKIPPED, takes=1)
    assert house.times == [3600, 4201, 4802]


def test_what_could_not_be_tidied_in_time_is_taken_up_again_within_minutes(run_in_virtual_time):
    def leave(house):
        house.left = [336, 17]

    house = scenario(run_in_virtual_time, 3 * HOUR, (1, leave), takes=30)
    assert house.times == [3600, 3750, 3900, 7530]


def test_failed_sessions_leave_the_model_alone_and_go_on_tidying(run_in_virtual_time):
    house = scenario(run_in_virtual_time, 60 * HOUR, outcome=Outcome.FAILED, takes=0)
    assert house.times == [hour * HOUR for hour in range(1, 60)], "at every interval"
    asked = [round(moment / HOUR) for moment, _ in house.asked]
    assert asked == [1, 2, 4, 8, 16, 32, 56], "twice as late each time, a day at most"
    assert set(house.notices) == {"reflection held back"}
    assert len(house.notices) == len(asked) - 1


def test_the_model_is_asked_as_usual_after_one_good_session(run_in_virtual_time):
    def mend(house):
        house.outcome = Outcome.COMPLETED
        wish(house)

    house = scenario(
        run_in_virtual_time, 54 * HOUR, (50 * HOUR, mend), outcome=Outcome.FAILED, takes=0
    )
    assert [round(moment / HOUR) for moment, _ in house.asked[-4:]] == [50, 51, 52, 53]
    assert house.notices[-1] == "reflection resumed"


def test_what_failed_before_the_model_was_asked_is_over_once_a_session_comes_through(
    run_in_virtual_time,
):
    def fail_early(house):
        house.failed_in = "context_gathering"

    house = scenario(
        run_in_virtual_time, 8 * HOUR, (1, fail_early), outcome=Outcome.FAILED, takes=0
    )
    asked = [round(moment / HOUR) for moment, _ in house.asked]
    assert asked == [1, 2, 4, 5, 7], "held back once, which came through: asked as usual again"
    assert house.notices == ["reflection held back", "reflection resumed"] * 2


def test_a_session_in_which_only_a_part_failed_holds_nothing_back(run_in_virtual_time):
    house = scenario(run_in_virtual_time, 10 * HOUR, outcome=Outcome.CLEANUP_ONLY, takes=0)
    assert house.asked == house.runs
    assert house.notices == []


def test_new_settings_end_the_waiting(run_in_virtual_time):
    async def forgive(house):
        await house.scheduler.forgive()

    house = scenario(
        run_in_virtual_time, 22 * HOUR, (20.5 * HOUR, forgive), outcome=Outcome.FAILED, takes=0
    )
    assert [round(moment / HOUR) for moment, _ in house.asked] == [1, 2, 4, 8, 16, 21]


def test_a_wish_is_granted_at_once_and_moves_the_next_timed_session(run_in_virtual_time):
    house = scenario(run_in_virtual_time, 2 * HOUR, (1800, wish))
    assert house.runs == [(1800, Trigger.SIGNAL), (1800 + 60 + 3600, Trigger.TIMER)]


def test_ten_wishes_during_a_session_are_one_more(run_in_virtual_time):
    wishes = [(1800 + n, wish) for n in range(10)]
    house = scenario(run_in_virtual_time, HOUR, *wishes)
    assert house.times == [1800, 1860]


def test_a_shorter_interval_counts_from_the_same_moment(run_in_virtual_time):
    def shorten(house):
        house.schedule = Schedule(interval=Duration(2400), jitter=Duration(0))
        house.scheduler.wake()

    assert scenario(run_in_virtual_time, 2500, (1200, shorten)).times == [2400]


def test_a_session_on_start_is_one(run_in_virtual_time):
    schedule = Schedule(interval=Duration(HOUR), jitter=Duration(0), on_start=True)
    house = scenario(run_in_virtual_time, HOUR + 100, schedule=schedule)
    assert house.runs == [(0, Trigger.START), (3660, Trigger.TIMER)]


def test_a_full_disk_does_not_stop_the_schedule(run_in_virtual_time):
    def fill(house):
        house.disk_is_full = True

    house = scenario(run_in_virtual_time, 3 * HOUR + 200, (10, fill))
    assert house.times == [3600, 7260, 10920]
    assert set(house.notices) == {"schedule not kept"}


def test_once_closed_no_session_begins_and_wishes_are_refused(run_in_virtual_time):
    async def play():
        house = House()

        async def close():
            await anyio.sleep(HOUR + 10)
            await house.scheduler.close()
            assert anyio.current_time() == HOUR + 60  # when the one that ran had ended
            with pytest.raises(DaemonError, match="stopping"):
                house.scheduler.request(Trigger.CONTROL)

        async with anyio.create_task_group() as group:
            group.start_soon(close)
            await house.live(5 * HOUR)
        return house

    assert run_in_virtual_time(play).times == [3600]


def test_whoever_waits_for_a_session_that_broke_the_runner_is_told(run_in_virtual_time):
    async def play():
        house = House()

        async def explode(trigger, beat, held_back):
            raise RuntimeError("out of descriptors")

        house.scheduler._run_session = explode
        _, wished = house.scheduler.request(Trigger.CONTROL)
        with pytest.RaisesGroup(RuntimeError):
            await house.live(10)
        with pytest.raises(DaemonError, match="cannot say how"):
            await wished.wait()

    run_in_virtual_time(play)
