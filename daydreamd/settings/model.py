"""Every setting there is, with its sentence, unit and default.

The structs below are the only source: `etc/daydreamd.toml`, `daydreamd check` and the README's
table are held against them by tests. A room is handed its own group and nothing else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from daydreamd.units import Duration, Size


def _says(sentence: str, **limits: Any) -> Meta:
    """The sentence of a setting, and limits for its value."""
    return Meta(description=sentence, **limits)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the settings file."""


class Schedule(Group, frozen=True, kw_only=True):
    """When sessions run."""

    interval: Annotated[Duration, _says("Time from one session to the next.")] = Duration(21_600)
    jitter: Annotated[Duration, _says("At most this much is added by chance.")] = Duration(300)
    retry_when_busy: Annotated[
        Duration, _says("How soon to look again when the machine was not ready.")
    ] = Duration(900)
    quiet_hours: Annotated[
        tuple[str, ...], _says('Local times without timed sessions, such as ["09:00-18:00"].')
    ] = ()
    on_start: Annotated[bool, _says("Run a session when the daemon starts.")] = False


class Readiness(Group, frozen=True, kw_only=True):
    """When the machine counts as ready."""

    max_pending_tasks: Annotated[int, _says("Tasks that may wait in the queue.", ge=0)] = 5
    max_stalled_tasks: Annotated[int, _says("Tasks that may be stalled.", ge=0)] = 2
    min_free_memory: Annotated[Size, _says("Memory that must be available.")] = Size(2 << 30)
    min_free_disk: Annotated[Size, _says("Disk that must be free where state is kept.")] = Size(
        1 << 30
    )
    max_load_per_cpu: Annotated[float, _says("Load (1 min) per processor.", ge=0)] = 0.7
    max_memory_pressure: Annotated[
        float, _says("Memory pressure (PSI some, 10 s), percent.", ge=0, le=100)
    ] = 10.0
    require_ac_power: Annotated[bool, _says("Wait for mains on a machine with a battery.")] = True
    user_idle: Annotated[Duration, _says("How long nobody may have typed.")] = Duration(600)
    unknown_means: Annotated[
        Literal["not ready", "ready"],
        _says("What an idle gate that cannot be read counts as; hard gates are never guessed."),
    ] = "not ready"


class Queue(Group, frozen=True, kw_only=True):
    """The task queue whose owner comes first. It is only ever read."""

    backend: Annotated[Literal["none", "sqlite", "huey"], _says("Kind of queue.")] = "none"
    path: Annotated[str, _says("SQLite file of the queue.")] = ""
    table: Annotated[str, _says("Its table of tasks.", pattern="^[A-Za-z_][A-Za-z0-9_]*$")] = (
        "promises"
    )
    stalled_after: Annotated[Duration, _says("In progress for longer counts as stalled.")] = (
        Duration(14_400)
    )
    url: Annotated[str, _says("Redis URL of a huey queue.")] = ""
    name: Annotated[str, _says("Name of a huey queue.")] = "huey"
    events: Annotated[bool, _says("Listen to huey's signals.")] = False


class Model(Group, frozen=True, kw_only=True):
    """The local model that reflects."""

    provider: Annotated[
        Literal["auto", "ollama", "openai", "embedded"],
        _says(
            "auto: Ollama if it answers and has the model (or, with none named, any),"
            " else the embedded engine if installed."
        ),
    ] = "auto"
    base_url: Annotated[str, _says("Where the model server listens.", pattern="^https?://")] = (
        "http://127.0.0.1:11434"
    )
    name: Annotated[str, _says("The model; empty takes the first the server has.")] = ""
    api_key: Annotated[str, _says("Key for an OpenAI-compatible server.")] = ""
    context_tokens: Annotated[
        int, _says("Tokens for prompt and answer; 0 asks the server.", ge=0, le=2_000_000)
    ] = 0
    max_prompt_tokens: Annotated[int, _says("The prompt stays below this.", ge=600)] = 12_000
    max_answer_tokens: Annotated[int, _says("The answer is cut here.", ge=64)] = 1_200


class Analysis(Group, frozen=True, kw_only=True):
    """How the model is asked."""

    engine: Annotated[
        Literal["auto", "aider", "direct"],
        _says("auto: Aider where it is found and runs, else direct."),
    ] = "auto"
    aider: Annotated[str, _says("The aider program: a name on PATH, or a path.")] = "aider"
    timeout: Annotated[Duration, _says("Hard deadline of the whole analysis, 5m at most.")] = (
        Duration(300)
    )
    max_memory: Annotated[Size, _says("Aider's tree is ended above this.")] = Size(2 << 30)
    max_workspaces: Annotated[int, _says("Workspaces a session looks at.", ge=1, le=50)] = 3
    confine: Annotated[bool, _says("Confine Aider with Landlock where the kernel has it.")] = True


class WorkspaceSetting(Group, frozen=True, kw_only=True):
    """A directory to reflect on."""

    path: Annotated[str, _says("The directory; ~ is the daemon's user's home.", min_length=1)]
    name: Annotated[str, _says("Its name in reports; the directory's name if empty.")] = ""
    priority: Annotated[int, _says("Higher comes first when there are many.", ge=0, le=100)] = 5
    model: Annotated[str | None, _says("A model for this workspace alone.")] = None
    exclude: Annotated[tuple[str, ...], _says("Globs of files never to be read.")] = ()


class CleanupKind(Group, frozen=True, kw_only=True):
    """When an agent process counts as abandoned."""

    enabled: Annotated[bool, _says("Whether this rule ends anything; false only reports.")] = True
    max_age: Annotated[Duration, _says("Younger processes are left alone.")] = Duration(86_400)
    idle_for: Annotated[Duration, _says("Unowned: idle for this long.")] = Duration(21_600)
    attended_idle_for: Annotated[
        Duration, _says("Owned or in a terminal: idle for this long, by every signal.")
    ] = Duration(259_200)
    max_count: Annotated[
        int, _says("Above this many, the longest idle of the abandoned go first.", ge=0)
    ] = 5
    protect: Annotated[
        tuple[str, ...], _says("Pids, or globs on the command line, that are never ended.")
    ] = ()


class UserKind(Group, frozen=True, kw_only=True):
    """A kind of agent process that the user adds."""

    name: Annotated[str, _says("Name of the rule in reports.", pattern="^[a-z][a-z0-9_-]*$")]
    exe: Annotated[tuple[str, ...], _says("Globs on the executable's path.")] = ()
    script: Annotated[
        tuple[str, ...], _says("Globs on the script that an interpreter runs (its first argument).")
    ] = ()
    end: Annotated[bool, _says("Whether abandoned ones are ended; false only reports.")] = False
    max_age: Annotated[Duration, _says("Younger processes are left alone.")] = Duration(86_400)
    idle_for: Annotated[Duration, _says("Unowned: idle for this long.")] = Duration(21_600)
    protect: Annotated[
        tuple[str, ...], _says("Pids, or globs on the command line, that are never ended.")
    ] = ()


class CleanupTemp(Group, frozen=True, kw_only=True):
    """Temp files that agents leave behind."""

    enabled: Annotated[bool, _says("Whether temp files are removed.")] = True
    max_age: Annotated[Duration, _says("Younger files are left alone.")] = Duration(86_400)
    directories: Annotated[
        tuple[str, ...], _says("Where to look; empty takes the system's temp directory.")
    ] = ()
    patterns: Annotated[
        tuple[str, ...], _says("Globs on names of leftovers, besides the known ones.")
    ] = ()


class CleanupLog(Group, frozen=True, kw_only=True):
    """A log file to rotate."""

    path: Annotated[str, _says("The log file.", min_length=1)]
    max_size: Annotated[Size, _says("Rotated above this size.")] = Size(10 << 20)
    keep: Annotated[int, _says("Compressed former logs to keep.", ge=0, le=1000)] = 5
    reopen: Annotated[
        Literal["copytruncate", "signal"],
        _says("How the writer goes on: told by a signal, or its file copied and truncated."),
    ] = "copytruncate"
    pidfile: Annotated[str, _says("The writer's pid file, for reopen = signal.")] = ""
    signal: Annotated[Literal["HUP", "USR1", "USR2"], _says("The signal that reopens.")] = "HUP"


class Cleanup(Group, frozen=True, kw_only=True):
    """What is tidied up, and how carefully."""

    enabled: Annotated[bool, _says("Whether anything is tidied up at all.")] = True
    dry_run: Annotated[bool, _says("Only report.")] = False
    grace: Annotated[Duration, _says("From TERM to KILL.")] = Duration(10)
    observe: Annotated[Duration, _says("The gap between the two samples.")] = Duration(2)
    all_users: Annotated[bool, _says("As root: other users' processes too.")] = False
    claude: Annotated[CleanupKind, _says("Claude Code.")] = CleanupKind()
    aider: Annotated[CleanupKind, _says("Aider runs that are not ours.")] = CleanupKind()
    mcp: Annotated[CleanupKind, _says("MCP servers whose session is gone.")] = CleanupKind(
        max_age=Duration(3_600), idle_for=Duration(3_600)
    )
    temp: Annotated[CleanupTemp, _says("Temp files.")] = CleanupTemp()
    logs: Annotated[tuple[CleanupLog, ...], _says("Log files to rotate.")] = ()
    kinds: Annotated[tuple[UserKind, ...], _says("More kinds of agent processes.")] = ()


class Insights(Group, frozen=True, kw_only=True):
    """What is written, and how much of it is kept."""

    directory: Annotated[str, _says("Where reports go; empty takes the place for logs.")] = ""
    keep_versions: Annotated[int, _says("Former reports to keep.", ge=0, le=10_000)] = 10
    max_total_size: Annotated[Size, _says("Reports and archive together stay below this.")] = Size(
        50_000_000
    )
    max_new: Annotated[int, _says("New insights a session may bring.", ge=0, le=50)] = 3


class Observe(Group, frozen=True, kw_only=True):
    """What is logged."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], _says("Events below this are not logged.")
    ] = "info"
    format: Annotated[
        Literal["auto", "journal", "console", "json"],
        _says("auto: the journal under systemd, lines on a terminal, else JSON."),
    ] = "auto"
    watch_agents: Annotated[Duration, _says("How often agent processes are sampled.")] = Duration(
        300
    )


class History(Group, frozen=True, kw_only=True):
    """What is remembered."""

    keep: Annotated[Duration, _says("Sessions older than this are forgotten.")] = Duration(
        365 * 86_400
    )


class Settings(Group, frozen=True, kw_only=True):
    """All of it."""

    schedule: Schedule = Schedule()
    readiness: Readiness = Readiness()
    queue: Queue = Queue()
    model: Model = Model()
    analysis: Analysis = Analysis()
    workspaces: tuple[WorkspaceSetting, ...] = ()
    cleanup: Cleanup = Cleanup()
    insights: Insights = Insights()
    observe: Observe = Observe()
    history: History = History()
