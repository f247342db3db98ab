"""An Aider that rests until it is told to work for a moment, so that tests can say when."""

from __future__ import annotations

from pathlib import Path

from tests.integration.zoo.animals import PYTHON
from tests.integration.zoo.keeper import Zoo, until

# An Aider that works for a moment when it is told to: by itself, or by a child that comes and goes.
ON_DEMAND = """
import os, signal, sys, time
def work(*_):
    child = os.fork() if "child" in sys.argv else None
    if child:
        os.waitpid(child, 0)
    else:
        began = time.process_time()
        while time.process_time() - began < 0.5: pass
    if child == 0:
        os._exit(0)
    open(sys.argv[1], "w").close()
signal.signal(signal.SIGUSR1, work)
open(sys.argv[1] + ".ready", "w").close()
while True: signal.pause()
"""


async def aider_on_demand(zoo: Zoo, *words: str) -> tuple[int, Path]:
    """Its pid, and the file that it makes once it has worked; SIGUSR1 tells it to.

    With the word `child`, a child does the work and ends.
    """
    done = zoo.home / "done"
    script = zoo.write(".venv-aider/bin/aider", ON_DEMAND)
    pid = zoo.release(PYTHON, str(script), str(done), *words)
    await until(lambda: Path(f"{done}.ready").exists())
    return pid, done
