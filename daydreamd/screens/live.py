"""A session on a terminal: phases as they end, and below them what is going on right now.

What is finished is printed once and stays; only the phase that runs is drawn anew. Text of others
is never read as markup, and never reaches the terminal with an escape in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from daydreamd import __version__
from daydreamd.records.daydream_session import Phase
from daydreamd.records.events import (
    AnalysisProgress,
    AnswerChunk,
    AnyEvent,
    Notice,
    PhaseEnded,
    PhaseStarted,
    SessionStarted,
)
from daydreamd.screens.answer_tail import AnswerTail
from daydreamd.screens.wording import COLOURS, MAX_WIDTH, say_end, say_notice
from daydreamd.text import one_line
from daydreamd.units import say_count, say_duration

_FRAMES_PER_SECOND: Final = 4
_NAME_COLUMNS: Final = 12
_MIN_BAR: Final = 8
_MAX_BAR: Final = 26


class LiveScreen:
    """A sink and a context: the display lives from `with` to its end."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._heading = ""
        self._model = ""
        self._phase: PhaseStarted | None = None
        self._since = 0.0
        self._progress: AnalysisProgress | None = None
        self._tail = AnswerTail()
        self._live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take down what is drawn; what was printed stays. A second time does nothing."""
        self._phase = None
        self._live.stop()
        self._print_heading()

    def __call__(self, event: AnyEvent) -> None:
        match event:
            case SessionStarted():
                self._heading = _heading(event)
            case PhaseStarted():
                self._phase, self._since = event, self._clock()
            case PhaseEnded():
                self._phase = None
                self._live.refresh()  # or the phase would stand below its own end for a moment
                self._print_heading()
                self._console.print(self._ended(event))
            case AnalysisProgress():
                self._progress = event
            case AnswerChunk():
                self._tail.add(event.text)
            case Notice():
                self._notice(event)

    def draw(self) -> RenderableType:
        """What is going on right now."""
        phase = self._phase
        lines: list[RenderableType] = [self._full_heading()] if self._heading else []
        if phase is not None:
            analysing = phase.phase is Phase.AI_ANALYSIS
            lines.append(self._analysing(phase) if analysing else self._working(phase))
            tail = self._tail.line(width=self._width - 6) if analysing else ""
            if tail:
                lines.append(Text(f"   ▏ {tail}", style="dim", no_wrap=True, overflow="ellipsis"))
        return Group(*lines)

    @property
    def _width(self) -> int:
        return min(self._console.width, MAX_WIDTH)

    def _notice(self, event: Notice) -> None:
        """The model joins the heading; what went wrong gets a line; the rest is for the log."""
        model = event.facts.get("model")
        if isinstance(model, str) and "provider" in event.facts:
            through = event.facts.get("engine")
            said = f"{event.facts['provider']} {model}" + (f" through {through}" if through else "")
            self._model = one_line(said, limit=100)
        elif event.level in ("warning", "error"):
            colour = "red" if event.level == "error" else "yellow"
            row = self._row()
            row.add_row("!", Text(event.level, style=colour), Text(say_notice(event)), "")
            self._print_heading()
            self._console.print(row)

    def _print_heading(self) -> None:
        if self._heading:
            heading, self._heading = self._full_heading(), ""
            self._console.print(heading)

    def _full_heading(self) -> Text:
        model = f" · {self._model}" if self._model else ""
        return Text(f"{self._heading}{model}\n", overflow="fold")

    def _row(self) -> Table:
        row = Table.grid(padding=(0, 1), expand=False)
        row.width = self._width
        row.add_column(width=2, justify="right")
        row.add_column(width=_NAME_COLUMNS, no_wrap=True)
        row.add_column(ratio=1, overflow="fold")
        row.add_column(justify="right", no_wrap=True)
        return row

    def _ended(self, event: PhaseEnded) -> Table:
        row = self._row()
        row.add_row(
            str(event.phase.number),
            Text(event.phase.label, style=COLOURS[event.state]),
            Text(say_end(event)),
            Text(say_duration(event.seconds), style="dim"),
        )
        return row

    def _working(self, phase: PhaseStarted) -> Table:
        number, name = phase.phase.number, phase.phase.label
        row = self._row()
        elapsed = say_duration(self._clock() - self._since)
        row.add_row(str(number), name, Text("…", style="dim"), Text(elapsed, style="dim"))
        return row

    def _analysing(self, phase: PhaseStarted) -> Table:
        number, name = phase.phase.number, phase.phase.label
        elapsed = self._clock() - self._since
        said = self._said(elapsed, phase.budget_seconds)
        row = Table.grid(padding=(0, 1))
        row.add_column(width=2, justify="right")
        row.add_column(width=_NAME_COLUMNS, no_wrap=True)
        bar = min(self._width - 2 - _NAME_COLUMNS - len(said) - 4, _MAX_BAR)
        if bar < _MIN_BAR:
            row.add_row(str(number), name, Text(said, overflow="fold"))
            return row
        done = min(elapsed, phase.budget_seconds)
        row.add_row(
            str(number),
            name,
            ProgressBar(total=max(phase.budget_seconds, 1), completed=done, width=bar),
            Text(said, no_wrap=True),
        )
        return row

    def _said(self, elapsed: float, budget: float) -> str:
        progress = self._progress
        parts: list[str] = [progress.stage if progress else "starting"]
        if progress and progress.prompt_tokens is not None:
            received = progress.received_tokens
            also = f", {received:,} received" if received is not None else ""
            parts.append(f"{progress.prompt_tokens:,} tokens sent{also}")
        if progress and progress.claims is not None:
            parts.append(f"{progress.settled} of {say_count(progress.claims, 'claim')}")
        parts.append(f"{say_duration(elapsed)} of {say_duration(budget)}")
        return " · ".join(parts)


def _heading(event: SessionStarted) -> str:
    there = say_count(len(event.workspaces), "workspace")
    return f"daydreamd {__version__} · session {event.session_id} · {there}"
