"""A part of the sessions that fails while the rest goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

PARTS_KEY: Final = "failing_parts"
"""Under which the history keeps them from one session to the next."""


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


def from_json(text: str | None) -> tuple[FailingPart, ...]:
    """What `to_json` wrote; nothing where it cannot be read, as then it is seen anew."""
    try:
        return msgspec.json.decode(text or "[]", type=tuple[FailingPart, ...])
    except msgspec.MsgspecError:
        return ()


def to_json(parts: Sequence[FailingPart]) -> str:
    """As the history keeps them."""
    return msgspec.json.encode(parts).decode()
