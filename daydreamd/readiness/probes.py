"""The probes, one beside the other: each reads one thing and puts what was judged of it in place.

A probe that does not come back leaves its gates as they were: unknown, or (the queue) closed.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec

from daydreamd.agents.registry import agents_at_work
from daydreamd.errors import HostError, ServerFault
from daydreamd.host.system import machine, presence
from daydreamd.host.threads import in_spare_thread
from daydreamd.readiness import gates as judging
from daydreamd.readiness.busy_server import models_in_use
from daydreamd.readiness.embedded import ModelFinding
from daydreamd.readiness.queue import count_tasks
from daydreamd.records.health import Gate, SystemMetrics
from daydreamd.settings.schema import Queue, Readiness

_LOGIND_SECONDS: Final = 2.5


class Probes:
    """What is found: `gates` by name, `metrics`, and the `model`."""

    def __init__(self, settings: Readiness, quiet_hours: Sequence[str]) -> None:
        self._settings = settings
        self.gates = judging.blank_gates(settings, quiet_hours)
        self.metrics = SystemMetrics()
        self.model = ModelFinding(choice=None, provider="", reason="no model answered in time")
        self._set(judging.judge_hours(self.gates["hours"], quiet_hours, datetime.now(UTC)))

    async def at_machine(self, disk_at: Path) -> None:
        """Judge memory, load, pressure and power; then the disk, which alone can hang."""
        for name, judge, read, metric in (
            ("memory", judging.judge_memory, machine.available_memory, "available_memory_bytes"),
            ("load", judging.judge_load, machine.load_by_others, "load_per_cpu"),
            (
                "pressure",
                judging.judge_pressure,
                machine.memory_pressure,
                "memory_pressure_percent",
            ),
            ("power", judging.judge_power, machine.power, ""),
        ):
            self._keep(name, judge, _or_fault(read), metric)
        free = await in_spare_thread(lambda: _or_fault(lambda: machine.free_disk(disk_at)))
        self._keep("disk", judging.judge_disk, free, "free_disk_bytes")

    async def at_user(self) -> None:
        """Judge `user` by terminals, and by desktops where there is a logind."""
        gate, unread = self.gates["user"], ""
        seen: list[presence.Presence] = []
        try:
            seen = await in_spare_thread(presence.on_terminals)
            # Should logind hang, then this stands: whoever typed just now has typed just now.
            self._set(judging.judge_user(gate, self._settings, seen, "logind does not answer"))
            seen += await presence.on_desktops(_LOGIND_SECONDS)
        except HostError as error:
            unread = str(error)
        self._set(judging.judge_user(gate, self._settings, seen, unread))
        if seen:
            self._measure(user_idle_seconds=round(min(p.idle_seconds for p in seen), 1))

    async def at_agents(self) -> None:
        """Judge `agents` by those in the middle of a turn."""
        at_work = await in_spare_thread(lambda: agents_at_work(os.environ))
        self._set(judging.judge_agents(self.gates["agents"], self._settings, at_work))

    async def at_queue(self, queue: Queue) -> None:
        """Judge `queue`, `stalled`. What cannot be counted is closed, whatever `unknown_means`."""
        stalled = self.gates.pop("stalled")
        waiting = self.gates["queue"]
        if queue.backend == "none":
            self._set(waiting.found("no queue is set", is_open=True))
            return
        self._set(waiting.found("the queue did not answer in time", is_open=False))
        tasks = await in_spare_thread(lambda: _or_fault(lambda: count_tasks(queue)))
        if isinstance(tasks, HostError):
            self._set(waiting.found(str(tasks), is_open=False))
            return
        most = self._settings.max_pending_tasks
        self._set(judging.judge_tasks(waiting, most, tasks.pending, "pending"))
        self._measure(pending_tasks=tasks.pending)
        if tasks.stalled is not None:
            most = self._settings.max_stalled_tasks
            self._set(judging.judge_tasks(stalled, most, tasks.stalled, "stalled"))
            self._measure(stalled_tasks=tasks.stalled)

    async def at_ollama(self, base_url: str) -> None:
        """Judge `ollama` by the models it has in use; open where no Ollama answers."""
        gate = self.gates["ollama"]
        try:
            busy = await models_in_use(base_url)
        except ServerFault as error:
            self._set(gate.found(f"no Ollama: {error.reason}", is_open=True))
        else:
            self._set(gate.found(f"{', '.join(busy) or 'nothing'} in use", is_open=not busy))

    async def at_model(self, find_model: Callable[[], Awaitable[ModelFinding]]) -> None:
        """Find the model, and note how quickly it answered."""
        self.model = await find_model()
        if self.model.choice:
            self._measure(model_latency_seconds=self.model.choice.latency_seconds)

    def _measure(self, **figures: float) -> None:
        self.metrics = msgspec.structs.replace(self.metrics, **figures)

    def _set(self, gate: Gate) -> None:
        self.gates[gate.name] = gate

    def _keep(self, name: str, judge: Callable[..., Gate], reading: Any, metric: str) -> None:
        if isinstance(reading, HostError):
            self._set(self.gates[name].unread(str(reading)))
            return
        self._set(judge(self.gates[name], self._settings, reading))
        if metric and reading is not None:
            self._measure(**{metric: reading})


async def within(seconds: float, probe: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    """Run one probe, and leave it where it is when the time is over."""
    with anyio.move_on_after(seconds):
        await probe(*arguments)


def _or_fault(read: Callable[[], Any]) -> Any:
    """What `read` returns, or the fault it raises: `_keep` takes either."""
    try:
        return read()
    except HostError as fault:
        return fault
