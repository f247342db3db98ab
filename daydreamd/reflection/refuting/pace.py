"""How quick is this model, on this machine, at this moment?

Learned from its answers, the newest weighing most; before there is one, nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NEWEST: Final = 0.5
_LEAST_SECONDS: Final = 0.001


@dataclass(frozen=True)
class Timing:
    """One answer: its tokens, the seconds until it began, and those that it took from then on."""

    prompt_tokens: int
    answer_tokens: int
    reading_seconds: float
    answering_seconds: float


@dataclass
class Pace:
    """Tokens a second that a model reads and writes; None until it has answered."""

    reading: float | None = None
    answering: float | None = None

    def note(self, timing: Timing) -> None:
        """Learn from an answer. One of a token or two says nothing of how quickly it writes."""
        read = timing.prompt_tokens / max(timing.reading_seconds, _LEAST_SECONDS)
        self.reading = _learned(self.reading, read)
        if timing.answer_tokens > 2:
            written = timing.answer_tokens / max(timing.answering_seconds, _LEAST_SECONDS)
            self.answering = _learned(self.answering, written)

    def seconds(self, prompt_tokens: int, answer_tokens: int) -> float | None:
        """How long such an answer will take, about; None while nothing is known."""
        if self.reading is None:
            return None
        # A model writes far slower than it reads, on any machine.
        written = self.answering or self.reading / 10
        return prompt_tokens / max(self.reading, 0.1) + answer_tokens / max(written, 0.1)


def _learned(before: float | None, now: float) -> float:
    return now if before is None else before * (1 - _NEWEST) + now * _NEWEST
