"""The real daemon, but for the program that its sessions run and how long it bears with them.

`fake_daemon.py DIRECTORY SECONDS [PROGRAM…]`: sessions are `fake_session.py DIRECTORY TRIGGER`, or
PROGRAM; SECONDS is what a session may stay silent.
"""

# ruff: noqa: E402 - the order of the imports is that of `daydreamd run`

import os
import sys
from pathlib import Path

from daydreamd.host.system.signals import hold_early

hold_early()
from daydreamd.daemon.without_openssl import import_without_openssl

serve = import_without_openssl("daydreamd.daemon.serving").serve
import anyio

from daydreamd.daemon.active_settings import reader
from daydreamd.daemon.supervisor import Start
from daydreamd.daemon.transcript import Patience
from daydreamd.errors import DaydreamError
from daydreamd.settings.places import find_places

HERE = Path(sys.argv[1])
SILENCE = float(sys.argv[2])
FAKE = [sys.executable, str(Path(__file__).with_name("fake_session.py")), str(HERE)]


start = Start(
    read_settings=reader(HERE / "settings.toml", "user", os.environ),
    places=find_places(os.environ, scope="user"),
    environ=os.environ,
    session_command=lambda trigger, _: sys.argv[3:] or [*FAKE, str(trigger)],
    patience=Patience(start=SILENCE, slack=SILENCE, total=SILENCE),
)
if os.environ.get("FAKE_BLOCK_AT"):
    # A loop that blocks: what the watchdog is for.
    import time

    from daydreamd.daemon.agent_watch import AgentWatch

    async def block(self, beat):
        await anyio.sleep(float(os.environ["FAKE_BLOCK_AT"]))
        (HERE / "blocked").touch()
        time.sleep(600)  # noqa: ASYNC251 - this is the fault

    AgentWatch.serve = block
try:
    anyio.run(serve, start)
except DaydreamError as error:
    print(f"daydreamd: {error}", file=sys.stderr)
    sys.exit(1)
