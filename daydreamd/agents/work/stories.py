"""Traces joined to sessions: a session with its sub-agents, a fork without what its parent did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from daydreamd.agents.work.trace import Act, Trace
from daydreamd.records.agent_session import AgentClaim, AgentCommand, AgentSession

_OPEN = ("pending", "in_progress", "open", "todo", "in-progress", "blocked", "not_started")


@dataclass(frozen=True)
class Story:
    """A session as it went: what was done, in order, by the agent and its sub-agents.

    `transcripts[act.part]` is where an act stands; part 0 is the session's own.
    """

    trace: Trace
    acts: tuple[Act, ...]
    transcripts: tuple[str, ...]
    files: tuple[str, ...]
    parts: tuple[Trace, ...] = ()

    @property
    def end(self) -> float:
        """The last moment that is told of, in seconds since 1970."""
        return max((self.trace.end, *(part.end for part in self.parts)))

    def place(self, act: Act) -> str:
        """Where an act is written down: `…/0a1b.jsonl:41`."""
        transcript = self.transcripts[act.part]
        return f"{transcript}:{act.line}" if act.line else transcript


def join(traces: Iterable[tuple[Trace, str]]) -> list[Story]:
    """The sessions that happened, newest first; what has neither prompt nor act is none."""
    own: dict[tuple[str, str], list[tuple[Trace, str]]] = {}
    parts: dict[tuple[str, str], list[tuple[Trace, str]]] = {}
    for trace, path in traces:
        where = parts if trace.part_of else own
        where.setdefault((trace.agent, trace.part_of or trace.id), []).append((trace, path))
    stories = []
    for key, found in own.items():
        trace, path = min(found, key=lambda one: (-one[0].lines, one[1]))
        parent = own.get((trace.agent, trace.forked_from)) if trace.forked_from else None
        if parent:
            trace = _without(trace, parent[0][0])
        stories.append(_story(trace, path, parts.pop(key, [])))
    for (agent, name), found in parts.items():
        if not _is_within(agent, name, own):
            (trace, path), *others = found
            stories.append(_story(trace, path, others))
    told = [story for story in stories if story.acts or story.trace.prompts]
    return sorted(told, key=lambda story: (story.end, story.trace.id), reverse=True)


def _is_within(agent: str, name: str, own: dict[tuple[str, str], list[tuple[Trace, str]]]) -> bool:
    return (agent, name) in own


def _without(trace: Trace, parent: Trace) -> Trace:
    """A fork without the calls and prompts that its parent holds too."""
    held = {(act.kind, act.key) for act in parent.acts if act.key}
    kept = [act for act in trace.acts if not act.key or (act.kind, act.key) not in held]
    gone = sum(act.kind == "prompt" for act in trace.acts) - sum(
        act.kind == "prompt" for act in kept
    )
    edited = {act.text for act in kept if act.kind == "edit"}
    seen = {act.text for act in trace.acts if act.kind == "edit"}
    fork = Trace(
        agent=trace.agent, id=trace.id, workspace=trace.workspace, cwd=trace.cwd, start=trace.start,
        end=trace.end, prompts=max(0, trace.prompts - gone), acts=kept, todos=trace.todos,
        tokens=trace.tokens, skipped=trace.skipped, lines=trace.lines, omitted=trace.omitted,
    )  # fmt: skip
    fork.files = {
        path: line for path, line in trace.files.items() if path in edited or path not in seen
    }
    return fork


def _story(trace: Trace, path: str, parts: Sequence[tuple[Trace, str]]) -> Story:
    if not parts:
        return Story(trace, tuple(trace.acts), (path,), tuple(trace.files))
    timed: list[tuple[float, int, Act]] = [(at, 0, act) for at, act in _timed(trace)]
    for number, (part, _) in enumerate(parts, 1):
        for at, act in _timed(part):
            if act.kind not in ("prompt", "said"):  # those of a sub-agent are told to the agent
                act.part = number
                timed.append((at, number, act))
    timed.sort(key=lambda one: one[:2])
    files = dict.fromkeys(
        file for one in (trace, *(part for part, _ in parts)) for file in one.files
    )
    return Story(
        trace,
        tuple(act for _, _, act in timed),
        (path, *(place for _, place in parts)),
        tuple(files),
        tuple(part for part, _ in parts),
    )


def _timed(trace: Trace) -> list[tuple[float, Act]]:
    """Acts with their time, where none is told that of the one before."""
    timed, last = [], trace.start
    for act in trace.acts:
        last = max(last, act.at)
        timed.append((last, act))
    return timed


def as_session(story: Story, claims: Sequence[AgentClaim] = ()) -> AgentSession:
    """The session as it is listed."""
    trace = story.trace
    commands = [act for act in story.acts if act.kind == "command"]
    whole = (trace, *story.parts)
    return AgentSession(
        id=trace.id,
        agent=trace.agent,
        workspace=trace.workspace,
        start=_moment(trace.start),
        end=_moment(story.end),
        prompts=trace.prompts,
        files_edited=story.files,
        commands=tuple(
            AgentCommand(
                command=act.text, exit_code=act.exit_code, line=act.line, at=_moment(act.at)
            )
            for act in commands
        ),
        todos_open=open_todos(trace),
        tokens=sum(one.tokens for one in whole) or None,
        claims=tuple(claims),
        transcript=story.transcripts[0],
        skipped=sum(one.skipped for one in whole),
        omitted=sum(one.omitted for one in whole),
    )


def open_todos(trace: Trace) -> int | None:
    """To-dos that are not done; None where no list was kept."""
    if trace.todos is None:
        return None
    return sum(state.lower() in _OPEN for state in trace.todos)


def _moment(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, UTC) if at else None
    except (OverflowError, ValueError, OSError):
        return None
