"""One agent process: everything that is known of it, put together as the facts to decide by."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Final

from daydreamd.agents.bystanders import is_daydreamd
from daydreamd.agents.claude_files import ClaudeState, read_claude_state
from daydreamd.agents.claude_remote import remote_session, scheduled_work
from daydreamd.agents.idle_watch import Watch, Watched
from daydreamd.agents.idleness import EarlierLook, Idleness
from daydreamd.agents.intent import meant_to_stay
from daydreamd.agents.kinds import AIDER, CLAUDE, LEFT_BY_AGENTS, MCP, OTHER_AGENTS
from daydreamd.agents.registry import config_dir
from daydreamd.agents.sampling import Sample
from daydreamd.cleanup.adoption import Surroundings
from daydreamd.cleanup.decision import ProcessFacts
from daydreamd.cleanup.ownership import belonging_of, namespaces_of
from daydreamd.cleanup.undo import resume_aider, resume_claude
from daydreamd.errors import FileError
from daydreamd.host.children.commands import SESSION_MARK
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.processes import age_seconds, ancestors, read_argv, read_environ
from daydreamd.settings.cleanup import Cleanup, CleanupAgents, CleanupKind, CleanupLeft
from daydreamd.text import redact_argv

_COMMAND_LENGTH: Final = 200


@dataclass(frozen=True)
class PriorKnowledge:
    """What the caller brings along: which of our sessions are dead, and the watch's memory."""

    dead_sessions: Collection[str] = ()
    watch: Watch | None = None


class Inspection:
    """One process: the two samples of it, and what else is known."""

    def __init__(
        self,
        sample: Sample,
        former: EarlierLook,
        watched: Watched | None,
        settings: Cleanup,
        known: PriorKnowledge,
        around: Surroundings,
    ) -> None:
        self.sample, self.settings, self.known = sample, settings, known
        self.around, self.stat = around, sample.stat
        self.age = age_seconds(self.stat.start_ticks)
        environ = read_environ(self.stat.pid)
        self.environ_is_known = environ is not None
        self.environ = environ or {}
        self.claude = self._ask_claude()
        self.idleness = Idleness(sample, former, watched, self.claude, self.age)
        self.remote, self.roster_unknown = self._ask_remote()

    def facts(self, ours: Mapping[int, str]) -> ProcessFacts:
        """Everything there is to say about it."""
        sample, mark = self.sample, self.environ.get(SESSION_MARK, "")
        belonging = belonging_of(
            self.stat,
            sample.members,
            self.around,
            serves=sample.kind == MCP,
            remote=self.remote,
            ports_are_left=bool(sample.left and not sample.left.never),
        )
        idle, by = self.idleness.seconds()
        return ProcessFacts(
            pid=self.stat.pid,
            start_ticks=self.stat.start_ticks,
            rule=sample.kind,
            command=_said(sample.argv, sample.identity.exe),
            age_seconds=self.age,
            owner=belonging.owner,
            partners=belonging.partners,
            companions=belonging.companions,
            rss_bytes=sample.rss_bytes,
            never=self._never(ours, mark if self._is_below_daydreamd() else ""),
            dead_session=mark if mark in self.known.dead_sessions else "",
            unknown=self._unknown(),
            working=tuple(filter(None, (self.idleness.moved(),))),
            witness=self.claude.working,
            finished=self.claude.finished,
            idle_seconds=idle,
            idle_by=by,
            resume=self._resume(),
            family=sample.members,
            proof=self._proof(),
        )

    def _is_below_daydreamd(self) -> bool:
        """Whether somebody of ours lives above it: only then its session's mark says anything."""
        above = ancestors(self.stat.pid, self.around.table)
        return any(is_daydreamd(read_argv(parent.pid)) for parent in above)

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
        stays = meant_to_stay(self.stat.pid, sample, self.environ)
        return stays or (sample.left.never if sample.left else "")

    def _proof(self) -> tuple[str, ...]:
        """How it is known that an agent left it, and the ports that would be free again."""
        if self.sample.left is None:
            return ()
        ports = [
            link.name
            for pid in sorted(self.sample.members)
            for link in self.around.connections.links(pid, self.sample.members) or ()
            if link.how == "listener" and link.name.startswith("port ")
        ]
        held = [f"{port} would be free again" for port in dict.fromkeys(ports)]
        return (*self.sample.left.proof, *held)

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
        hidden = (self.claude.unknown, self.roster_unknown)
        return (*unknown, *(f"{source} cannot be read" for source in hidden if source))

    def _ask_remote(self) -> tuple[str, str]:
        """Why it lives without a terminal, and what of that could not be read."""
        if self.sample.kind != CLAUDE or self.is_elsewhere:
            return "", ""
        home, pid = config_dir(self.environ, self.sample.identity.uid), self.stat.pid
        try:
            said = remote_session(self.sample.argv, home, pid, self.stat.start_ticks)
            return said or self.claude.remote or scheduled_work(self.sample.cwd, pid), ""
        except (FileError, OSError) as error:
            return "", f"the roster of its daemon, or its scheduled work ({error})"

    @cached_property
    def is_elsewhere(self) -> bool:
        """Whether its files are not those of this machine: then none of them is read."""
        return namespaces_of(self.stat, self.around) != ()

    def _ask_claude(self) -> ClaudeState:
        if self.sample.kind != CLAUDE or self.is_elsewhere:
            return ClaudeState()
        return read_claude_state(
            self.stat.pid,
            self.stat.start_ticks,
            argv=self.sample.argv,
            environ=self.environ,
            uid=self.sample.identity.uid,
            cwd=self.sample.cwd,
        )

    def _resume(self) -> str | None:
        ways = {
            CLAUDE: partial(resume_claude, self.claude, self.sample.cwd),
            AIDER: partial(resume_aider, self.sample.argv, self.environ, self.sample.cwd),
        }
        if self.sample.kind not in ways:
            return None
        try:
            return ask_disk(self.claude.cwd or self.sample.cwd, ways[self.sample.kind])
        except TimeoutError:  # where its conversation lies is not known: then nothing is promised
            return None


def protections(settings: Cleanup, kind: str) -> tuple[str, ...]:
    """The protected pids and globs of a kind."""
    own: dict[str, CleanupKind | CleanupAgents | CleanupLeft] = {
        CLAUDE: settings.claude, AIDER: settings.aider, MCP: settings.mcp,
        LEFT_BY_AGENTS: settings.left_by_agents,
        **dict.fromkeys(OTHER_AGENTS, settings.other_agents),
    }  # fmt: skip
    of_users = {added.name: added for added in settings.kinds}
    return rule.protect if (rule := of_users.get(kind) or own.get(kind)) else ()


def _said(argv: tuple[str, ...], exe: str) -> str:
    """The command line on one line, without control characters, not too long."""
    words = [os.path.basename(argv[0]), *argv[1:]] if argv else [exe]  # noqa: PTH119 - a word, no path
    line = " ".join(word for word in redact_argv(words) if word)
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    return printable[:_COMMAND_LENGTH]
