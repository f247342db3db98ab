"""A session where nobody watches: one line per phase as it ends, and nothing else."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from daydreamd.events import AnyEvent, PhaseEnded
from daydreamd.observe.wording import NUMBERED, say_end
from daydreamd.units import say_duration


class PlainLines:
    """A sink that prints ` 3 context      shop: 214 files, …  0.4 s`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, PhaseEnded):
            number, name = NUMBERED[event.phase]
            line = f" {number} {name:<12} {say_end(event)}  {say_duration(event.seconds)}"
            self._console.print(Text(line), soft_wrap=True)
