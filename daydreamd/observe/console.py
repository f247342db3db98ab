"""`daydreamd once` as people see it: the screen that fits where they look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.text import Text

from daydreamd.events import AnyEvent, InsightsWritten, Sink
from daydreamd.insights.observations import observe
from daydreamd.observe.closing import draw_end, say_outcome
from daydreamd.observe.live import LiveScreen
from daydreamd.observe.plain import PlainLines
from daydreamd.session import DaydreamSession, Outcome


class View:
    """A session on its way to a console: `sink` draws it, `conclude` says what came of it."""

    def __init__(self, console: Console, screen: LiveScreen | None) -> None:
        self._console = console
        self._screen = screen
        self._draw: Sink = screen or PlainLines(console)
        self._report: Path | None = None

    def sink(self, event: AnyEvent) -> None:
        """Draw an event."""
        if isinstance(event, InsightsWritten):
            self._report = Path(event.path)
        self._draw(event)

    def conclude(self, session: DaydreamSession) -> None:
        """The end for whoever watches; where nobody does, only what was not a plain success."""
        if self._screen is not None:
            self._screen.stop()
            facts = observe(session.workspace_analysis, session.development_trends)
            draw_end(self._console, session, observations=facts, report=self._report)
        elif session.outcome is not Outcome.COMPLETED:
            self._console.print(Text(say_outcome(session)), soft_wrap=True)


@contextmanager
def watch_session(*, to_stderr: bool = False, console: Console | None = None) -> Iterator[View]:
    """Draw a session on standard output or error: live on a terminal, else a line per phase."""
    console = console or Console(stderr=to_stderr, highlight=False)
    live = console.is_terminal and not console.is_dumb_terminal
    screen = LiveScreen(console) if live else None
    with screen or nullcontext():
        yield View(console, screen)
