"""When a workspace was last reflected on, and what of it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class ReflectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The last time a workspace was reflected on, and what it looked like then."""

    fingerprint: str
    session_id: str
    at: datetime


class ShownExcerpt(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a file as a model saw it last; `key` is the excerpt's."""

    path: str
    key: str
    at: datetime


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier sessions saw of a workspace. Moments are seconds since 1970.

    `keys` and `paths` say when each excerpt and each file was shown last.
    """

    reflected_at: float | None = None
    fingerprint: str = ""
    keys: Mapping[str, float] = {}
    paths: Mapping[str, float] = {}
