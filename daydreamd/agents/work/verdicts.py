"""Claims held against facts: the last test run, the commits that exist, what is uncommitted.

Each judgement is held, contradicted or unproven, with the citation of the fact. An accusation needs
proof: what is not to be seen, and what may have happened elsewhere, accuses nobody. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daydreamd.agents.work.saying import Said, admits_trouble, claims_in
from daydreamd.agents.work.shipping import judge_committed, judge_pushed
from daydreamd.agents.work.stories import Story
from daydreamd.agents.work.testing import TestFacts, cite, look_at_tests
from daydreamd.agents.work.trace import Act
from daydreamd.records.agent_session import AgentClaim, Verdict
from daydreamd.records.repository_state import RepositoryState

Judged = tuple[Verdict, str]


@dataclass(frozen=True)
class _Case:
    """A claim, and everything that it is held against."""

    story: Story
    said: Said
    before: tuple[Act, ...]
    states: Mapping[str, RepositoryState]
    admits: bool
    tests: TestFacts


def last_words(story: Story) -> tuple[Act, ...]:
    """What the agent said last, after which it did nothing more but perhaps say more."""
    own = [act for act in story.acts if act.part == 0]
    while own and own[-1].kind not in ("said", "prompt"):
        own.pop()  # what it did without another word
    words: list[Act] = []
    for act in reversed(own):
        if act.kind != "said":
            break
        words.insert(0, act)
    return tuple(words)


def judge_claims(story: Story, states: Mapping[str, RepositoryState]) -> list[AgentClaim]:
    """What the agent claimed in its last words, each with its verdict.

    `states` are the repositories of the workspace and of the files edited, by their top.
    """
    words = last_words(story)
    if not words:
        return []
    text = "\n".join(act.text for act in words)
    place = story.acts.index(words[-1])
    before = story.acts[:place]
    found = claims_in(text)
    if not found:
        return []
    tests = look_at_tests(before, helpers_are_seen=bool(story.parts))
    claims = []
    for said in found:
        case = _Case(story, said, before, states, admits_trouble(text), tests)
        verdict, against = _JUDGES[said.kind](case)
        claims.append(
            AgentClaim(
                kind=said.kind, text=said.text[:400], transcript=story.transcripts[0],
                line=_line_of(words, said.text), verdict=verdict, against=against,
            )
        )  # fmt: skip
    return claims


def speaks_of_git(story: Story) -> bool:
    """Whether a claim in its last words has to be held against a repository."""
    text = "\n".join(act.text for act in last_words(story))
    return any(said.kind in ("committed", "pushed") for said in claims_in(text))


def _line_of(words: Sequence[Act], sentence: str) -> int:
    head = sentence.strip()[:20]
    return next((act.line for act in words if head in act.text), words[-1].line)


def _judge_tests(case: _Case) -> Judged:
    tests, story = case.tests, case.story
    last = tests.last
    if last is None:
        return _untested(case)
    passed = tests.passed if tests.passed and tests.is_current else None
    if last.result == "failed" and not (case.said.scoped and passed):
        return "contradicted", _failed(case, last.act)
    if last.result == "passed":
        edited = tests.edited_after
        if not edited:
            return "held", cite(story, last.act)
        also = f"{', '.join(_names(edited))} edited after it ({story.place(edited[-1])})"
        return "unproven", f"{cite(story, last.act)}; {also}"
    if passed:
        return "held", cite(story, passed.act)
    return "unproven", f"how it ended is not to be seen: {cite(story, last.act)}"


def _untested(case: _Case) -> Judged:
    if (unseen := case.tests.unseen) is not None:
        said = f"no test run is to be seen; {cite(case.story, unseen)} may have been one"
        return "held", said
    return "unproven", "no test was run in this session"


def _failed(case: _Case, act: Act) -> str:
    edited = case.tests.edited_after
    also = f"; {len({one.text for one in edited})} files edited after it" if edited else ""
    return f"{cite(case.story, act)}{also}"


def _names(edited: Sequence[Act]) -> list[str]:
    names = list(dict.fromkeys(act.text.rsplit("/", 1)[-1] for act in edited))
    return names[:3] + ([f"{len(names) - 3} more"] if len(names) > 3 else [])


def _judge_done(case: _Case) -> Judged:
    trace, story = case.story.trace, case.story
    states = [state.lower() for state in trace.todos or ()]
    waiting = sum(state in ("pending", "todo", "open", "not_started") for state in states)
    finished = sum(state in ("completed", "done", "cancelled") for state in states)
    if waiting and finished and not case.admits:
        return (
            "contradicted",
            f"{waiting} of {len(states)} to-dos are open ({story.transcripts[0]})",
        )
    return "held", ""


def _judge_fixed(case: _Case) -> Judged:
    last = case.tests.last
    if last and last.result == "failed" and not case.admits:
        if case.tests.edited_after:
            return "unproven", _failed(case, last.act)
        return "contradicted", cite(case.story, last.act)
    return "held", cite(case.story, last.act) if last else ""


def _judge_committed(case: _Case) -> Judged:
    return judge_committed(case.story, case.said, case.before, case.states)


def _judge_pushed(case: _Case) -> Judged:
    return judge_pushed(case.story, case.before, case.states)


_JUDGES: Mapping[str, Callable[[_Case], Judged]] = {
    "tests": _judge_tests,
    "done": _judge_done,
    "fixed": _judge_fixed,
    "committed": _judge_committed,
    "pushed": _judge_pushed,
}
