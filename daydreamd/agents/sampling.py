"""Looking at all agent processes once: who they are, and how much their trees have done so far.

The first question to every process is which file it executes; all others are asked only of the few
that may be agents.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from daydreamd.agents.executed import Executed
from daydreamd.agents.kinds import CLAUDE, LEFT_BY_AGENTS, MCP, may_be_an_agent, recognise
from daydreamd.agents.nameless import LeftProcess, living_agent, look_at_left, may_be_left
from daydreamd.errors import ProcessGone
from daydreamd.host.processes import (
    TICKS_PER_SECOND,
    Identity,
    Stat,
    identify,
    read_argv,
    read_cwd,
    read_exe,
    read_io_bytes,
    scan,
)
from daydreamd.settings.cleanup import Cleanup

# What an idle agent does all the same. Measured: a real Claude Code that waits for its client takes
# 0.4 to 0.9 % of a processor, and every 20 s 50 ms of it at once, with 50 KiB of input and output;
# an opencode takes 0.8 % without a terminal and 1.3 % in one. All others sleep: a Codex, a Gemini
# or an Aider at its prompt, a server without a request.
_QUIET_TICKS: Final = 4
_QUIET_CPU_SHARE: Final = {CLAUDE: 0.02, "opencode": 0.02}
_QUIET_CPU_SHARE_OF_OTHERS: Final = 0.003
_QUIET_BYTES: Final = 96 << 10
_QUIET_BYTES_PER_SECOND: Final = 4 << 10
# What may differ where the counters count as equal: less than any request to a model costs.
_EQUAL_TICKS: Final = 2
_EQUAL_BYTES: Final = 4 << 10


@dataclass(frozen=True)
class Sample:
    """One agent process and what its tree has done since it began. `io_bytes` -1: unreadable.

    CPU and bytes include those of children that came, went and were waited for.
    """

    identity: Identity
    kind: str
    argv: tuple[str, ...]
    cwd: str
    stat: Stat
    members: frozenset[int]
    cpu_ticks: int
    io_bytes: int
    rss_bytes: int
    stopped: frozenset[int] = field(default=frozenset())
    runnable: frozenset[int] = field(default=frozenset())
    youngest_ticks: int = 0
    left: LeftProcess | None = None


def look(settings: Cleanup, table: Mapping[int, Stat] | None = None) -> dict[int, Sample]:
    """A sample of every agent process that is ours to look after, by pid."""
    table = scan() if table is None else table
    children = _by_parent(table)
    kernel = _parent_of_kernel_threads(table)
    found = {}
    for pid, stat in table.items():
        if stat.state in "ZX" or kernel in (pid, stat.ppid):
            continue
        exe = read_exe(pid)
        if may_be_an_agent(exe, settings.kinds):
            program = Executed(exe, read_argv(pid), read_cwd(pid), pid)
            kind = recognise(program, settings.kinds)
            sample = _sample(stat, program, kind, children, settings) if kind else None
            if sample is not None:
                found[pid] = sample
    return found | _left_by_agents(found, table, children, settings)


def _left_by_agents(
    agents: Mapping[int, Sample],
    table: Mapping[int, Stat],
    children: Mapping[int, Sequence[Stat]],
    settings: Cleanup,
) -> dict[int, Sample]:
    """What agents left, besides their own kind. A tree that holds an agent is judged by that."""
    uid = None if settings.all_users and os.geteuid() == 0 else os.getuid()
    taken = {member for sample in agents.values() for member in sample.members}
    began = {
        pid: (one.kind, one.stat.start_ticks) for pid, one in agents.items() if one.kind != MCP
    }
    found = {}
    for pid, stat in table.items():
        if pid in taken or stat.state in "ZX" or not may_be_left(stat, table):
            continue
        left = look_at_left(stat, uid)
        if left is None:
            continue
        left = replace(left, agent=living_agent(left, stat.start_ticks, began))
        program = Executed(read_exe(pid), read_argv(pid), read_cwd(pid), pid)
        sample = _sample(stat, program, LEFT_BY_AGENTS, children, settings)
        if sample is None or not left.is_shown or sample.members & agents.keys():
            continue
        found[pid] = replace(sample, left=left)
    return found


def _parent_of_kernel_threads(table: Mapping[int, Stat]) -> int:
    """Pid 2, unless that is anybody's as in a PID namespace; -1 where there are no such threads."""
    stat = table.get(2)
    return 2 if stat and (stat.comm, stat.ppid, stat.rss_bytes) == ("kthreadd", 0, 0) else -1


def _by_parent(table: Mapping[int, Stat]) -> dict[int, list[Stat]]:
    children: dict[int, list[Stat]] = {}
    for stat in table.values():
        children.setdefault(stat.ppid, []).append(stat)
    return children


def _sample(
    stat: Stat,
    program: Executed,
    kind: str,
    children: Mapping[int, Sequence[Stat]],
    settings: Cleanup,
) -> Sample | None:
    try:
        identity = identify(stat.pid)
    except ProcessGone:
        return None
    if (identity.start_ticks, identity.exe) != (stat.start_ticks, program.exe):
        return None  # not the one that was recognised
    if not _is_ours(identity, settings):
        return None
    family = _family(stat, children)
    return Sample(
        identity=identity,
        kind=kind,
        argv=program.argv,
        cwd=program.cwd,
        stat=stat,
        members=frozenset(member.pid for member in family),
        cpu_ticks=_cpu_ticks(family),
        io_bytes=_io_bytes(family),
        rss_bytes=sum(member.rss_bytes for member in family),
        stopped=frozenset(member.pid for member in family if member.state in "Tt"),
        runnable=frozenset(member.pid for member in family if member.state == "R"),
        youngest_ticks=max((member.start_ticks for member in family[1:]), default=0),
    )


def _family(stat: Stat, children: Mapping[int, Sequence[Stat]]) -> list[Stat]:
    family = [stat]
    for member in family:
        family += children.get(member.pid, ())
    return family


def _cpu_ticks(family: Sequence[Stat]) -> int:
    return sum(member.cpu_ticks + member.waited_ticks for member in family)


def _io_bytes(family: Sequence[Stat]) -> int:
    io = [read_io_bytes(member.pid) for member in family]
    return -1 if io[0] is None else sum(count or 0 for count in io)


def moved_since(samples: Mapping[int, Sample], seconds: float) -> dict[int, str]:
    """What each of these trees has done in the `seconds` since; those that were quiet are left out.

    It asks for nothing but counters, for the moment before a signal.
    """
    table = scan()
    children = _by_parent(table)
    moved = {}
    for pid, sample in samples.items():
        stat = table.get(pid)
        if stat is None or stat.start_ticks != sample.stat.start_ticks:
            continue
        family = _family(stat, children)
        now = replace(
            sample,
            members=frozenset(member.pid for member in family),
            cpu_ticks=_cpu_ticks(family),
            io_bytes=_io_bytes(family),
        )
        if what := has_moved((sample.cpu_ticks, sample.io_bytes, sample.members), now, seconds):
            moved[pid] = what
    return moved


def _is_ours(identity: Identity, settings: Cleanup) -> bool:
    return (settings.all_users and os.geteuid() == 0) or identity.uid == os.getuid()


def has_moved(before: tuple[int, int, frozenset[int]], now: Sample, seconds: float) -> str:
    """What a tree has done since `before` (CPU ticks, bytes, members); "" where it was quiet."""
    cpu_ticks, io_bytes, members = before
    if members - now.members or now.members - members:
        return "started or ended a process"
    ticks, bytes_ = abs(now.cpu_ticks - cpu_ticks), abs(now.io_bytes - io_bytes)
    return say_work(now.kind, ticks, bytes_, seconds)


def say_work(
    kind: str, ticks: int, bytes_: int, seconds: float, *, besides: tuple[int, int] = (0, 0)
) -> str:
    """What was done in these seconds; "" where it is what one of the kind does while it is idle.

    `besides` are CPU ticks and bytes that prove nothing in addition.
    """
    share = _QUIET_CPU_SHARE.get(kind, _QUIET_CPU_SHARE_OF_OTHERS)
    if ticks > besides[0] + _QUIET_TICKS + seconds * TICKS_PER_SECOND * share:
        return f"{ticks / TICKS_PER_SECOND:.1f} s of CPU in {seconds:.1f} s"
    if bytes_ > besides[1] + _QUIET_BYTES + seconds * _QUIET_BYTES_PER_SECOND:
        return f"{bytes_} bytes read or written in {seconds:.1f} s"
    return ""


def is_unmoved(before: tuple[int, int, frozenset[int]], now: Sample) -> bool:
    """Whether a tree has done nothing at all since `before`, however long ago that was.

    Counters only grow, so equal ones prove quiet where nobody looked in between.
    """
    cpu_ticks, io_bytes, members = before
    return (
        members == now.members
        and -1 not in (io_bytes, now.io_bytes)
        and abs(now.cpu_ticks - cpu_ticks) <= _EQUAL_TICKS
        and abs(now.io_bytes - io_bytes) <= _EQUAL_BYTES
    )
