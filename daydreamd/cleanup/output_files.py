"""Where the outputs of Claude's background tasks lie, and how large they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from daydreamd.host.files.leftovers import Leftover, Shape, find_leftovers, owned_directories

_ANY: Final = re.compile(r"[^.].*", re.DOTALL)
_OUTPUT: Final = (Shape(re.compile(r"[\w-]+\.output")),)


def find_outputs(temp: Path, *, uid: int, min_size: int) -> list[Leftover]:
    """The outputs in one directory for temp files that are ours and so large; links are not."""
    found = []
    for parts in (("tasks",), (_ANY, "tasks"), (_ANY, _ANY, "tasks")):
        for directory in owned_directories(temp, (f"claude-{uid}", *parts), uid):
            found += find_leftovers(directory, files=_OUTPUT, trees=(), min_age=0, uids=(uid,))
    return [one for one in found if one.bytes >= min_size]
