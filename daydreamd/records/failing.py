"""A part of the sessions that fails while the rest goes on."""

from __future__ import annotations

from datetime import datetime

import msgspec


class FailingPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the sessions that fails while the rest goes on, the first time at `since`.

    `key` tells it from all others, `name` is for people, and so is what to do about it, `advice`.
    """

    key: str
    name: str
    since: datetime
    reason: str
    advice: str


def say_since(part: FailingPart) -> str:
    """When it failed first, as a local time."""
    return f"{part.since.astimezone():%Y-%m-%d %H:%M}"
