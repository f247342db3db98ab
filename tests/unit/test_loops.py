"""Loops that never end and sleep that can, on a clock that jumps."""

import anyio
import pytest

from daydreamd.host.loops import Heart, Returned, Wakeable, guarded


class Told:
    """An `on_fault` that remembers."""

    def __init__(self):
        self.faults = []

    def __call__(self, name, error, pause):
        self.faults.append((name, error, pause, anyio.current_time()))

    @property
    def pauses(self):
        return [pause for _, _, pause, _ in self.faults]


async def watch(body, told, heart, seconds, **limits):
    with anyio.move_on_after(seconds):
        await guarded("sweep", body, heart=heart, on_fault=told, **limits)


def test_a_fault_is_told_and_the_loop_begins_again_ever_later(run_in_virtual_time):
    told = Told()

    async def body(beat):
        raise OSError("no space")

    async def scenario():
        await watch(body, told, Heart(), 100, first_pause=1, longest_pause=16)

    run_in_virtual_time(scenario)

    assert told.pauses == [1, 2, 4, 8, 16, 16, 16, 16, 16, 16]
    assert [at for *_, at in told.faults][:5] == [0, 1, 3, 7, 15]
    assert {(name, str(error)) for name, error, *_ in told.faults} == {("sweep", "no space")}


def test_a_loop_that_returns_is_a_fault(run_in_virtual_time):
    told = Told()

    async def body(beat):
        pass

    run_in_virtual_time(watch, body, told, Heart(), 0.5)

    assert isinstance(told.faults[0][1], Returned)


def test_a_loop_that_was_well_for_long_begins_again_soon(run_in_virtual_time):
    told = Told()
    runs = iter([0, 0, 0, 1000, 0])

    async def body(beat):
        await anyio.sleep(next(runs))
        raise OSError

    async def scenario():
        await watch(body, told, Heart(), 1010, first_pause=1, longest_pause=60)

    run_in_virtual_time(scenario)

    assert told.pauses == [1, 2, 4, 1, 2]


def test_cancelling_ends_a_loop_and_is_no_fault(run_in_virtual_time):
    told = Told()

    async def body(beat):
        await anyio.sleep_forever()

    run_in_virtual_time(watch, body, told, Heart(), 50)

    assert told.faults == []


def test_a_loop_is_late_only_once_its_promise_is_broken(run_in_virtual_time):
    heart = Heart()
    seen = []

    async def body(beat):
        beat(60)
        await anyio.sleep_forever()

    async def look():
        for at in (1, 59, 64, 66):
            await anyio.sleep(at - anyio.current_time())
            seen.append((at, heart.late()))

    async def scenario():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body, Told(), heart, 100)
            group.start_soon(look)

    run_in_virtual_time(scenario)

    assert seen == [(1, []), (59, []), (64, []), (66, ["sweep"])]


def test_a_loop_that_waits_for_its_next_try_is_not_late(run_in_virtual_time):
    heart = Heart()

    async def body(beat):
        raise OSError

    async def scenario():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body, Told(), heart, 10_000)
            for _ in range(1000):
                await anyio.sleep(10)
                assert heart.late() == []

    run_in_virtual_time(scenario)


def test_whoever_left_for_good_is_not_waited_for(run_in_virtual_time):
    async def scenario():
        heart = Heart()
        heart.beat("gone", 1)
        await anyio.sleep(100)
        assert heart.late() == ["gone"]
        heart.forget("gone")
        assert heart.late() == []

    run_in_virtual_time(scenario)


@pytest.mark.parametrize(
    ("call_at", "woken", "slept"), [(0, True, 0), (5, True, 5), (20, False, 10)]
)
def test_sleep_ends_with_a_call_or_with_the_time(run_in_virtual_time, call_at, woken, slept):
    async def scenario():
        wakeable = Wakeable()

        async def call():
            await anyio.sleep(call_at)
            wakeable.set()

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            assert await wakeable.sleep(10) is woken
            assert anyio.current_time() == slept
            group.cancel_scope.cancel()

    run_in_virtual_time(scenario)


def test_one_call_ends_one_sleep(run_in_virtual_time):
    async def scenario():
        wakeable = Wakeable()
        wakeable.set()
        wakeable.set()
        assert await wakeable.sleep(10)
        assert not await wakeable.sleep(10)

    run_in_virtual_time(scenario)
