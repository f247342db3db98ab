"""What every group of settings is made of."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Meta


def says(sentence: str, **limits: Any) -> Meta:
    """The sentence of a setting, and limits for its value."""
    return Meta(description=sentence, **limits)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the settings file."""
