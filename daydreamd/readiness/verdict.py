"""Is the machine ready? Every probe at once, and a verdict within three seconds whatever hangs.

A missing model does not make a machine "not ready": the session then tidies up and reports facts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec

from daydreamd.errors import HostError, ServerFault
from daydreamd.host import machine, presence
from daydreamd.host.threads import in_spare_thread
from daydreamd.readiness import gates as judging
from daydreamd.readiness.busy_server import models_in_use
from daydreamd.readiness.gates import Gate
from daydreamd.readiness.model_server import ModelFinding
from daydreamd.readiness.queue import count_tasks
from daydreamd.settings.model import Model, Queue, Readiness

_VERDICT_SECONDS: Final = 2.7
_WISH_SECONDS: Final = 1.0
"""For a person's wish the idle gates are only told, and nobody should wait for them."""

FindModel = Callable[[], Awaitable[ModelFinding]]


class ReadinessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict. `reasons` say why not, and why there is no model if there is none."""

    ready: bool
    gates: tuple[Gate, ...]
    model: ModelFinding
    metrics: dict[str, Any]
    reasons: list[str]

    def summary(self) -> str:
        """One line for people: `ready: ollama answers in 12 ms, …, 11.2 GiB free, no tasks`."""
        if not self.ready:
            return "not ready: " + "; ".join(self.reasons)
        told = {gate.name: gate.value for gate in self.gates if gate.state == "open"}
        words = [
            self.model.reason.partition(";")[0] if self.model.choice else "no model",
            told["memory"],
        ]
        if "load_per_cpu" in self.metrics:
            words.append(f"load {self.metrics['load_per_cpu']:.1f}")
        if "pending_tasks" in self.metrics and "queue" in told:
            words.append(told["queue"])
        return "ready: " + ", ".join(words)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON types; of the model only what may be seen."""
        choice = self.model.choice
        about = {"reason": self.model.reason, "available": choice is not None}
        if choice:
            about |= {
                "provider": choice.provider,
                "name": choice.name,
                "context_tokens": choice.context_tokens,
            }
        gates = msgspec.to_builtins(self.gates)
        return {"ready": self.ready, "reasons": self.reasons, "gates": gates, "model": about}


async def check_readiness(
    settings: Readiness,
    *,
    queue: Queue,
    disk_at: Path,
    idle_gates: bool,
    find_model: FindModel,
    quiet_hours: Sequence[str] = (),
    model: Model | None = None,
) -> ReadinessReport:
    """Look at everything at once and judge. Never raises for what cannot be read.

    `idle_gates=False` is a person's wish: all gates are told, only the hard ones count. With
    `model` it is also asked whether somebody else uses Ollama.
    """
    looking = _Looking(settings, queue, quiet_hours)
    looking.skip_what_is_not_asked(model)
    idle_seconds = _VERDICT_SECONDS if idle_gates else _WISH_SECONDS
    async with anyio.create_task_group() as group:
        group.start_soon(looking.look, _VERDICT_SECONDS, looking.at_machine, disk_at)
        group.start_soon(looking.look, idle_seconds, looking.at_user)
        if queue.backend != "none":
            group.start_soon(looking.look, idle_seconds, looking.at_queue)
        if model and model.provider in ("auto", "ollama"):
            group.start_soon(looking.look, idle_seconds, looking.at_ollama, model.base_url)
        group.start_soon(looking.look, _VERDICT_SECONDS, looking.at_model, find_model)
    return looking.verdict(idle_gates=idle_gates)


class _Looking:
    """Gates as they are found, one probe beside the other."""

    def __init__(self, settings: Readiness, queue: Queue, quiet_hours: Sequence[str]) -> None:
        self._settings = settings
        self._queue = queue
        self._gates = judging.blank_gates(settings, quiet_hours)
        self._metrics: dict[str, Any] = {}
        self._model = ModelFinding(choice=None, provider="", reason="no model answered in time")
        self._set(judging.judge_hours(self._gates["hours"], quiet_hours, datetime.now(UTC)))

    def skip_what_is_not_asked(self, model: Model | None) -> None:
        """Open what nobody set up."""
        if self._queue.backend == "none":
            self._set(self._gates["queue"].found("no queue is set", is_open=True))
            del self._gates["stalled"]
        if model is None or model.provider not in ("auto", "ollama"):
            del self._gates["ollama"]

    async def look(
        self, seconds: float, probe: Callable[..., Awaitable[None]], *arguments: Any
    ) -> None:
        """Run one probe; what it has not found by then stays unknown."""
        with anyio.move_on_after(seconds):
            await probe(*arguments)

    async def at_machine(self, disk_at: Path) -> None:
        """Memory, disk, load, pressure and power; only the disk can hang."""
        self._read(
            "memory", judging.judge_memory, machine.available_memory, "available_memory_bytes"
        )
        self._read("load", judging.judge_load, machine.load_by_others, "load_per_cpu")
        self._read(
            "pressure", judging.judge_pressure, machine.memory_pressure, "memory_pressure_percent"
        )
        self._read("power", judging.judge_power, machine.power, "")
        free = await in_spare_thread(lambda: _or_fault(lambda: machine.free_disk(disk_at)))
        self._keep("disk", judging.judge_disk, free, "free_disk_bytes")

    async def at_user(self) -> None:
        """Terminals, and desktops where there is a logind."""
        gate, unread = self._gates["user"], ""
        seen: list[presence.Presence] = []
        try:
            seen = await in_spare_thread(presence.on_terminals)
            # Should logind hang, then this stands: whoever typed just now has typed just now.
            self._set(judging.judge_user(gate, self._settings, seen, "logind does not answer"))
            seen += await presence.on_desktops(_VERDICT_SECONDS)
        except HostError as error:
            unread = str(error)
        self._set(judging.judge_user(gate, self._settings, seen, unread))
        if seen:
            self._metrics["user_idle_seconds"] = round(min(p.idle_seconds for p in seen), 1)

    async def at_queue(self) -> None:
        """Pending and stalled tasks. What cannot be counted is closed, whatever `unknown_means`."""
        waiting, stalled = self._gates["queue"], self._gates["stalled"]
        self._set(waiting.found("the queue did not answer in time", is_open=False))
        tasks = await in_spare_thread(lambda: _or_fault(lambda: count_tasks(self._queue)))
        if isinstance(tasks, HostError):
            self._set(waiting.found(str(tasks), is_open=False))
            del self._gates["stalled"]
            return
        most = self._settings.max_pending_tasks
        self._set(judging.judge_tasks(waiting, most, tasks.pending, "pending"))
        self._metrics["pending_tasks"] = tasks.pending
        if tasks.stalled is None:
            del self._gates["stalled"]
            return
        most = self._settings.max_stalled_tasks
        self._set(judging.judge_tasks(stalled, most, tasks.stalled, "stalled"))
        self._metrics["stalled_tasks"] = tasks.stalled

    async def at_ollama(self, base_url: str) -> None:
        """Somebody else's questions. A server that is not there is nobody's."""
        gate = self._gates["ollama"]
        try:
            busy = await models_in_use(base_url)
        except ServerFault as error:
            self._set(gate.found(f"no Ollama: {error.reason}", is_open=True))
        else:
            self._set(gate.found(f"{', '.join(busy) or 'nothing'} in use", is_open=not busy))

    async def at_model(self, find_model: FindModel) -> None:
        """The model, by whoever knows how to find it."""
        self._model = await find_model()
        if self._model.choice:
            self._metrics["model_latency_seconds"] = self._model.choice.latency_seconds

    def verdict(self, *, idle_gates: bool) -> ReadinessReport:
        """What all of it comes to."""
        unknown_is_closed = self._settings.unknown_means != "ready"
        closed = [
            gate
            for gate in self._gates.values()
            if (gate.hard or idle_gates)
            and (
                gate.state == "closed"
                or (gate.state == "unknown" and (gate.hard or unknown_is_closed))
            )
        ]
        reasons = [f"{g.name}: {g.value}, {g.limit} ({g.setting})" for g in closed]
        if self._model.choice is None:
            reasons.append(self._model.reason)
        return ReadinessReport(
            ready=not closed,
            gates=tuple(self._gates.values()),
            model=self._model,
            metrics=self._metrics,
            reasons=reasons,
        )

    def _set(self, gate: Gate) -> None:
        self._gates[gate.name] = gate

    def _read(
        self, name: str, judge: Callable[..., Gate], read: Callable[[], Any], metric: str
    ) -> None:
        self._keep(name, judge, _or_fault(read), metric)

    def _keep(self, name: str, judge: Callable[..., Gate], reading: Any, metric: str) -> None:
        if isinstance(reading, HostError):
            self._set(self._gates[name].unread(str(reading)))
            return
        self._set(judge(self._gates[name], self._settings, reading))
        if metric and reading is not None:
            self._metrics[metric] = reading


def _or_fault(read: Callable[[], Any]) -> Any:
    """What `read` returns, or the fault it raises: a judge takes either."""
    try:
        return read()
    except HostError as fault:
        return fault
