"""What each signal means to the daemon."""

from __future__ import annotations

from typing import Final

import anyio

from daydreamd.daemon.supervisor import Supervisor
from daydreamd.host.processes import Signals
from daydreamd.host.system.signals import Mailbox
from daydreamd.records.daydream_session import Trigger

STOPPING: Final = (Signals.SIGTERM, Signals.SIGINT)
HEEDED: Final = (*STOPPING, Signals.SIGHUP, Signals.SIGUSR1)
STOP_SECONDS: Final = 18.0


async def heed(mailbox: Mailbox, daemon: Supervisor, scope: anyio.CancelScope) -> None:
    """Do what signals ask for. SIGTERM and SIGINT stop the daemon by way of `scope`.

    No guarded loop: it ends when the daemon does, and before the loops begin it is there already.
    """
    while (number := await mailbox.next()) not in STOPPING:
        try:
            if number is Signals.SIGUSR1:
                daemon.request(Trigger.SIGNAL)
            else:
                await daemon.reload()
        except Exception as error:  # noqa: BLE001 - a signal must never end what it cannot reach
            daemon.say_loop_failed("signals", error, 0.0)
    with anyio.move_on_after(STOP_SECONDS):
        await daemon.stop()
    scope.cancel()
