"""Settings of what is tidied up: here a wrong value may never widen what is ended or removed.

A fault anywhere in these groups turns the rule into report-only (see `faults`), so each rule has a
switch: `enabled`, or `end` for the kinds that a user adds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from daydreamd.settings.group import Group, says
from daydreamd.units import Duration, Size

_MaxAge = Annotated[Duration, says("Younger processes are left alone.")]
_IdleFor = Annotated[Duration, says("Unowned: idle for this long.")]
_Protected = Annotated[
    tuple[str, ...], says("Pids, or globs on the command line, that are never ended.")
]


class CleanupKind(Group, frozen=True, kw_only=True):
    """When an agent process counts as abandoned."""

    enabled: Annotated[bool, says("Whether this rule ends anything; false only reports.")] = True
    max_age: _MaxAge = Duration(86_400)
    idle_for: _IdleFor = Duration(21_600)
    attended_idle_for: Annotated[
        Duration, says("Owned or in a terminal: idle for this long, by every signal.")
    ] = Duration(259_200)
    end_attended: Annotated[
        bool,
        says(
            "Whether one that is finished but could be come back to is ended; false only reports."
        ),
    ] = False
    max_count: Annotated[
        int, says("Above this many, the longest idle of the abandoned go first.", ge=0)
    ] = 5
    protect: _Protected = ()


class UserKind(Group, frozen=True, kw_only=True):
    """A kind of agent process that the user adds."""

    name: Annotated[str, says("Name of the rule in reports.", pattern="^[a-z][a-z0-9_-]*$")]
    exe: Annotated[tuple[str, ...], says("Globs on the executable's path.")] = ()
    script: Annotated[
        tuple[str, ...], says("Globs on the script that an interpreter runs (its first argument).")
    ] = ()
    end: Annotated[bool, says("Whether abandoned ones are ended; false only reports.")] = False
    max_age: _MaxAge = Duration(86_400)
    idle_for: _IdleFor = Duration(21_600)
    protect: _Protected = ()


class CleanupAgents(Group, frozen=True, kw_only=True):
    """When a process of another agent counts as abandoned."""

    end: Annotated[
        tuple[str, ...],
        says(
            "Whose abandoned processes are ended; those of qwen, goose, amp, crush and droid are "
            "only reported unless they are named, too."
        ),
    ] = ("codex", "gemini", "copilot", "opencode", "cursor-agent")
    max_age: _MaxAge = Duration(86_400)
    idle_for: _IdleFor = Duration(21_600)
    protect: _Protected = ()


class CleanupLeft(Group, frozen=True, kw_only=True):
    """What agents started and nobody owns any more, whatever it is called."""

    end: Annotated[
        bool,
        says(
            "Whether it is ended where its working directory is gone, too; false only reports. A "
            "dev server that is still wanted looks the same until then."
        ),
    ] = False
    max_age: _MaxAge = Duration(86_400)
    idle_for: _IdleFor = Duration(21_600)
    protect: _Protected = ()


class CleanupTemp(Group, frozen=True, kw_only=True):
    """Temp files that agents leave behind."""

    enabled: Annotated[bool, says("Whether temp files are removed.")] = True
    max_age: Annotated[Duration, says("Younger files are left alone.")] = Duration(86_400)
    directories: Annotated[
        tuple[str, ...], says("Where to look; empty takes $TMPDIR, /tmp and /var/tmp.")
    ] = ()
    patterns: Annotated[
        tuple[str, ...], says("Globs on names of leftovers, besides the known ones.")
    ] = ()


class CleanupAgentFiles(Group, frozen=True, kw_only=True):
    """Caches, traces and logs of agents that nobody reads again; never a transcript."""

    enabled: Annotated[bool, says("Whether such files are removed.")] = True
    max_age: Annotated[Duration, says("Younger files are left alone.")] = Duration(2_592_000)


class CleanupOutputs(Group, frozen=True, kw_only=True):
    """Outputs of Claude's background commands (/tmp/claude-UID) whose session is over."""

    enabled: Annotated[
        bool,
        says(
            "Whether they are removed; false only reports. An output is whole nowhere else: the"
            " transcript holds its beginning."
        ),
    ] = False
    max_age: Annotated[
        Duration, says("Neither file nor transcript of the session were touched for this long.")
    ] = Duration(604_800)
    min_size: Annotated[
        Size, says("Smaller ones stay: somebody's answer may be in them, and they take no room.")
    ] = Size(16 << 20)


class CleanupTranscripts(Group, frozen=True, kw_only=True):
    """Transcripts that Claude Code will delete by itself (its `cleanupPeriodDays`, else 30)."""

    archive: Annotated[
        bool, says("Whether they are kept, compressed, in our own state before they go.")
    ] = False
    before: Annotated[Duration, says("How long before.")] = Duration(604_800)
    max_total_size: Annotated[
        Size, says("No more are archived above this; what is kept is never removed.")
    ] = Size(1 << 30)


class CleanupPressure(Group, frozen=True, kw_only=True):
    """Tidying at once when memory runs short, told by the kernel (PSI)."""

    enabled: Annotated[bool, says("Whether memory pressure begins a tidying.")] = True
    stall: Annotated[Duration, says("Of 2 s, somebody waited this long for memory; 1ms to 2s.")] = (
        Duration(0.15)
    )
    file: Annotated[
        str,
        says("Where pressure is told; empty takes /proc/pressure/memory, that of the machine."),
    ] = ""
    backoff: Annotated[
        Duration, says("The pause after such a tidying; twice as long each time it did not help.")
    ] = Duration(300)


class CleanupLog(Group, frozen=True, kw_only=True):
    """A log file to rotate."""

    path: Annotated[
        str,
        says(
            "The log file. The system's units write only below /tmp and /var/tmp; another"
            " directory is opened to them with ReadWritePaths= (`systemctl edit daydreamd`).",
            min_length=1,
        ),
    ]
    enabled: Annotated[bool, says("Whether it is rotated; false only reports.")] = True
    max_size: Annotated[Size, says("Rotated above this size.")] = Size(10 << 20)
    keep: Annotated[int, says("Compressed former logs to keep.", ge=0, le=1000)] = 5
    reopen: Annotated[
        Literal["copytruncate", "signal"],
        says("How the writer goes on: told by a signal, or its file copied and truncated."),
    ] = "copytruncate"
    pidfile: Annotated[str, says("The writer's pid file, for reopen = signal.")] = ""
    signal: Annotated[Literal["HUP", "USR1", "USR2"], says("The signal that reopens.")] = "HUP"


class Cleanup(Group, frozen=True, kw_only=True):
    """What is tidied up, and how carefully."""

    enabled: Annotated[bool, says("Whether anything is tidied up at all.")] = True
    dry_run: Annotated[bool, says("Only report.")] = False
    grace: Annotated[Duration, says("From TERM to KILL.")] = Duration(10)
    observe: Annotated[Duration, says("The gap between the two samples.")] = Duration(2)
    all_users: Annotated[bool, says("As root: other users' processes too.")] = False
    learn: Annotated[
        bool,
        says(
            "Whether idle times are lengthened where processes that were idle for so long came"
            " back; they are never shortened."
        ),
    ] = True
    claude: Annotated[CleanupKind, says("Claude Code.")] = CleanupKind()
    aider: Annotated[CleanupKind, says("Aider runs that are not ours.")] = CleanupKind()
    mcp: Annotated[CleanupKind, says("MCP servers whose session is gone.")] = CleanupKind(
        max_age=Duration(3_600), idle_for=Duration(3_600)
    )
    other_agents: Annotated[CleanupAgents, says("Other agents.")] = CleanupAgents()
    left_by_agents: Annotated[
        CleanupLeft, says("Dev servers, watchers, browsers and the like.")
    ] = CleanupLeft()
    temp: Annotated[CleanupTemp, says("Temp files.")] = CleanupTemp()
    agent_files: Annotated[CleanupAgentFiles, says("Old files of agents.")] = CleanupAgentFiles()
    outputs: Annotated[CleanupOutputs, says("Outputs of tasks whose session is over.")] = (
        CleanupOutputs()
    )
    transcripts: Annotated[CleanupTranscripts, says("Transcripts about to be deleted.")] = (
        CleanupTranscripts()
    )
    pressure: Annotated[CleanupPressure, says("Memory pressure.")] = CleanupPressure()
    logs: Annotated[tuple[CleanupLog, ...], says("Log files to rotate.")] = ()
    kinds: Annotated[tuple[UserKind, ...], says("More kinds of agent processes.")] = ()
