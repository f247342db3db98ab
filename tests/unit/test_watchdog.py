"""When the watchdog is fed, and when it must not be."""

import anyio

from daydreamd.daemon.watchdog import Watchdog
from daydreamd.host.loops import Heart


class Manager:
    """Counts what it is fed. Under a limit of 10 s."""

    watchdog_seconds = 10.0

    def __init__(self):
        self.fed = []

    def watchdog(self):
        self.fed.append(anyio.current_time())
        return True


def test_it_is_fed_at_half_the_limit_until_a_loop_is_late_and_again_when_it_is_well(
    run_in_virtual_time,
):
    async def play():
        manager, heart, said = Manager(), Heart(), []
        watchdog = Watchdog(manager, heart, lambda level, _what, /, **_facts: said.append(level))
        heart.beat("sessions", 20.0)
        async with anyio.create_task_group() as group:
            group.start_soon(watchdog.serve, lambda within: heart.beat("watchdog", within))
            await anyio.sleep(44)
            heart.beat("sessions", 60.0)
            await anyio.sleep(10)
            group.cancel_scope.cancel()
        return manager.fed, said

    fed, said = run_in_virtual_time(play)
    assert fed == [0, 5, 10, 15, 20, 25, 45, 50]
    assert said == ["error", "info"]
