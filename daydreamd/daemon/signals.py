"""What each signal means to the daemon."""

from __future__ import annotations

from typing import Final

import anyio

from daydreamd.daemon.duties import Daemon
from daydreamd.host.processes import Signals
from daydreamd.host.signals import Mailbox
from daydreamd.session import Trigger

HEEDED: Final = (Signals.SIGTERM, Signals.SIGINT, Signals.SIGHUP, Signals.SIGUSR1)
STOP_SECONDS: Final = 18.0


async def heed(mailbox: Mailbox, daemon: Daemon, scope: anyio.CancelScope) -> None:
    """Do what signals ask for. SIGTERM and SIGINT stop the daemon by way of `scope`.

    No loop of the guarded kind: it waits in the kernel, and if it fails the daemon ends.
    """
    while True:
        match await mailbox.next():
            case Signals.SIGUSR1:
                daemon.wish(Trigger.SIGNAL)
            case Signals.SIGHUP:
                await daemon.reload()
            case _:
                with anyio.move_on_after(STOP_SECONDS):
                    await daemon.stop()
                scope.cancel()
                return
