"""How text and moments are kept in the tables."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utf8(text: str) -> str:
    """Text that can be kept: command lines and paths may hold bytes that are not UTF-8."""
    return text.encode(errors="replace").decode()


def as_text(moment: datetime) -> str:
    """A moment as the tables keep it: UTC, of one length, so that text sorts as time."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def from_text(text: str) -> datetime:
    """An aware moment from text that `as_text` wrote; ValueError for other text."""
    return datetime.fromisoformat(text)
