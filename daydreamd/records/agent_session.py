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


class Claim(msgspec.Struct, frozen=True, kw_only=True):
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
    claims: tuple[Claim, ...] = ()
    transcript: str = ""
    skipped: int = 0
    omitted: int = 0


class AgentWork(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents did: sessions, newest first; how many transcripts could not be read to their
    end, and which places could not be looked at, each in a line."""

    sessions: tuple[AgentSession, ...] = ()
    unread: int = 0
    faults: tuple[str, ...] = ()
