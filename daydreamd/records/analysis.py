"""Figures of one reflection: who was asked, how much was sent, what came back."""

from __future__ import annotations

import msgspec


class AnalysisFacts(msgspec.Struct, kw_only=True):
    """What is known of the reflection besides its text; `None` where it could not be known."""

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
