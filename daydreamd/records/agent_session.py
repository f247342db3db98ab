"""What a coding agent did in one of its sessions, as its own transcript tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

ClaimKind = Literal["tests", "committed", "pushed", "done", "fixed"]
Verdict = Literal["held", "contradicted", "unproven"]


class AgentCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that the agent ran; `exit_code` is None where the transcript does not tell it.

    `line` is that of the transcript, counted from 1; 0 where there are no lines (a database).
    """

    command: str
    exit_code: int | None = None
    line: int = 0
    at: datetime | None = None


class AgentClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent said of its work in its last words, and what the facts say of that.

    `text` is the sentence. `transcript` and `line` tell where it stands, `against` what was found:
    the citation of the command, the commit or the status that it was held against.
    """

    kind: ClaimKind
    text: str
    transcript: str
    line: int
    verdict: Verdict = "unproven"
    against: str = ""


class AgentSession(msgspec.Struct, frozen=True, kw_only=True):
    """One session of a coding agent. Text is redacted; times are aware UTC, None where not told.

    `prompts` and `tokens` are counts. `todos_open` is None where the agent keeps no list of
    to-dos. `skipped` is the number of records in the transcript that could not be read. `omitted`
    is the number of commands that are not listed because there were too many.
    """

    id: str
    agent: str
    workspace: str
    start: datetime | None
    end: datetime | None
    prompts: int
    files_edited: tuple[str, ...] = ()
    commands: tuple[AgentCommand, ...] = ()
    todos_open: int | None = None
    tokens: int | None = None
    claims: tuple[AgentClaim, ...] = ()
    transcript: str = ""
    skipped: int = 0
    omitted: int = 0


class AgentWork(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents did: sessions, newest first; how many transcripts could not be read to their
    end, and which places could not be looked at, each in a line."""

    sessions: tuple[AgentSession, ...] = ()
    unread: int = 0
    faults: tuple[str, ...] = ()


class AgentSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A session of an agent in a few facts, for the report and the record of a daydream session.

    `files`, `commands` and `failed` are counts; `failed_again` are commands that failed more than
    once. `told` are the claims that do not hold.
    """

    id: str
    agent: str
    workspace: str
    start: datetime | None
    end: datetime | None
    prompts: int
    files: int = 0
    commands: int = 0
    failed: int = 0
    failed_again: tuple[str, ...] = ()
    todos_open: int = 0
    told: tuple[AgentClaim, ...] = ()


def summarize(session: AgentSession) -> AgentSummary:
    """The facts of a session that are worth a line."""
    failures = [one.command for one in session.commands if one.exit_code]
    again = dict.fromkeys(command for command in failures if failures.count(command) > 1)
    return AgentSummary(
        id=session.id,
        agent=session.agent,
        workspace=session.workspace,
        start=session.start,
        end=session.end,
        prompts=session.prompts,
        files=len(session.files_edited),
        commands=len(session.commands),
        failed=len(failures),
        failed_again=tuple(again)[:3],
        todos_open=session.todos_open or 0,
        told=tuple(claims_to_tell(session)),
    )


def claims_to_tell(session: AgentSession) -> list[AgentClaim]:
    """The claims worth a word, each sentence once: what the facts contradict comes first.

    An unproven one is told where files were edited; a question or an answer changes nothing.
    """
    worth = [
        claim
        for claim in session.claims
        if claim.verdict == "contradicted" or (claim.verdict == "unproven" and session.files_edited)
    ]
    worth.sort(key=lambda claim: claim.verdict != "contradicted")
    return list({(claim.text, claim.against): claim for claim in reversed(worth)}.values())[::-1]
