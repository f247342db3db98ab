"""Gathering what is known of every agent process, in two looks a moment apart.

Everything is asked of the machine or read from the agents' own files; nothing of the user's is run.
What cannot be read is put down as unknown, which spares. What it all means is `decision`'s matter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

import anyio
import anyio.to_thread

from daydreamd.cleanup.claude_files import ClaudeSays, ask_claude
from daydreamd.cleanup.decision import Facts
from daydreamd.cleanup.kinds import AIDER, CLAUDE, MCP
from daydreamd.cleanup.ownership import Surroundings, find_owner, meant_to_stay
from daydreamd.cleanup.sampling import Sample, has_moved, look
from daydreamd.cleanup.undo import resume_aider, resume_claude
from daydreamd.cleanup.watch import Watch, Watched, carry_on
from daydreamd.host.commands import SESSION_MARK
from daydreamd.host.connections import see_connections
from daydreamd.host.processes import (
    TICKS_PER_SECOND,
    Identity,
    age_seconds,
    ancestors,
    descendants,
    read_environ,
    scan,
)
from daydreamd.host.terminals import seconds_since_input, terminal_name, terminal_of_stdin
from daydreamd.settings.model import Cleanup
from daydreamd.text import redact_argv
from daydreamd.units import say_duration

# Less processor time than it takes to start: who has spent no more has done nothing since. Claude
# Code takes 0.6 s, Aider 3 s; a server may be a small program.
_NEVER_WORKED_SECONDS: Final = {CLAUDE: 0.4, AIDER: 0.4}
_SMALL_PROGRAM_SECONDS: Final = 0.2
_COMMAND_LENGTH: Final = 200


@dataclass(frozen=True)
class Known:
    """What the caller brings along: which of our sessions are dead, and the watch's memory."""

    dead_sessions: Collection[str] = ()
    watch: Watch | None = None


@dataclass(frozen=True)
class Evidence:
    """All agent processes with their facts, and who they are, for acting on.

    `samples` are what their trees had done by `taken_at` (monotonic seconds).
    """

    facts: tuple[Facts, ...]
    identities: Mapping[int, Identity]
    samples: Mapping[int, Sample] = field(default_factory=dict)
    taken_at: float = 0.0


async def gather_evidence(settings: Cleanup, known: Known) -> Evidence:
    """Look twice, `settings.observe` apart, and put together what is known."""
    began = time.monotonic()
    first = await anyio.to_thread.run_sync(look, settings)
    if not first:
        return Evidence((), {})
    await anyio.sleep(settings.observe)
    return await anyio.to_thread.run_sync(_second_look, first, began, settings, known)


def look_again(before: Evidence, settings: Cleanup, known: Known) -> Evidence:
    """All the evidence anew, compared with what was seen `before`: for the moment of acting."""
    return _second_look(before.samples, before.taken_at, settings, known)


def _second_look(
    first: Mapping[int, Sample], began: float, settings: Cleanup, known: Known
) -> Evidence:
    table = scan()
    second = look(settings, table)
    taken_at = time.monotonic()
    gap = taken_at - began
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    watched = {
        pid: carry_on(seen, sample, now)
        for pid, sample in second.items()
        if known.watch and (seen := known.watch.find(pid, sample.stat.start_ticks))
    }
    adopted = {
        pid
        for pid, seen in watched.items()
        if seen.adopted or seen.first_parent != second[pid].stat.ppid
    }
    around = Surroundings(table, see_connections(), adopted)
    us = os.getpid()
    ours = {
        us: "this is daydreamd itself",
        **{stat.pid: "it is an ancestor of daydreamd" for stat in ancestors(us, table)},
        **{stat.pid: "daydreamd works with it" for stat in descendants([us], table)},
    }
    facts = [
        _Case(sample, first.get(pid), gap, watched.get(pid), settings, known).facts(around, ours)
        for pid, sample in sorted(second.items())
    ]
    identities = {pid: sample.identity for pid, sample in second.items()}
    return Evidence(tuple(facts), identities, second, taken_at)


class _Case:
    """One process: the two samples of it, and what else is known."""

    def __init__(
        self,
        sample: Sample,
        before: Sample | None,
        gap: float,
        watched: Watched | None,
        settings: Cleanup,
        known: Known,
    ) -> None:
        self.sample, self.before, self.gap = sample, before, gap
        self.watched, self.settings, self.known = watched, settings, known
        self.stat = sample.stat
        self.age = age_seconds(self.stat.start_ticks)
        environ = read_environ(self.stat.pid)
        self.environ_is_known = environ is not None
        self.environ = environ or {}
        self.claude = self._ask_claude()

    def facts(self, around: Surroundings, ours: Mapping[int, str]) -> Facts:
        """Everything there is to say about it."""
        sample, mark = self.sample, self.environ.get(SESSION_MARK, "")
        owner = find_owner(self.stat, sample.members, around, serves=sample.kind == MCP)
        idle, by = self._idle()
        return Facts(
            pid=self.stat.pid,
            start_ticks=self.stat.start_ticks,
            rule=sample.kind,
            command=_said(sample.argv, sample.identity.exe),
            age_seconds=self.age,
            owner=owner,
            rss_bytes=sample.rss_bytes,
            never=self._never(ours, mark),
            dead_session=mark if mark in self.known.dead_sessions else "",
            unknown=self._unknown(),
            working=tuple(filter(None, (self._moved(), self.claude.working))),
            idle_seconds=idle,
            idle_by=by,
            resume=self._resume(),
            family=sample.members,
        )

    def _never(self, ours: Mapping[int, str], mark: str) -> str:
        sample = self.sample
        inside = [ours[pid] for pid in sample.members if pid in ours]
        if inside:
            return ours.get(self.stat.pid) or f"its tree holds daydreamd: {inside[0]}"
        if mark and mark not in self.known.dead_sessions:
            return f"works for a session of ours ({mark})"
        if self.stat.pid in sample.stopped:
            return "stopped: somebody's Ctrl-Z or debugger"
        if sample.stopped:
            return f"its process {min(sample.stopped)} is stopped: somebody's Ctrl-Z or debugger"
        if protected := self._protected():
            return f"protected by {protected}"
        return meant_to_stay(self.stat.pid, sample.argv, self.environ)

    def _protected(self) -> str:
        line = " ".join(self.sample.argv)
        for entry in protections(self.settings, self.sample.kind):
            if entry.isdecimal():
                if int(entry) in self.sample.members:
                    return f"the settings (pid {entry})"
            elif fnmatchcase(line, entry):
                return f'the settings ("{entry}")'
        return ""

    def _unknown(self) -> tuple[str, ...]:
        unknown = [] if self.environ_is_known else ["its environment cannot be read"]
        if self.sample.io_bytes < 0:
            unknown.append("what it reads and writes cannot be read")
        if self.claude.unknown:
            unknown.append(f"{self.claude.unknown} cannot be read")
        return tuple(unknown)

    def _moved(self) -> str:
        before = self.before
        if before is None or before.stat.start_ticks != self.stat.start_ticks:
            return "it has only just begun"
        if before.identity != self.sample.identity:
            return "it has only just become another program"
        former = (before.cpu_ticks, before.io_bytes, before.members)
        return has_moved(former, self.sample, self.gap)

    def _idle(self) -> tuple[float | None, str]:
        """How long it has been idle at least, by the best proof that nothing contradicts."""
        if self._moved():
            return 0.0, ""
        proofs = {"nothing moved between two looks": self.gap, **self._proofs()}
        by = max(proofs, key=lambda name: proofs[name])
        limits = [self.age, *self._last_signs()]
        if terminal := terminal_name(self.stat.tty_nr) or terminal_of_stdin(self.stat.pid):
            typed = seconds_since_input(terminal)
            if typed is None:
                return None, ""
            limits.append(typed)
        return min(proofs[by], *limits), by

    def _proofs(self) -> dict[str, float]:
        """What proves that nothing was done, and for how long."""
        proofs = {}
        if self.watched:
            now = time.clock_gettime(time.CLOCK_BOOTTIME)
            proofs["no CPU, input or output seen"] = now - self.watched.quiet_since
        spent = self.sample.cpu_ticks / TICKS_PER_SECOND
        if spent <= _NEVER_WORKED_SECONDS.get(self.sample.kind, _SMALL_PROGRAM_SECONDS):
            proofs[f"{say_duration(spent)} of CPU in all its life"] = self.age
        if self.claude.transcript_age is not None and self.claude.is_certain:
            proofs["its transcript"] = self.claude.transcript_age
        if self.claude.idle_seconds is not None:
            proofs["Claude's own word"] = self.claude.idle_seconds
        return proofs

    def _last_signs(self) -> list[float]:
        """How long ago each sign of life was that is known of."""
        signs = [self.claude.transcript_age, self.claude.idle_seconds]
        if self.watched and self.watched.active_at is not None:
            signs.append(time.clock_gettime(time.CLOCK_BOOTTIME) - self.watched.active_at)
        if self.sample.youngest_ticks:
            signs.append(age_seconds(self.sample.youngest_ticks))
        return [sign for sign in signs if sign is not None]

    def _ask_claude(self) -> ClaudeSays:
        if self.sample.kind != CLAUDE:
            return ClaudeSays()
        return ask_claude(
            self.stat.pid,
            self.stat.start_ticks,
            argv=self.sample.argv,
            environ=self.environ,
            uid=self.sample.identity.uid,
            cwd=self.sample.cwd,
        )

    def _resume(self) -> str | None:
        if self.sample.kind == CLAUDE:
            return resume_claude(self.claude, self.sample.cwd, self.sample.identity.uid)
        if self.sample.kind == AIDER:
            return resume_aider(self.sample.argv, self.environ, self.sample.cwd)
        return None


def protections(settings: Cleanup, kind: str) -> tuple[str, ...]:
    """The protected pids and globs of a kind."""
    own = {CLAUDE: settings.claude, AIDER: settings.aider, MCP: settings.mcp}
    of_users = {added.name: added for added in settings.kinds}
    rule = of_users.get(kind) or own.get(kind)
    return rule.protect if rule else ()


def _said(argv: tuple[str, ...], exe: str) -> str:
    """The command line on one line, without control characters, not too long."""
    words = [os.path.basename(argv[0]), *argv[1:]] if argv else [exe]  # noqa: PTH119 - a word, no path
    line = " ".join(word for word in redact_argv(words) if word)
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    return printable[:_COMMAND_LENGTH]
