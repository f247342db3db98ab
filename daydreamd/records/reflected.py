"""When a workspace was last reflected on."""

from __future__ import annotations

from datetime import datetime

import msgspec


class ReflectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The last time a workspace was reflected on, and what it looked like then."""

    fingerprint: str
    session_id: str
    at: datetime
