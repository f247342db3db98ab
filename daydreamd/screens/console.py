"""`daydreamd once` as people see it: the screen that fits where they look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from rich.console import Console

from daydreamd.insights.report import Report
from daydreamd.records.daydream_session import DaydreamSession
from daydreamd.records.events import AnyEvent, InsightsWritten, Sink
from daydreamd.screens.live import LiveScreen
from daydreamd.screens.outcome_page import draw_end
from daydreamd.screens.phase_lines import PhaseLines
from daydreamd.screens.work_lines import say_work

_PIPE_COLUMNS: Final = 100_000


class View:
    """A session on its way to a console: `sink` draws it, `conclude` says what came of it."""

    def __init__(self, console: Console, screen: LiveScreen | None, program: str) -> None:
        self._console = console
        self._program = program
        self._screen = screen
        self._draw: Sink = screen or PhaseLines(console)
        self._report: Path | None = None

    def sink(self, event: AnyEvent) -> None:
        """Draw an event."""
        if isinstance(event, InsightsWritten):
            self._report = Path(event.path)
        self._draw(event)

    def conclude(self, session: DaydreamSession, told: Report | None = None) -> None:
        """What came of it: the same words on a terminal and in a pipe."""
        if self._screen is not None:
            self._screen.stop()
        draw_end(
            self._console,
            session,
            told=told,
            report=self._report,
            program=self._program,
            work=tuple(say_work(session.workspace_analysis)),
        )


@contextmanager
def watch_session(
    *, to_stderr: bool = False, console: Console | None = None, program: str = "daydreamd"
) -> Iterator[View]:
    """Draw a session on standard output or error: live on a terminal, else a line per phase.

    `program` is what a reader types to look at the same history: `daydreamd --user`.
    """
    console = console or open_console(stderr=to_stderr)
    live = console.is_terminal and not console.is_dumb_terminal
    screen = LiveScreen(console) if live else None
    with screen or nullcontext():
        yield View(console, screen, program)


def open_console(*, stderr: bool = False) -> Console:
    """Standard output or error; in a pipe no line is broken, as nobody sees where it would be."""
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, width=_PIPE_COLUMNS, no_color=True)
