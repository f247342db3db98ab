"""A whole zoo as a program, for machines: `python -m tests.integration.zoo.loose DIRECTORY`.

It says who is there, says who lives still whenever it is given a line, and ends them all.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from daydreamd.host.processes import identify, is_alive
from tests.integration.zoo.animals import fill
from tests.integration.zoo.held_open import Keeper
from tests.integration.zoo.keeper import open_zoo
from tests.integration.zoo.odd import fill_odd
from tests.integration.zoo.owned import fill_owned


def main() -> None:
    with open_zoo(Path(sys.argv[1])) as zoo, contextlib.ExitStack() as stack:
        keeper = Keeper(zoo, stack)
        animals = [*fill(zoo), *fill_owned(keeper), *fill_odd(keeper)]
        zoo.settle(3.0)
        identities = [identify(animal.pid) for animal in animals]
        print(json.dumps([asdict(animal) for animal in animals]), flush=True)
        for _ in sys.stdin:
            print(json.dumps([is_alive(identity) for identity in identities]), flush=True)


if __name__ == "__main__":
    main()
