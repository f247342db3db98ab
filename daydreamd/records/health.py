"""How fit the machine is for a session: its gates, its figures, its model, and what fails."""

from __future__ import annotations

from typing import Literal

import msgspec

from daydreamd.records.failing import FailingPart

GateState = Literal["open", "closed", "unknown"]


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A condition: what was read, what is asked for, and the setting that asks for it."""

    name: str
    state: GateState
    value: str
    limit: str
    setting: str
    hard: bool = False

    def found(self, value: str, *, is_open: bool) -> Gate:
        """The gate once something was read."""
        return msgspec.structs.replace(self, value=value, state="open" if is_open else "closed")

    def unread(self, reason: str) -> Gate:
        """The gate when nothing could be read."""
        return msgspec.structs.replace(self, value=reason, state="unknown")


class ModelHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether there is a model, and of it only what may be seen."""

    available: bool
    reason: str
    provider: str | None = None
    name: str | None = None
    context_tokens: int | None = None


class SystemHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What readiness said, and what fails after the session; None until it is known."""

    ready: bool | None = None
    reasons: tuple[str, ...] | None = None
    gates: tuple[Gate, ...] | None = None
    model: ModelHealth | None = None
    failing: tuple[FailingPart, ...] | None = None


class SystemMetrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures that were read; None for those that could not be had."""

    available_memory_bytes: int | None = None
    load_per_cpu: float | None = None
    memory_pressure_percent: float | None = None
    free_disk_bytes: int | None = None
    user_idle_seconds: float | None = None
    pending_tasks: int | None = None
    stalled_tasks: int | None = None
    model_latency_seconds: float | None = None
