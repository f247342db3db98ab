"""The words and colours that the live and the plain screen share."""

from __future__ import annotations

from typing import Final

from daydreamd.events import PhaseEnded
from daydreamd.session import Phase
from daydreamd.text import one_line

NUMBERED: Final = {
    Phase.READINESS_CHECK: (1, "readiness"),
    Phase.PRE_CLEANUP: (2, "cleanup"),
    Phase.CONTEXT_GATHERING: (3, "context"),
    Phase.AI_ANALYSIS: (4, "analysis"),
    Phase.OUTPUT_PROCESSING: (5, "output"),
    Phase.POST_CLEANUP: (6, "cleanup"),
    Phase.COMPLETE: (7, "complete"),
}
MAX_WIDTH: Final = 110
"""Wider than this, a line is hard to follow to its end."""
COLOURS: Final = {"done": "green", "failed": "red", "timed_out": "yellow", "skipped": "yellow"}
_STATES: Final = {"failed": "failed", "timed_out": "timed out", "skipped": "skipped"}
_SUMMARY_CHARS: Final = 400


def say_end(event: PhaseEnded) -> str:
    """The summary of a phase, its state before it where that is not plain success."""
    summary = one_line(event.summary, limit=_SUMMARY_CHARS)
    state = _STATES.get(event.state, "")
    if state and not summary.lower().startswith(state):
        return f"{state}: {summary}" if summary else state
    return summary
