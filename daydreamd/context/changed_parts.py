"""Which lines of a file are shown for what is new in it: whole functions where they are small.

A function that is too large is shown around what is new, and told by its first line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daydreamd.context.recent import Arrival, News
from daydreamd.text.blocks import Blocks, Region

MOST_WHOLE: Final = 60
"""Lines of a function that is shown whole."""
MOST_LINES: Final = 100
"""Lines of one excerpt."""
_AROUND: Final = 8
_PARAGRAPH: Final = 4
_NEAR: Final = 2


@dataclass(frozen=True)
class ChangedPart:
    """Lines of a file that are shown together, and the newest change among them."""

    region: Region
    arrival: Arrival


def cut(blocks: Blocks, news: News) -> list[ChangedPart]:
    """The parts of the file that hold all that is new in it, from top to bottom."""
    lines = blocks.lines
    arrivals = {**news.went_by, **news.came}
    changed = sorted(min(max(1, line), len(lines)) for line in arrivals)
    regions: list[Region] = []
    shown_whole = 0
    for line in changed:
        if line > shown_whole:
            region, is_whole = _around(blocks, line)
            regions.append(region)
            shown_whole = region[1] if is_whole else shown_whole
    bounded = [part for region in _joined(regions) for part in _bounded(lines, region)]
    parts = [
        ChangedPart(region, _newest(region, arrivals))
        for region in (_trimmed(lines, one) for one in bounded)
    ]
    return [part for part in parts if part.arrival.at]


def pieces(blocks: Blocks) -> list[Region]:
    """A whole file in parts of a bounded length."""
    lines = blocks.lines
    whole = _bounded(lines, (1, len(lines)))
    return [
        _trimmed(lines, one) for one in whole if any(map(str.strip, lines[one[0] - 1 : one[1]]))
    ]


def _around(blocks: Blocks, line: int) -> tuple[Region, bool]:
    """The lines to show around one, and whether they are a whole function or class."""
    if whole := blocks.around(line, most=MOST_WHOLE):
        return whole, True
    large = blocks.enclosing(line)
    if large is None:
        return blocks.paragraph(line, most=_PARAGRAPH), False
    return (max(large[0], line - _AROUND), min(large[1], line + _AROUND)), False


def _joined(regions: Iterable[Region]) -> list[Region]:
    """Those that touch as one."""
    joined: list[Region] = []
    for first, last in sorted(regions):
        if joined and first <= joined[-1][1] + _NEAR:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _bounded(lines: Sequence[str], region: Region) -> list[Region]:
    """A region in pieces of a bounded length, cut where a blank line or a block's end is."""
    first, last = region
    pieces: list[Region] = []
    while last - first >= MOST_LINES:
        end = first + MOST_LINES - 1
        borders = [
            (len(lines[at]) - len(lines[at].lstrip()), -at)
            for at in range(first + MOST_LINES // 2, end)
            if not lines[at - 1].strip() and lines[at].strip()
        ]
        border = -min(borders)[1] if borders else end
        pieces.append((first, border))
        first = border + 1
    return [*pieces, (first, last)]


def _trimmed(lines: Sequence[str], region: Region) -> Region:
    """The region without blank lines at its ends."""
    first, last = region
    while first < last and not lines[first - 1].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return first, last


def _newest(region: Region, arrivals: dict[int, Arrival]) -> Arrival:
    first, last = region
    inside = [one for line, one in arrivals.items() if first <= line <= last + 1]
    return max(inside, key=lambda one: one.at, default=Arrival(0))
