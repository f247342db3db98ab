"""What a tidying found and did, in the shapes that people and programs are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec

from daydreamd.agents.kinds import AIDER, CLAUDE, LEFT_BY_AGENTS
from daydreamd.agents.learning import Learned
from daydreamd.cleanup.act import CAME_BACK, ENDED, LEFT, SURVIVED, Ending
from daydreamd.cleanup.decision import ProcessFacts, Verdict, Word
from daydreamd.cleanup.log_rotation import UNFINISHED, LogFile
from daydreamd.cleanup.temp import TempFile
from daydreamd.records.cleanup_summary import LeftByAgents, PreCleanup
from daydreamd.records.disk import DiskUse
from daydreamd.units import say_count, say_size


class ProcessDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A process as `clean --json` prints it; `start_time` in ISO 8601, UTC."""

    pid: int
    start_time: str
    rule: str
    command: str
    age_seconds: float
    idle_seconds: float | None
    rss_bytes: int
    frees_bytes: int | None
    decision: Word
    reasons: tuple[str, ...]
    resume: str | None
    outcome: str


class CleanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `clean --json` prints; `memory_unknown` counts ended trees that were not measured."""

    dry_run: bool
    candidates: tuple[ProcessDocument, ...]
    temp_files: tuple[TempFile, ...]
    logs: tuple[LogFile, ...]
    archives_removed: tuple[str, ...]
    failures: tuple[str, ...]
    memory_freed_bytes: int
    memory_unknown: int
    left: int
    seconds: float
    learned: tuple[Learned, ...] = ()
    disk: DiskUse | None = None


@dataclass(frozen=True)
class JudgedProcess:
    """An agent process with its verdict, and what became of it.

    `frees_bytes` is what its end gives back, as measured before; None where that is not known.
    """

    facts: ProcessFacts
    verdict: Verdict
    ending: Ending | None = None
    frees_bytes: int | None = None

    @property
    def outcome(self) -> str:
        """`ended`, `survived`, … ; empty where nothing was to be done."""
        return self.ending.outcome if self.ending else ""

    def after(self, ending: Ending | None) -> JudgedProcess:
        """The candidate once it was acted on: the last look may have changed the verdict."""
        if ending is None:
            return self
        verdict = ending.verdict or self.verdict
        verdict = replace(verdict, reasons=(*verdict.reasons, *ending.notes))
        return replace(self, verdict=verdict, ending=ending, frees_bytes=ending.freed_bytes)

    @property
    def document(self) -> ProcessDocument:
        facts = self.facts
        started = datetime.now(UTC) - timedelta(seconds=facts.age_seconds)
        return ProcessDocument(
            pid=facts.pid,
            start_time=started.isoformat(timespec="seconds"),
            rule=facts.rule,
            command=facts.command,
            age_seconds=round(facts.age_seconds, 1),
            idle_seconds=None if facts.idle_seconds is None else round(facts.idle_seconds, 1),
            rss_bytes=facts.rss_bytes,
            frees_bytes=self.frees_bytes,
            decision=self.verdict.word,
            reasons=self.verdict.reasons,
            resume=facts.resume,
            outcome=self.outcome,
        )


@dataclass
class TidyReport:
    """Everything one tidying found and did."""

    dry_run: bool
    candidates: list[JudgedProcess] = field(default_factory=list)
    temp_files: list[TempFile] = field(default_factory=list)
    logs: list[LogFile] = field(default_factory=list)
    archives_removed: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)
    disk: DiskUse | None = None
    seconds: float = 0.0

    @property
    def kills(self) -> list[JudgedProcess]:
        """What was, or would be, ended."""
        return [candidate for candidate in self.candidates if candidate.verdict.word == "kill"]

    @property
    def freed_bytes(self) -> int:
        """Memory of the trees that were ended, or in a dry run would be, as far as it is known."""
        return sum(candidate.frees_bytes or 0 for candidate in self._freeing)

    @property
    def unmeasured(self) -> int:
        """Of how many of these the memory is not known."""
        return sum(candidate.frees_bytes is None for candidate in self._freeing)

    @property
    def left(self) -> int:
        """How many abandoned processes did not fit into the time: to be taken up again soon."""
        return sum(candidate.outcome == LEFT for candidate in self.kills)

    @property
    def to_be_taken_up(self) -> int:
        """What did not fit into the time: abandoned processes, and logs that are packed in part."""
        return self.left + sum(log.outcome == UNFINISHED for log in self.logs)

    @property
    def said_freed(self) -> str:
        """The memory that came, or would come, back: `1.2 GiB`, `12 MiB and what 2 others hold`."""
        known = say_size(self.freed_bytes) if self.freed_bytes else ""
        if not self.unmeasured:
            return known
        others = f"what {self.unmeasured} {'others hold' if known else 'hold'}, which is not known"
        return f"{known} and {others}" if known else others

    @property
    def _freeing(self) -> list[JudgedProcess]:
        return [
            candidate
            for candidate in self.kills
            if self.dry_run or candidate.outcome.startswith((ENDED, CAME_BACK))
        ]

    def ended(self, rule: str | None = None) -> int:
        """How many processes of a rule were ended, or of all."""
        return sum(
            candidate.outcome == ENDED and rule in (None, candidate.facts.rule)
            for candidate in self.kills
        )

    @property
    def left_behind(self) -> list[JudgedProcess]:
        """What agents left and nobody has ended: it is reported."""
        return [
            candidate
            for candidate in self.candidates
            if candidate.facts.rule == LEFT_BY_AGENTS and candidate.outcome != ENDED
        ]

    def note_dead_outputs(self, outputs: Sequence[TempFile]) -> None:
        """Add to what is said of the disk the outputs that could go."""
        if self.disk is not None:
            size = sum(one.bytes for one in outputs)
            self.disk = msgspec.structs.replace(
                self.disk, dead_outputs=len(outputs), dead_output_bytes=size
            )

    @property
    def temp_removed(self) -> int:
        return sum(file.outcome == "removed" for file in self.temp_files)

    @property
    def logs_rotated(self) -> int:
        return sum(log.outcome == "rotated" for log in self.logs)

    @property
    def document(self) -> CleanDocument:
        return CleanDocument(
            dry_run=self.dry_run,
            candidates=tuple(candidate.document for candidate in self.candidates),
            temp_files=tuple(self.temp_files),
            logs=tuple(self.logs),
            archives_removed=tuple(self.archives_removed),
            failures=tuple(self.failures),
            memory_freed_bytes=self.freed_bytes,
            memory_unknown=self.unmeasured,
            left=self.left,
            seconds=round(self.seconds, 3),
            learned=tuple(self.learned),
            disk=self.disk,
        )

    def summary(self) -> PreCleanup:
        """As `cleanup_summary.pre_analysis` of a session."""
        return PreCleanup(
            claude_processes_killed=self.ended(CLAUDE),
            aider_processes_killed=self.ended(AIDER),
            processes_killed=self.ended(),
            temp_files_cleaned=self.temp_removed,
            memory_freed_mb=round(self.freed_bytes / 1e6, 1),
            logs_rotated=self.logs_rotated,
            spared=len(self.candidates) - len(self.kills),
            left=self.left,
            left_by_agents=LeftByAgents(
                count=len(self.left_behind),
                bytes=sum(candidate.frees_bytes or 0 for candidate in self.left_behind),
            ),
            survived=sum(candidate.outcome == SURVIVED for candidate in self.kills),
            failures=tuple(self.failures),
            dry_run=self.dry_run,
            seconds=round(self.seconds, 3),
        )

    @property
    def did_something(self) -> bool:
        """Whether anything was ended, removed or rotated, or could not be."""
        return bool(self.kills or self.temp_removed or self.logs_rotated or self.failures)

    def one_line(self) -> str:
        """What happened, for the line of a phase."""
        spared = len(self.candidates) - len(self.kills)
        alone = say_count(spared, "agent process", "agent processes")
        left = f"; {alone} left alone" if spared else ""
        others = [
            said
            for count, said in (
                (self.temp_removed, say_count(self.temp_removed, "temp file")),
                (self.logs_rotated, say_count(self.logs_rotated, "log rotated", "logs rotated")),
                (len(self.failures), say_count(len(self.failures), "failure")),
            )
            if count
        ]
        return ", ".join([self._said_of_kills(), *others]) + left + self._said_of_left_behind()

    def _said_of_left_behind(self) -> str:
        if not (behind := self.left_behind):
            return ""
        holds = sum(candidate.frees_bytes or 0 for candidate in behind)
        return f" ({len(behind)} left by agents, {say_size(holds)})"

    def _said_of_kills(self) -> str:
        if not self.kills:
            return "nothing abandoned"
        if self.dry_run:
            return f"{say_count(len(self.kills), 'process', 'processes')} would be ended"
        freed = f" ({self.said_freed})" if self.said_freed else ""
        said = f"{say_count(self.ended(), 'process', 'processes')} ended{freed}"
        missed = len(self.kills) - self.ended()
        return f"{said}, {missed} not" if missed else said
