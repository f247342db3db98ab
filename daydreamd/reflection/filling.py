"""Which pages go into a prompt, until its room is full.

Workspaces that changed share the room; what one leaves goes to the others, and last to those that
did not change. Pages come in the order in which they are worth reading. Where what came on the
newest day is more than fits, it is shown with less around it rather than in part.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from daydreamd.reflection.pages import Page
from daydreamd.reflection.tokens import CountTokens

_DAY_SECONDS: Final = 86_400
_LEAST_TOKENS: Final = 40
"""With less room than this, no page is tried."""
_MOST_MISSES: Final = 24


@dataclass
class Filling:
    """Takes pages while there is room; `count` gives the tokens of a page as it is printed."""

    count: CountTokens
    left: float
    taken: list[Page] = field(default_factory=list)
    _costs: dict[int, int] = field(default_factory=dict)

    async def take(self, pages: Sequence[Page], *, unchanged: Collection[str] = ()) -> None:
        """Fill the room from `pages`; those of workspaces that are `unchanged` come last."""
        groups = _by_workspace(pages)
        first = [name for name in groups if name not in unchanged]
        rests: dict[str, list[Page]] = {}
        shown: dict[str, list[Page]] = {}
        for at, name in enumerate(first):
            share = self.left / (len(first) - at)
            shown[name], rests[name] = await self._group(groups[name], share)
        for name in (*first, *(name for name in groups if name in unchanged)):
            more, _ = await self._group(rests.get(name, groups[name]), self.left)
            shown.setdefault(name, []).extend(more)
        self.taken = [page for name in shown for page in shown[name]]

    async def _group(self, pages: Sequence[Page], share: float) -> tuple[list[Page], list[Page]]:
        """The pages of one workspace that fit into its share, and those left over."""
        fresh = await self._too_many(_fresh(pages), share)
        rest: list[Page] = []
        tight: dict[int, list[Page]] = {}
        room = begun = min(share, self.left)
        misses = 0
        for at, page in enumerate(pages):
            if room < _LEAST_TOKENS or misses > _MOST_MISSES:
                rest += pages[at:]
                break
            shown = page.tightened() if at < fresh else [page]
            cost = sum([await self._cost(one) for one in shown])
            if cost > room and not tight:
                shown = [one for one in [await self._shortened(shown[0], room)] if one]
                cost = sum([await self._cost(one) for one in shown])
            if cost > room or not shown:
                rest.append(page)
                misses += 1
                continue
            tight[at] = shown
            room -= cost
        room = await self._widen(pages, tight, room)
        taken = [one for at in tight for one in tight[at]]
        self.left -= begun - room
        return taken, rest

    async def _widen(
        self, pages: Sequence[Page], shown: dict[int, list[Page]], room: float
    ) -> float:
        """Show whole what was tightened, as far as there is room; what is left of it."""
        for at, parts in shown.items():
            if parts == [pages[at]]:
                continue
            more = await self._cost(pages[at]) - sum([await self._cost(one) for one in parts])
            if more <= room:
                shown[at], room = [pages[at]], room - more
        return room

    async def _too_many(self, pages: Sequence[Page], share: float) -> int:
        """How many pages there are, if they do not fit into the share; else 0."""
        for page in pages:
            share -= await self._cost(page)
            if share < 0:
                return len(pages)
        return 0

    async def _shortened(self, page: Page, most: float) -> Page | None:
        """As much of a page as costs at most `most` tokens."""
        shown: Page | None = page
        while shown is not None:
            cost = await self._cost(shown)
            if cost <= most:
                return shown
            # A little less than the rule of three says, so that it ends; `None` at the shortest.
            length = len(shown.lines)
            shown = shown.shortened(min(length - 1, int(length * most * 0.95 / cost)))
        return None

    async def _cost(self, page: Page) -> int:
        printed = f"<<<      {page.heading}\n{page.numbered}\n      >>>\n\n"
        key = hash(printed)
        if key not in self._costs:
            self._costs[key] = await self.count(printed)
        return self._costs[key]


def _by_workspace(pages: Sequence[Page]) -> dict[str, list[Page]]:
    groups: dict[str, list[Page]] = {}
    for page in pages:
        groups.setdefault(page.excerpt.workspace, []).append(page)
    return groups


def _fresh(pages: Sequence[Page]) -> Sequence[Page]:
    """The leading pages that came within a day of the newest: code, as that stands first."""
    newest = pages[0].excerpt.changed_at if pages else 0
    end = 0
    for before, page in pairwise((pages[0], *pages) if pages else ()):
        at = page.excerpt.changed_at
        if at <= newest - _DAY_SECONDS or at > before.excerpt.changed_at or not at:
            break
        end += 1
    return pages[:end]
