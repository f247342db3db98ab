"""A container in which the first process is a program of its own, and agents around it.

`python -m tests.integration.zoo.container DIRECTORY` as the first process of a pid namespace: it
says who is there, with what is right, and what `daydreamd clean --dry-run` has said of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from tests.integration.zoo.animals import NATIVE, Animal
from tests.integration.zoo.keeper import open_zoo
from tests.integration.zoo.visit import clean


def main() -> None:
    assert os.getpid() == 1
    with open_zoo(Path(sys.argv[1])) as zoo:
        claude = zoo.put(NATIVE)
        env = {"HOME": str(zoo.home), "PATH": os.environ["PATH"], "ZOO": zoo.mark}
        null = subprocess.DEVNULL
        child = subprocess.Popen([claude], stdin=null, stdout=null, start_new_session=True, env=env)
        reading, writing = os.pipe()
        fed = zoo.release(claude, stdin=reading, detach="wreck")
        os.close(reading)
        animals = (
            Animal("a child in a session of its own", child.pid, "spare", "whether python"),
            Animal("fed by the first process", fed, "spare", "works for python"),
            Animal("an orphan", zoo.release(claude, detach="wreck"), "kill"),
        )
        zoo.settle(2.0)
        said = {one["pid"]: one for one in clean(zoo, "--dry-run")["candidates"]}
        print(json.dumps([(asdict(animal), said.get(animal.pid)) for animal in animals]))
        os.close(writing)


if __name__ == "__main__":
    main()
