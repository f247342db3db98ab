"""The rest of a workspace, which comes round in turn where what is new leaves room.

Files that were never shown come first, the most complex and most changed of them before others;
then those that were shown longest ago.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from daydreamd.context.changed_parts import pieces
from daydreamd.context.excerpts import Source, read_lines
from daydreamd.records.workspace import Excerpt
from daydreamd.text.blocks import Blocks

_MAX_FILES: Final = 60
_MAX_CHARS: Final = 200_000


def take_turns(
    source: Source,
    ranked: Iterable[str],
    shown: Mapping[str, float],
    *,
    without: Collection[str] = (),
) -> list[Excerpt]:
    """Parts of the files whose turn it is; `shown` says by path when each was shown last.

    Files in `without` are left out: of those there is something new to show.
    """
    waiting = sorted(ranked, key=lambda path: shown.get(path, 0.0))  # stable: else by rank
    found: list[Excerpt] = []
    chars = read = 0
    for path in waiting:
        if chars > _MAX_CHARS or read >= _MAX_FILES:
            break
        if path in without:
            continue
        read += 1
        lines = read_lines(Path(source.workspace.path), path)
        for first, last in pieces(Blocks(lines, path)) if lines else ():
            found.append(source.excerpt(path, lines, first, last, "its turn, nothing new"))
            chars += len(found[-1].text)
    return found
