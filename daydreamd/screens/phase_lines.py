"""A session in a pipe: one line per phase as it ends, and what went wrong."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from daydreamd.records.events import AnyEvent, Notice, PhaseEnded
from daydreamd.screens.wording import say_end, say_notice
from daydreamd.units import say_duration


class PhaseLines:
    """A sink that prints ` 3 context      shop: 214 files, …  0.4 s`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, PhaseEnded):
            phase, took = event.phase, say_duration(event.seconds)
            line = f" {phase.number} {phase.label:<12} {say_end(event)}  {took}"
            self._console.print(Text(line), soft_wrap=True)
        elif isinstance(event, Notice) and event.level in ("warning", "error"):
            line = f" ! {event.level:<12} {say_notice(event)}"
            self._console.print(Text(line), soft_wrap=True)
