"""Whether the one that listens at the model's address on this machine can be trusted with code."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from daydreamd.host.processes.listeners import listening_users, trusted_uids, user_name
from daydreamd.settings.schema import Model

_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def distrusted_listener(settings: Model) -> str:
    """Who listens at the model's address on this machine and is not trusted; empty for nobody."""
    parts = urlsplit(settings.base_url)
    if (parts.hostname or "") not in _THIS_MACHINE:
        return ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        strangers = listening_users(port) - trusted_uids(settings.trusted_users)
    except OSError as error:
        return f"cannot see who listens at {settings.base_url} ({error.strerror})"
    if not strangers:
        return ""
    return f"{settings.base_url} belongs to {', '.join(sorted(map(user_name, strangers)))}"
