"""What the supervisor has seen of agent processes over hours: since when each has been quiet.

Two looks a few seconds apart cannot tell six idle hours from a pause for thought. So the daemon
looks every few minutes and keeps, for each process, the time since which nothing has moved. The
file is small, belongs to one boot, and a broken one is begun anew.

Between two looks further apart than `LONGEST_SPAN_SECONDS` (the daemon was down, the machine slept)
an agent may have worked and rested again. Such a gap is quiet only if the counters are equal on
both sides; else it is unknown, and quiet time begins anew after it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.agents.sampling import Sample, has_moved, is_unmoved, look
from daydreamd.agents.spells import End, Spell, keep_spells
from daydreamd.errors import FileError, HostError
from daydreamd.host.boots import read_boot_id
from daydreamd.host.files.access import write_atomically
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.files.json_files import read_json
from daydreamd.host.threads import in_spare_thread
from daydreamd.settings.cleanup import Cleanup

_LOOK_SECONDS: Final = 20.0
FILE_NAME: Final = "agents.json"
LONGEST_SPAN_SECONDS: Final = 900.0


class Watched(msgspec.Struct):
    """One process over time. Times are of CLOCK_BOOTTIME; `active_at` None: not seen to move."""

    pid: int
    start_ticks: int
    kind: str
    seen_at: float
    quiet_since: float
    active_at: float | None
    first_parent: int
    adopted: bool
    rss_bytes: int
    cpu_ticks: int
    io_bytes: int
    members: tuple[int, ...]
    alone: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return self.pid, self.start_ticks

    def spell(self, end: End, until: float | None = None) -> Spell:
        """The idle spell that it is in, up to `until` or the last look."""
        seconds = (self.seen_at if until is None else until) - self.quiet_since
        return Spell(self.kind, self.alone, max(0.0, seconds), end)


class Watch(msgspec.Struct):
    """All that was seen since the machine was started."""

    boot_id: str
    agents: list[Watched] = []

    def find(self, pid: int, start_ticks: int) -> Watched | None:
        """What is known of a process; a reused pid is another one."""
        return next(
            (seen for seen in self.agents if (seen.pid, seen.start_ticks) == (pid, start_ticks)),
            None,
        )

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Processes and bytes by kind, for `daydreamd status`."""
        numbers, sizes = Counter[str](), Counter[str]()
        for seen in self.agents:
            numbers[seen.kind] += 1
            sizes[seen.kind] += seen.rss_bytes
        return {kind: (number, sizes[kind]) for kind, number in numbers.items()}


async def sample_agents(
    state: Path, settings: Cleanup, *, ended: Collection[tuple[int, int]] = ()
) -> Watch:
    """Sample all agent processes once and keep what is known of each in a file in `state`.

    The supervisor does so every `observe.watch_agents`. `ended` are the processes (pid and start)
    that were ended since. HostError where a disk hangs, FileError where a file cannot be written.
    """
    path = state / FILE_NAME
    former, boot_id = _read_former(state), read_boot_id()
    before = former if former.boot_id == boot_id else Watch(boot_id)
    # One look that hangs is enough: meanwhile no other is begun.
    ask = partial(ask_disk, "/proc", partial(look, settings), seconds=_LOOK_SECONDS)
    try:
        samples = await in_spare_thread(ask)
    except TimeoutError:
        raise HostError("cannot look at agent processes: a disk hangs") from None
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    agents = [
        carry_on(before.find(sample.stat.pid, sample.stat.start_ticks), sample, now)
        for sample in samples.values()
    ]
    watch = Watch(before.boot_id, agents)
    if watch.agents or former.agents:
        await write_atomically(path, msgspec.json.encode(watch))
        await keep_spells(state, list(ended_spells(former, watch, ended)))
    return watch


def ended_spells(
    before: Watch, after: Watch, ended: Collection[tuple[int, int]] = ()
) -> Iterator[Spell]:
    """The idle spells that ended between two looks; those of `ended` processes by us."""
    same_boot = before.boot_id == after.boot_id
    for was in before.agents:
        now = after.find(was.pid, was.start_ticks) if same_boot else None
        if now is None:
            yield was.spell("ended" if was.key in ended else "gone" if same_boot else "reboot")
        elif now.quiet_since > was.quiet_since:
            moved = now.active_at == now.seen_at
            is_gap = not 0 <= now.seen_at - was.seen_at <= LONGEST_SPAN_SECONDS
            yield was.spell("came back" if moved and not is_gap else "not seen")


def spells_under_way(watch: Watch) -> list[Spell]:
    """The spells of all that are idle now."""
    return [seen.spell("still idle") for seen in watch.agents]


def read_watch(state: Path | None) -> Watch:
    """What `sample_agents` kept since this boot; empty where there is nothing that can be read."""
    boot_id = read_boot_id()
    former = Watch(boot_id) if state is None else _read_former(state)
    return former if former.boot_id == boot_id else Watch(boot_id)


def _read_former(state: Path) -> Watch:
    """What was kept last, of this boot or another."""
    try:
        return read_json(state / FILE_NAME, Watch, max_bytes=16 << 20)
    except FileError:
        # not there yet, or torn by somebody: then idle time is not known, which spares
        return Watch(read_boot_id())


def carry_on(was: Watched | None, sample: Sample, now: float) -> Watched:
    """A process after one more sample at `now` (s, CLOCK_BOOTTIME); `was` is None for a new one."""
    stat, first_parent = sample.stat, was.first_parent if was else sample.stat.ppid
    quiet_since, active_at = _quiet(was, sample, now) if was else (now, None)
    return Watched(
        pid=stat.pid,
        start_ticks=stat.start_ticks,
        kind=sample.kind,
        seen_at=now,
        quiet_since=quiet_since,
        active_at=active_at,
        first_parent=first_parent,
        adopted=stat.ppid != first_parent,
        rss_bytes=sample.rss_bytes,
        cpu_ticks=sample.cpu_ticks,
        io_bytes=sample.io_bytes,
        members=tuple(sorted(sample.members)),
        alone=stat.tty_nr == 0 and (stat.ppid == 1 or stat.ppid != first_parent),
    )


def _quiet(was: Watched, sample: Sample, now: float) -> tuple[float, float | None]:
    """Since when it has been quiet, and when it was last seen to have moved."""
    former, span = (was.cpu_ticks, was.io_bytes, frozenset(was.members)), now - was.seen_at
    if has_moved(former, sample, max(0.0, span)):
        return now, now
    is_gap = not 0 <= span <= LONGEST_SPAN_SECONDS  # the clock of a time namespace may go back
    if is_gap and not is_unmoved(former, sample):
        return now, was.active_at
    return min(was.quiet_since, now), was.active_at
