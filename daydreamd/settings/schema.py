"""Every setting there is, with its sentence, unit and default.

The structs below are the only source: `etc/daydreamd.toml`, `daydreamd check` and the README's
table are held against them by tests. A room is handed its own group and nothing else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from daydreamd.settings.agent_sources import Agents
from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.group import Group, says
from daydreamd.units import Duration, Size


class Schedule(Group, frozen=True, kw_only=True):
    """When sessions run."""

    interval: Annotated[Duration, says("Time from one session to the next.")] = Duration(21_600)
    jitter: Annotated[Duration, says("At most this much is added by chance.")] = Duration(300)
    retry_when_busy: Annotated[
        Duration, says("How soon to look again when the machine was not ready.")
    ] = Duration(900)
    quiet_hours: Annotated[
        tuple[str, ...], says('Local times without timed sessions, such as ["09:00-18:00"].')
    ] = ()
    on_start: Annotated[bool, says("Run a session when the daemon starts.")] = False


class Readiness(Group, frozen=True, kw_only=True):
    """When the machine counts as ready."""

    max_pending_tasks: Annotated[int, says("Tasks that may wait in the queue.", ge=0)] = 5
    max_stalled_tasks: Annotated[int, says("Tasks that may be stalled.", ge=0)] = 2
    min_free_memory: Annotated[Size, says("Memory that must be available.")] = Size(2 << 30)
    min_free_disk: Annotated[Size, says("Disk that must be free where state is kept.")] = Size(
        1 << 30
    )
    max_load_per_cpu: Annotated[float, says("Load (1 min) per processor.", ge=0)] = 0.7
    max_memory_pressure: Annotated[
        float, says("Memory pressure (PSI some, 10 s), percent.", ge=0, le=100)
    ] = 10.0
    require_ac_power: Annotated[bool, says("Wait for mains on a machine with a battery.")] = True
    user_idle: Annotated[Duration, says("How long nobody may have typed.")] = Duration(600)
    wait_for_agents: Annotated[
        bool, says("Wait while a Claude Code session is in the middle of a turn.")
    ] = True
    unknown_means: Annotated[
        Literal["not ready", "ready"],
        says("What an idle gate that cannot be read counts as; hard gates are never guessed."),
    ] = "not ready"


class Queue(Group, frozen=True, kw_only=True):
    """The task queue whose owner comes first. It is only ever read."""

    backend: Annotated[Literal["none", "sqlite", "huey"], says("Kind of queue.")] = "none"
    path: Annotated[str, says("SQLite file of the queue.")] = ""
    table: Annotated[str, says("Its table of tasks.", pattern="^[A-Za-z_][A-Za-z0-9_]*$")] = (
        "promises"
    )
    stalled_after: Annotated[Duration, says("In progress for longer counts as stalled.")] = (
        Duration(14_400)
    )
    url: Annotated[str, says("Redis URL of a huey queue.")] = ""
    name: Annotated[str, says("Name of a huey queue.")] = "huey"


class Model(Group, frozen=True, kw_only=True):
    """The local model that reflects."""

    provider: Annotated[
        Literal["auto", "ollama", "openai", "embedded"],
        says(
            "auto: Ollama if it answers and has the model (or, with none named, any),"
            " else the embedded engine if installed."
        ),
    ] = "auto"
    base_url: Annotated[str, says("Where the model server listens.", pattern="^https?://")] = (
        "http://127.0.0.1:11434"
    )
    trusted_users: Annotated[
        tuple[str, ...],
        says("Users besides you and root whose server on this machine auto sends code to."),
    ] = ("ollama",)
    name: Annotated[str, says("The model; empty takes the first the server has.")] = ""
    api_key: Annotated[
        str, says("Key for an OpenAI-compatible server; better in a file of its own, as below.")
    ] = ""
    api_key_file: Annotated[
        str,
        says(
            "File with the key, mode 0600. Empty takes the unit's credential `api_key`,"
            " which is /etc/daydreamd/api_key."
        ),
    ] = ""
    context_tokens: Annotated[
        int, says("Tokens for prompt and answer; 0 asks the server.", ge=0, le=2_000_000)
    ] = 0
    max_prompt_tokens: Annotated[int, says("The prompt stays below this.", ge=600)] = 12_000
    max_answer_tokens: Annotated[int, says("The answer is cut here.", ge=64)] = 1_200


class Analysis(Group, frozen=True, kw_only=True):
    """How the model is asked."""

    engine: Annotated[
        Literal["auto", "aider", "direct"],
        says("auto: Aider where it is found and runs, else direct."),
    ] = "auto"
    aider: Annotated[str, says("The aider program: a name on PATH, or a path.")] = "aider"
    timeout: Annotated[Duration, says("Hard deadline of the whole analysis, 5m at most.")] = (
        Duration(300)
    )
    models: Annotated[
        tuple[str, ...],
        says(
            "Models of the server, instead of model.name: the first proposes, the second does as"
            " below."
        ),
    ] = ()
    second_model: Annotated[
        Literal["refutes", "proposes"],
        says(
            "What the second of models does: tries to refute what the first proposes; or proposes"
            " too, each refutes the other, and what both say comes first."
        ),
    ] = "refutes"
    language_models: Annotated[
        tuple[str, ...],
        says(
            'The first model by the main language of a workspace, such as "Go=qwen2.5-coder:14b".'
        ),
    ] = ()
    max_memory: Annotated[Size, says("Aider's tree is ended above this.")] = Size(2 << 30)
    max_workspaces: Annotated[int, says("Workspaces a session looks at.", ge=1, le=50)] = 3
    confine: Annotated[bool, says("Confine Aider with Landlock where the kernel has it.")] = True


class WorkspaceSetting(Group, frozen=True, kw_only=True):
    """A directory to reflect on."""

    path: Annotated[str, says("The directory; ~ is the daemon's user's home.", min_length=1)]
    name: Annotated[str, says("Its name in reports; the directory's name if empty.")] = ""
    priority: Annotated[int, says("Higher comes first when there are many.", ge=0, le=100)] = 5
    model: Annotated[str | None, says("A model for this workspace alone.")] = None
    exclude: Annotated[tuple[str, ...], says("Globs of files never to be read.")] = ()


class Insights(Group, frozen=True, kw_only=True):
    """What is written, and how much of it is kept."""

    directory: Annotated[str, says("Where reports go; empty takes the place for logs.")] = ""
    keep_versions: Annotated[int, says("Former reports to keep.", ge=0, le=10_000)] = 10
    max_total_size: Annotated[Size, says("Reports and archive together stay below this.")] = Size(
        50_000_000
    )
    max_new: Annotated[int, says("New insights a session may bring.", ge=0, le=50)] = 3


class Observe(Group, frozen=True, kw_only=True):
    """What is logged."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], says("Events below this are not logged.")
    ] = "info"
    format: Annotated[
        Literal["auto", "journal", "console", "json"],
        says("auto: the journal under systemd, lines on a terminal, else JSON."),
    ] = "auto"
    watch_agents: Annotated[Duration, says("How often agent processes are sampled.")] = Duration(
        300
    )


class HistorySettings(Group, frozen=True, kw_only=True):
    """What is remembered."""

    keep: Annotated[Duration, says("Sessions older than this are forgotten.")] = Duration(
        365 * 86_400
    )


class Settings(Group, frozen=True, kw_only=True):
    """All settings, in groups."""

    schedule: Schedule = Schedule()
    readiness: Readiness = Readiness()
    queue: Queue = Queue()
    model: Model = Model()
    analysis: Analysis = Analysis()
    workspaces: tuple[WorkspaceSetting, ...] = ()
    cleanup: Cleanup = Cleanup()
    agents: Agents = Agents()
    insights: Insights = Insights()
    observe: Observe = Observe()
    history: HistorySettings = HistorySettings()
