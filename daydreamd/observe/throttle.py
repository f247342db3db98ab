"""At most so many records of one kind in a while; what is beyond that is counted, not forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daydreamd.records.events import Level

Kind = tuple[Level, str]
_BURST: Final = 20
_WINDOW_SECONDS: Final = 60.0
_MAX_KINDS: Final = 500


@dataclass
class _Window:
    began: float
    admitted: int = 0
    held_back: int = 0


class Throttle:
    """Twenty of a kind a minute. An error is a kind of its own, and never waits for an info."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[Kind, _Window] = {}

    def admit(self, kind: Kind) -> int | None:
        """None to hold this one back; else how many were held back since the last one said so."""
        now = self._clock()
        window = self._windows.get(kind)
        if window is None or now - window.began >= _WINDOW_SECONDS:
            held_back = window.held_back if window else 0
            self._forget_some()
            self._windows[kind] = _Window(now, admitted=1)
            return held_back
        if window.admitted >= _BURST:
            window.held_back += 1
            return None
        window.admitted += 1
        return 0

    def drain(self) -> dict[Kind, int]:
        """All that is held back, by kind; the counts begin anew."""
        held = {kind: w.held_back for kind, w in self._windows.items() if w.held_back}
        self._windows.clear()
        return held

    def _forget_some(self) -> None:
        """Names come from our own code, but a lying session process could invent new ones."""
        while len(self._windows) >= _MAX_KINDS:
            self._windows.pop(next(iter(self._windows)))
