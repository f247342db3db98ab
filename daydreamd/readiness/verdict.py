"""Is the machine ready? Every probe at once, and a verdict within three seconds whatever hangs.

A missing model does not make a machine "not ready": the session then tidies up and reports facts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec

from daydreamd.readiness.embedded import ModelFinding
from daydreamd.readiness.probes import Probes, within
from daydreamd.records.health import Gate, ModelHealth, SystemHealth, SystemMetrics
from daydreamd.settings.schema import Model, Queue, Readiness

_VERDICT_SECONDS: Final = 2.7
_WISH_SECONDS: Final = 1.0
"""For a person's wish the idle gates are only told, and nobody should wait for them."""


class ReadinessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict. `reasons` say why not, and why there is no model if there is none."""

    ready: bool
    gates: tuple[Gate, ...]
    model: ModelFinding
    metrics: SystemMetrics
    reasons: list[str]

    @property
    def is_short_of_memory(self) -> bool:
        """Whether it is memory that is missing: then tidying up comes first."""
        return bool(self._closed & {"memory", "pressure"})

    def tidying_waits_for(self, *, idle_gates: bool) -> str:
        """What puts off even the tidying of a session that nobody asked for; "" where nothing does.

        Being ready to reflect is no condition of it. Short memory is more urgent than the wish not
        to disturb somebody who types.
        """
        if not idle_gates:
            return ""
        if "hours" in self._closed:
            return "quiet hours"
        at_keyboard = "user" in self._closed and not self.is_short_of_memory
        return "somebody is at the keyboard" if at_keyboard else ""

    @property
    def _closed(self) -> set[str]:
        return {gate.name for gate in self.gates if gate.state == "closed"}

    def summary(self) -> str:
        """One line for people: `ready: ollama answers in 12 ms, …, 11.2 GiB free, no tasks`."""
        if not self.ready:
            return "not ready: " + "; ".join(self.reasons)
        told = {gate.name: gate.value for gate in self.gates if gate.state == "open"}
        model = self.model.reason.partition(";")[0] if self.model.choice else "no model"
        words = [model, told["memory"]]
        if self.metrics.load_per_cpu is not None:
            words.append(f"load {self.metrics.load_per_cpu:.1f}")
        if self.metrics.pending_tasks is not None and "queue" in told:
            words.append(told["queue"])
        return "ready: " + ", ".join(words)

    @property
    def health(self) -> SystemHealth:
        """As the session records it; of the model only what may be seen."""
        choice = self.model.choice
        return SystemHealth(
            ready=self.ready,
            reasons=tuple(self.reasons),
            gates=self.gates,
            model=ModelHealth(
                available=choice is not None,
                reason=self.model.reason,
                provider=choice.provider if choice else None,
                name=choice.name if choice else None,
                context_tokens=choice.context_tokens if choice else None,
            ),
        )


async def check_readiness(
    settings: Readiness,
    *,
    queue: Queue,
    disk_at: Path,
    idle_gates: bool,
    find_model: Callable[[], Awaitable[ModelFinding]],
    quiet_hours: Sequence[str] = (),
    model: Model | None = None,
) -> ReadinessReport:
    """Look at everything at once and judge. Never raises for what cannot be read.

    `idle_gates=False` is a person's wish: all gates are told, only the hard ones count. With
    `model` it is also asked whether somebody else uses Ollama.
    """
    probes = Probes(settings, quiet_hours)
    idle_seconds = _VERDICT_SECONDS if idle_gates else _WISH_SECONDS
    async with anyio.create_task_group() as group:
        group.start_soon(within, _VERDICT_SECONDS, probes.at_machine, disk_at)
        group.start_soon(within, _VERDICT_SECONDS, probes.at_model, find_model)
        group.start_soon(within, idle_seconds, probes.at_user)
        group.start_soon(within, idle_seconds, probes.at_agents)
        group.start_soon(within, idle_seconds, probes.at_queue, queue)
        if model and model.provider in ("auto", "ollama"):
            group.start_soon(within, idle_seconds, probes.at_ollama, model.base_url)
        else:
            del probes.gates["ollama"]
    closed = [
        gate
        for gate in probes.gates.values()
        if (gate.hard or idle_gates) and _is_closed(gate, settings.unknown_means)
    ]
    reasons = [f"{gate.name}: {gate.value}, {gate.limit} ({gate.setting})" for gate in closed]
    if probes.model.choice is None:
        reasons.append(probes.model.reason)
    return ReadinessReport(
        ready=not closed,
        gates=tuple(probes.gates.values()),
        model=probes.model,
        metrics=probes.metrics,
        reasons=reasons,
    )


def _is_closed(gate: Gate, unknown_means: str) -> bool:
    """Whether a gate keeps a session from running; one that is hard and unknown always does."""
    if gate.state == "unknown":
        return gate.hard or unknown_means != "ready"
    return gate.state == "closed"
