"""The screens of `daydreamd agents`: what each agent did, and what of its words does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click

from daydreamd.records.agent_session import AgentClaim, AgentSession, AgentWork, claims_to_tell
from daydreamd.text import one_line
from daydreamd.units import say_count

_COLOURS: Final = {"held": "green", "contradicted": "red", "unproven": "yellow"}
_FILES: Final = 20
_COMMANDS: Final = 30


def say_agent_work(work: AgentWork, *, limit: int) -> Iterator[str]:
    """A line for each session, and one for each claim that does not hold."""
    if not work.sessions:
        yield "No agent has written anything down here yet."
    for session in work.sessions[:limit]:
        did = click.style(_did(session), dim=True)
        yield f"{_when(session)}  {session.agent:9}{_where(session)}  {did}"
        yield f"   {click.style(one_line(session.id, limit=60), dim=True)}"
        for claim in claims_to_tell(session):
            yield f"   {say_claim(claim)}"
    if len(work.sessions) > limit:
        yield f"{len(work.sessions) - limit} older ones: --limit {len(work.sessions)}"
    yield from _not_seen(work)


def say_agent_session(session: AgentSession) -> Iterator[str]:
    """One session: files, commands with their exit codes, and each claim with its verdict."""
    yield f"{session.agent} {one_line(session.id, limit=80)} · {_when(session)} · {_where(session)}"
    yield f"  {_did(session)}"
    for file in session.files_edited[:_FILES]:
        yield f"  edited  {one_line(file, limit=300)}"
    if len(session.files_edited) > _FILES:
        yield f"  and {len(session.files_edited) - _FILES} more files"
    if len(session.commands) > _COMMANDS:
        yield f"  {len(session.commands) - _COMMANDS} earlier commands are in --json"
    for command in session.commands[-_COMMANDS:]:
        code = "?" if command.exit_code is None else str(command.exit_code)
        said = f"  exit {code:>3}  {one_line(command.command, limit=160)}"
        yield click.style(said, fg="red") if command.exit_code else said
    for claim in session.claims:
        yield f"  {say_claim(claim)}"
    yield click.style(f"  {one_line(session.transcript, limit=400)}", dim=True)


def say_claim(claim: AgentClaim) -> str:
    """`contradicted: "All tests pass." (line 41): pytest ended with exit code 1 …`."""
    where = f" (line {claim.line})" if claim.line else ""
    verdict = click.style(claim.verdict, fg=_COLOURS[claim.verdict])
    against = f": {one_line(claim.against, limit=400)}" if claim.against else ""
    return f"{verdict} “{one_line(claim.text, limit=160)}”{where}{against}"


def _not_seen(work: AgentWork) -> Iterator[str]:
    if work.unread:
        yield f"{say_count(work.unread, 'transcript')} not read to the end"
    for fault in work.faults:
        yield click.style(one_line(fault, limit=300), fg="yellow")


def _when(session: AgentSession) -> str:
    if session.end is None:
        return "at a time unknown"
    end, start = session.end.astimezone(), (session.start or session.end).astimezone()
    first = f"{start:%d %b %H:%M}"
    return f"{first}–{_clock(start, end)}" if end != start else first


def _clock(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M}" if start.date() == end.date() else f"{end:%d %b %H:%M}"


def _where(session: AgentSession) -> str:
    return one_line(session.workspace or "somewhere", limit=80)


def _did(session: AgentSession) -> str:
    failed = sum(bool(command.exit_code) for command in session.commands)
    parts: Sequence[str] = [
        say_count(session.prompts, "prompt"),
        say_count(len(session.files_edited), "file") + " edited" if session.files_edited else "",
        say_count(len(session.commands), "command") if session.commands else "",
        f"{failed} failed" if failed else "",
        f"{say_count(session.todos_open, 'to-do')} open" if session.todos_open else "",
    ]
    return ", ".join(part for part in parts if part)
