"""What is no longer true in the files that tell agents how to work, and rules that are missing."""

from __future__ import annotations

import msgspec


class InstructionFault(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of an instruction file that the workspace contradicts.

    `path` and `line` (from 1) are where it stands, `said` is what is said there, `reason` what is
    so instead.
    """

    path: str
    line: int
    kind: str
    said: str
    reason: str


class TypedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt that the owner typed, the transcript with its line (from 1), and the session."""

    text: str
    transcript: str
    line: int
    session: str


class ProposedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A correction that was typed again and again: its last wording, and every place."""

    text: str
    places: tuple[str, ...]
    sessions: int
