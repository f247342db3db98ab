"""Deciding which outputs of tasks may go, from facts alone, with a reason either way.

Pure. An output is whole nowhere else. So only those go that nobody can be waiting for: of a command
(that of a sub-agent is its answer), too large for anybody's answer, of a session that is over and
can still be looked up, untouched for long, open nowhere. Whatever is not known spares.
"""

from __future__ import annotations

from dataclasses import dataclass

from daydreamd.units import say_duration, say_size


@dataclass(frozen=True)
class OutputRule:
    """How old and how large an output has to be. `ends` false: it is only reported."""

    ends: bool
    max_age: float
    min_size: int


@dataclass(frozen=True)
class OutputFacts:
    """What is known of one output.

    `age_seconds` counts from the last of all its times. `lives` is why its session may not be over.
    `transcript_age` is None where there is no transcript of the session, `is_open` None where it
    cannot be told.
    """

    session_id: str
    is_of_a_command: bool
    bytes: int
    age_seconds: float
    lives: str
    transcript_age: float | None
    is_open: bool | None


@dataclass(frozen=True)
class OutputVerdict:
    """Whether it is removed, or would be if the rule ended anything; and why."""

    is_proven: bool
    removes: bool
    reason: str


def decide_output(facts: OutputFacts, rule: OutputRule) -> OutputVerdict:
    """One output against the rule; the first thing that speaks for it spares it."""
    if spared := _why_spared(facts, rule):
        return OutputVerdict(is_proven=False, removes=False, reason=spared)
    proven = f"output of a command, its session is over, untouched for {_said(facts)}"
    if not rule.ends:
        only = "only reported (cleanup.outputs.enabled)"
        return OutputVerdict(is_proven=True, removes=False, reason=f"{only}: {proven}")
    return OutputVerdict(is_proven=True, removes=True, reason=proven)


def _why_spared(facts: OutputFacts, rule: OutputRule) -> str:
    return _of_the_file(facts, rule) or _of_the_session(facts, rule)


def _of_the_file(facts: OutputFacts, rule: OutputRule) -> str:
    if not facts.is_of_a_command:
        return "it may be the answer of a sub-agent"
    if facts.bytes < rule.min_size:
        return f"smaller than {say_size(rule.min_size)}: somebody's answer may be in it"
    if facts.age_seconds < rule.max_age:
        return f"touched {_said(facts)} ago, {say_duration(rule.max_age)} are asked"
    if facts.is_open is None:
        return "whether a process has it open cannot be told"
    return "a process has it open" if facts.is_open else ""


def _of_the_session(facts: OutputFacts, rule: OutputRule) -> str:
    if not facts.session_id:
        return "whose session it is cannot be told"
    if facts.lives:
        return facts.lives
    if facts.transcript_age is None:
        return "its session's transcript is gone: it may be the only copy of an answer"
    return "its session was written to since" if facts.transcript_age < rule.max_age else ""


def _said(facts: OutputFacts) -> str:
    return say_duration(max(0.0, facts.age_seconds))
