"""Figures of one reflection: who was asked, how much was sent, what came back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from daydreamd.records.claims import JudgeRecord, PassRecord, SettledClaim

_N = TypeVar("_N", int, float)


class AnalysisFacts(msgspec.Struct, kw_only=True):
    """What is known of the reflection besides its text; `None` where it could not be known.

    Tokens are those of the prompts that propose; `passes` has those of every pass. `judges` says
    how those who looked at the claims again did, and `claims` what they came to.
    """

    engine: str | None = None
    provider: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    context_tokens: int | None = None
    truncated: bool = False
    partial: bool = False
    exit_code: int | None = None
    peak_rss_bytes: int | None = None
    cpu_seconds: float | None = None
    workspaces: list[str] = msgspec.field(default_factory=list)
    passes: list[PassRecord] = msgspec.field(default_factory=list)
    judges: list[JudgeRecord] = msgspec.field(default_factory=list)
    claims: list[SettledClaim] = msgspec.field(default_factory=list)

    def with_all(self, prompts: Sequence[AnalysisFacts]) -> AnalysisFacts:
        """These facts with what is known of each prompt: sums, the largest peak, the last code."""
        return msgspec.structs.replace(
            self,
            engine=next((one.engine for one in reversed(prompts) if one.engine), self.engine),
            prompt_tokens=_sum(one.prompt_tokens for one in prompts),
            answer_tokens=_sum(one.answer_tokens for one in prompts),
            truncated=any(one.truncated for one in prompts),
            partial=any(one.partial for one in prompts),
            exit_code=next((c for one in prompts if (c := one.exit_code) is not None), None),
            peak_rss_bytes=max((one.peak_rss_bytes or 0 for one in prompts), default=0) or None,
            cpu_seconds=_sum(one.cpu_seconds for one in prompts),
        )


def _sum(figures: Iterable[_N | None]) -> _N | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known[1:], known[0]) if known else None
